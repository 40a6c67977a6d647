import type { AtomModel } from "./atomModel";
import { type AtomPairs, distanceBetween, type FixedDistances, fixedDistances } from "./bonds";
import { CellGrid } from "./cellGrid";
import { elementOf, isHydrogen } from "./elements";
import { heldAtoms } from "./rigidGroups";

/** Rounds over all distances at most; bonds are right within 0.01 Å after some tens. */
const maxRounds = 300;
/** In Å: the largest change of a bond at which the rounds end. */
const precision = 0.01;
/** Rounds after which pairs that came too near are looked for again. */
const contactRounds = 15;
/** In Å: heavy atoms without a bond, unless they were nearer at the start. */
const contactDistance = 2.8;
/** In Å: the same for hydrogen. */
const hydrogenDistance = 1.8;

/**
 * Keeps the chemistry of a model: moves atoms as little as it takes until bonds, angles and planes have the distances of
 * the start model, and atoms that are not bonded do not touch, by projection onto one distance after the other (Ryckaert
 * et al., J. Comput. Phys. 23, 327, 1977; Müller et al., J. Vis. Commun. Image R. 18, 109, 2007).
 */
export class Restraints {
  readonly distances: FixedDistances;
  /** Pairs that may be near each other, as keys. */
  private readonly connected: Set<number>;
  /** How far an atom gives way: the reciprocal of its mass, 0 for those of rigid groups. */
  private readonly mobilities: Float64Array;

  /** @param group rigid group of each atom, -1 for none, [atoms]. Default: none */
  constructor(
    private readonly model: AtomModel,
    group?: Int32Array,
  ) {
    this.distances = fixedDistances(model);
    const held = group && heldAtoms(model, group, this.distances.bonds);
    this.mobilities = Float64Array.from(model.elements, (symbol, i) =>
      held?.[i] ? 0 : 1 / elementOf(symbol).number,
    );
    const { bonds, angles, planes } = this.distances;
    this.connected = new Set([bonds, angles, planes].flatMap(({ atoms }) => keysOf(atoms, model.count)));
  }

  /** Moves the atoms at `positions` in place. */
  apply(positions: Float64Array): void {
    const { bonds, angles, planes } = this.distances;
    let contacts: AtomPairs | undefined;
    for (let round = 0; round < maxRounds; round++) {
      if (round % contactRounds === 0) contacts = this.contacts(positions);
      this.project(contacts!, positions, true);
      this.project(planes, positions);
      this.project(angles, positions);
      const largest = this.project(bonds, positions);
      if (largest < precision && round % contactRounds > 0) break;
    }
  }

  /** Corrects one distance after the other. @param atLeast only those that are too short @returns the largest change */
  private project({ atoms, lengths }: AtomPairs, positions: Float64Array, atLeast = false): number {
    let largest = 0;
    for (let p = 0; p < lengths.length; p++) {
      const [i, j] = [atoms[2 * p]!, atoms[2 * p + 1]!];
      const distance = distanceBetween(positions, i, j);
      const change = distance - lengths[p]!;
      const mobility = this.mobilities[i]! + this.mobilities[j]!;
      if ((atLeast && change >= 0) || mobility === 0 || distance < 1e-6) continue;
      largest = Math.max(largest, Math.abs(change));
      for (let axis = 0; axis < 3; axis++) {
        const step = (change * (positions[3 * i + axis]! - positions[3 * j + axis]!)) / (distance * mobility);
        positions[3 * i + axis]! -= this.mobilities[i]! * step;
        positions[3 * j + axis]! += this.mobilities[j]! * step;
      }
    }
    return largest;
  }

  /** Pairs without a bond that are nearer than they may be, with the distance to keep. */
  private contacts(positions: Float64Array): AtomPairs {
    const { model, connected } = this;
    const { elements, alternates, residues, count } = model;
    const grid = new CellGrid(positions, contactDistance);
    const atoms: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < count; i++) {
      grid.near(positions[3 * i]!, positions[3 * i + 1]!, positions[3 * i + 2]!, (j, squared) => {
        if (j <= i || residues[i] === residues[j] || connected.has(i * count + j)) return;
        if (alternates[i] !== "" && alternates[j] !== "" && alternates[i] !== alternates[j]) return;
        const light = isHydrogen(elements[i]!) || isHydrogen(elements[j]!);
        const usual = light ? hydrogenDistance : contactDistance;
        const least = Math.min(usual, distanceBetween(model.positions, i, j));
        if (squared >= least * least) return;
        atoms.push(i, j);
        lengths.push(least);
      });
    }
    return { atoms: Int32Array.from(atoms), lengths: Float64Array.from(lengths) };
  }
}

function keysOf(atoms: Int32Array, count: number): number[] {
  return Array.from({ length: atoms.length / 2 }, (_, p) => {
    const [i, j] = [atoms[2 * p]!, atoms[2 * p + 1]!];
    return Math.min(i, j) * count + Math.max(i, j);
  });
}
