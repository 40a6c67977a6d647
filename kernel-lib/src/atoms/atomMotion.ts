import type { AtomModel } from "./atomModel";
import type { Beads } from "./beads";
import { squaredDistance } from "./blobs";
import { CellGrid } from "./cellGrid";
import { moveRigidly, type RigidFit, rigidFit, weightedMean } from "./rigidFit";

/** In Å: standard deviation of the weights from which a bead's rotation is found. */
const rotationWidth = 4;
/** In Å: standard deviation of the weights of an atom's shift, small enough to tell the parts of a residue apart. */
const shiftWidth = 1.5;
/** In Å. */
const shiftRadius = 7;
/** A rotation is found from at least so many beads. */
const rotationBeads = 6;

interface Weighted {
  indices: Int32Array;
  weights: Float64Array;
}

/**
 * Carries atoms with their beads: each turns like the beads around its own and is shifted like those around it, so that
 * side chains turn with their domain and neighbouring atoms stay neighbours.
 */
export class AtomMotion {
  /** For each bead, the beads that its rotation is found from. */
  private readonly around: Weighted[];
  /** For each atom, the beads that its shift is found from. */
  private readonly nearby: Weighted[];

  /** @param reference centres of the beads at which every atom is in its place, [beads · 3] */
  constructor(
    private readonly model: AtomModel,
    private readonly beads: Beads,
    private readonly reference: Float64Array,
  ) {
    const { centres, electrons, count } = beads;
    const weighted = (indices: number[], weightOf: (bead: number) => number): Weighted => ({
      indices: Int32Array.from(indices),
      weights: Float64Array.from(indices, weightOf),
    });
    const grid = new CellGrid(centres, 3 * rotationWidth);
    this.around = Array.from({ length: count }, (_, b) => {
      const found: number[] = [];
      grid.near(centres[3 * b]!, centres[3 * b + 1]!, centres[3 * b + 2]!, (other) => found.push(other));
      const indices = found.length >= rotationBeads ? found : nearestBeads(centres, b);
      return weighted(indices, (other) => {
        const squared = squaredDistance(centres, b, centres, other);
        return electrons[other]! * Math.exp(-Math.min(squared / (2 * rotationWidth ** 2), 50));
      });
    });
    const near = new CellGrid(centres, shiftRadius);
    this.nearby = Array.from({ length: model.count }, (_, i) => {
      const own = beads.ofAtom[i]!;
      const found = [own];
      const [x, y, z] = [0, 1, 2].map((axis) => model.positions[3 * i + axis]!) as [number, number, number];
      near.near(x, y, z, (bead) => {
        if (bead !== own) found.push(bead);
      });
      const least = Math.min(...found.map((bead) => squaredDistance(model.positions, i, centres, bead)));
      return weighted(found, (bead) => {
        const squared = squaredDistance(model.positions, i, centres, bead) - least;
        return electrons[bead]! * Math.exp(-squared / (2 * shiftWidth ** 2));
      });
    });
  }

  /** Positions of the atoms for centres of the beads. */
  atoms(centres: Float64Array): Float64Array {
    const { model, beads, reference } = this;
    const rotations = this.around.map(
      (around): Float64Array => rigidFit({ before: reference, after: centres, ...around }).rotation,
    );
    const moved = new Float64Array(3 * model.count);
    for (let i = 0; i < model.count; i++) {
      const { indices, weights } = this.nearby[i]!;
      const motion: RigidFit = {
        rotation: rotations[beads.ofAtom[i]!]!,
        before: weightedMean(reference, indices, weights),
        after: weightedMean(centres, indices, weights),
      };
      moveRigidly(motion, model.positions, i, moved);
    }
    return moved;
  }
}

function nearestBeads(centres: Float64Array, bead: number): number[] {
  return Array.from({ length: centres.length / 3 }, (_, other) => other)
    .sort((a, b) => squaredDistance(centres, bead, centres, a) - squaredDistance(centres, bead, centres, b))
    .slice(0, rotationBeads);
}
