import type { AtomModel } from "./atomModel";
import { CellGrid } from "./cellGrid";
import { elementOf, formsBonds, isHydrogen } from "./elements";

/** Pairs of atoms and their distances in the start model. */
export interface AtomPairs {
  /** Indices of the atoms, [pairs · 2]. */
  atoms: Int32Array;
  /** Distances in Å, [pairs]. */
  lengths: Float64Array;
}

/** Distances of a model that its chemistry fixes. */
export interface FixedDistances {
  /** Bonded atoms. */
  bonds: AtomPairs;
  /** Atoms bonded to the same atom, whose distances fix the angles. */
  angles: AtomPairs;
  /** Ends of three bonds whose middle one does not turn, such as that of a peptide or a ring. */
  planes: AtomPairs;
}

/** In Å; atoms are bonded up to the sum of their radii and this. */
const tolerance = 0.4;
/** In Å; nearer atoms are alternate places. */
const nearest = 0.4;
/** In Å: no bond of {@link formsBonds} is longer. */
const longest = 4;
/** In Å; shorter bonds of carbon and nitrogen are partly double, and their substituents lie in a plane. */
const longestPlanar = 1.42;

/**
 * Finds bonds by distance: two atoms are bonded if they are no farther apart than the sum of their covalent radii and
 * 0.4 Å. Hydrogens are not bonded to each other, alternate places only to their own kind, ions to nothing.
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * console.log(e2.atoms.bonds(model).lengths.length);
 * ```
 */
export function findBonds(model: AtomModel): AtomPairs {
  const { count, positions, elements, alternates } = model;
  const radii = elements.map((symbol) => (formsBonds(symbol) ? elementOf(symbol).radius : Number.NaN));
  const grid = new CellGrid(positions, longest);
  const pairs: number[] = [];
  for (let i = 0; i < count; i++) {
    grid.near(positions[3 * i]!, positions[3 * i + 1]!, positions[3 * i + 2]!, (j, squared) => {
      if (j <= i || !(squared <= (radii[i]! + radii[j]! + tolerance) ** 2) || squared < nearest ** 2) return;
      if (isHydrogen(elements[i]!) && isHydrogen(elements[j]!)) return;
      if (alternates[i] !== "" && alternates[j] !== "" && alternates[i] !== alternates[j]) return;
      pairs.push(i, j);
    });
  }
  return withLengths(pairs, positions);
}

/** The distances that bonds fix: their own, those of angles and those of planes. */
export function fixedDistances(model: AtomModel): FixedDistances {
  const { count, positions, elements } = model;
  const bonds = findBonds(model);
  const bonded: number[][] = Array.from({ length: count }, () => []);
  for (let b = 0; b < bonds.atoms.length; b += 2) {
    const [i, j] = [bonds.atoms[b]!, bonds.atoms[b + 1]!];
    bonded[i]!.push(j);
    bonded[j]!.push(i);
  }
  const known = new Set<number>();
  const isNew = (i: number, j: number) => {
    const key = Math.min(i, j) * count + Math.max(i, j);
    if (i === j || known.has(key)) return false;
    known.add(key);
    return true;
  };
  for (let b = 0; b < bonds.atoms.length; b += 2) isNew(bonds.atoms[b]!, bonds.atoms[b + 1]!);
  const angles: number[] = [];
  for (const ends of bonded) {
    ends.forEach((i, at) => {
      for (const j of ends.slice(at + 1)) if (isNew(i, j)) angles.push(i, j);
    });
  }
  const planes: number[] = [];
  const mayBePlanar = (i: number) => elements[i] === "C" || elements[i] === "N";
  bonds.lengths.forEach((length, b) => {
    const [i, j] = [bonds.atoms[2 * b]!, bonds.atoms[2 * b + 1]!];
    if (length > longestPlanar || !mayBePlanar(i) || !mayBePlanar(j)) return;
    for (const k of bonded[i]!)
      for (const l of bonded[j]!) if (k !== j && l !== i && isNew(k, l)) planes.push(k, l);
  });
  return { bonds, angles: withLengths(angles, positions), planes: withLengths(planes, positions) };
}

function withLengths(pairs: readonly number[], positions: Float64Array): AtomPairs {
  const atoms = Int32Array.from(pairs);
  const lengths = Float64Array.from({ length: atoms.length / 2 }, (_, p) =>
    distanceBetween(positions, atoms[2 * p]!, atoms[2 * p + 1]!),
  );
  return { atoms, lengths };
}

/** Distance of two atoms in Å. */
export function distanceBetween(positions: Float64Array, i: number, j: number): number {
  return Math.hypot(
    positions[3 * i]! - positions[3 * j]!,
    positions[3 * i + 1]! - positions[3 * j + 1]!,
    positions[3 * i + 2]! - positions[3 * j + 2]!,
  );
}

/** Root mean square and largest change of distances, in Å; 0 for no pairs. */
export function distanceChanges(
  { atoms, lengths }: AtomPairs,
  positions: Float64Array,
): { rms: number; largest: number } {
  let sum = 0;
  let largest = 0;
  lengths.forEach((length, p) => {
    const change = Math.abs(distanceBetween(positions, atoms[2 * p]!, atoms[2 * p + 1]!) - length);
    sum += change ** 2;
    largest = Math.max(largest, change);
  });
  return { rms: Math.sqrt(sum / Math.max(lengths.length, 1)), largest };
}
