import { throwIfStopped } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { TaskOptions } from "../progress";
import { bodyShares } from "./bodyShares";
import { kept, keptMap } from "./cellShares";
import { stateDistance } from "./cells";
import { SplineReader, splineCoefficients } from "./cubicSpline";
import { DisplacementFields } from "./displacementField";
import { fieldLattice, onVoxels } from "./fieldLattice";
import { centredBlobs, movingBlobs } from "./motion";
import { ShareStore } from "./shareStore";
import { addWarped, knownParts } from "./warp";

/** Limits of the groups that particles are divided into, nearest to the state first, as fractions of all. */
export const groupLimits = [0.05, 0.1, 0.2, 0.4, 0.7, 1];
/** Fewest particles of a half in the nearest group. */
const fewest = 50;

/** Particles of one half that are about as far from a state. */
export interface StateGroup {
  /** Their share of the map of the half, carried into the state, [S · S · S]. */
  corrected: Float32Array;
  /** Fraction of the weights of the half in each shell 0 … ⌊S/2⌋. */
  fraction: Float64Array;
  particles: number;
}

/** One half of the particles in the frame of a state. */
export interface StateHalf {
  /** Nearest first; all but the first may be empty. */
  groups: StateGroup[];
  /** The shares of all cells as they are, [S · S · S]. */
  plain: Float32Array;
  /** Mean squared displacement of the particles in each voxel, in Å². */
  squares: Float32Array;
  /** Fraction of the particles that show something in each voxel; see `knownParts`. */
  known: Float32Array;
  /** Where the molecule is, from 0 to 1. */
  mask: Float32Array;
  /** Σ of the particles' squared distances from the state, in Å². */
  distances: number;
  particles: number;
}

/** What one half of a state is made from. */
export interface StateTask {
  /** Of the kept maps. */
  folder: string;
  half: 0 | 1;
  boxSize: number;
  /** Å per voxel. */
  apix: number;
  /** The cells of the half. */
  cells: readonly StateCell[];
  /** Mean weights of the half in each padded shell. */
  means: readonly number[];
  target: GaussianModel;
  /** As of a `Motion`. */
  bodies?: Uint8Array | undefined;
  unit?: { gaussians: number } | undefined;
}

/** A cell of particles whose map is kept. */
export interface StateCell {
  model: GaussianModel;
  particles: number;
  /** Mean weights in each padded shell. */
  means: readonly number[];
}

/** Carries the cells of one half into a state, in the calling thread. @throws InputError for kept maps that are damaged; StoppedError */
export async function stateGroups(
  { folder, half, boxSize, apix, cells, means, target, bodies: of, unit }: StateTask,
  { signal, onProgress }: TaskOptions,
): Promise<StateHalf> {
  const store = ShareStore.at(folder);
  const box = { boxSize, apix };
  let done = 0;
  const blobs = centredBlobs(target);
  const moving = (model: GaussianModel) => movingBlobs(centredBlobs(model), { unit });
  const lattice = fieldLattice(
    movingBlobs(blobs, { unit }),
    cells.map(({ model }) => moving(model)),
  );
  const fields = new DisplacementFields(lattice, blobs, of && bodyShares(lattice, blobs, of));
  const [nx, ny, nz] = lattice.size;
  const squares = new Float64Array(nx * ny * nz);
  const known = new Float64Array(nx * ny * nz);
  const plain = new Float32Array(boxSize ** 3);
  const groups: StateGroup[] = [];
  const { ordered, total } = nearestFirst(cells, target);
  for (const members of ordered) {
    const corrected = new Float32Array(boxSize ** 3);
    const fraction = new Float64Array(Math.floor(boxSize / 2) + 1);
    let particles = 0;
    for (const { cell, number } of members) {
      throwIfStopped(signal);
      const map = await keptMap(store, kept.cell(half, number), box);
      const other = centredBlobs(cell.model);
      const field = fields.into(other, moving(cell.model));
      for (let i = 0; i < plain.length; i++) {
        plain[i]! += map.data[i]!;
        corrected[i]! += map.data[i]!;
      }
      const reader = new SplineReader(splineCoefficients(map.data, boxSize), boxSize);
      addWarped({ data: map.data, reader, ...box }, field, corrected);
      const count = cell.particles;
      const [share] = field.shares;
      for (const at of lattice.near)
        for (let axis = 0; axis < 3; axis++)
          squares[at]! += (count / total) * share[at]! * field.displacements[3 * at + axis]! ** 2;
      for (const [at, part] of knownParts(field).entries()) known[at]! += (count / total) * (part - 1);
      // Of a padded transform: twice as many shells.
      for (let s = 0; s < fraction.length; s++)
        fraction[s]! += means[2 * s]! > 0 ? cell.means[2 * s]! / means[2 * s]! : 0;
      particles += count;
      onProgress?.({ task: "motion-corrected map", done: ++done, total: cells.length });
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    groups.push({ corrected, fraction, particles });
  }
  const shares = new Float64Array(squares.length);
  for (const [i, at] of lattice.near.entries()) shares[at] = lattice.share[i]!;
  return {
    ...{ groups, plain, particles: total },
    squares: onVoxels(lattice, squares, box),
    known: onVoxels(lattice, known, box).map((x) => 1 + x),
    mask: onVoxels(lattice, shares, box),
    distances: ordered.flat().reduce((sum, { cell, distance }) => sum + cell.particles * distance ** 2, 0),
  };
}

interface OrderedCell {
  cell: StateCell;
  /** Among the cells of the half. */
  number: number;
  distance: number;
}

/** The cells of a half in groups, nearest to a state first; whole cells, so that groups may be empty. */
function nearestFirst(
  cells: readonly StateCell[],
  target: GaussianModel,
): { ordered: OrderedCell[][]; total: number } {
  const total = cells.reduce((sum, { particles }) => sum + particles, 0);
  const sorted = cells
    .map((cell, number): OrderedCell => ({ cell, number, distance: stateDistance(target, cell.model) }))
    .sort((a, b) => a.distance - b.distance);
  let [taken, next] = [0, 0];
  const ordered = groupLimits.map((fraction) => {
    const group: OrderedCell[] = [];
    const wanted = Math.max(fraction * total, Math.min(fewest, total)) - 1e-6 * total;
    while (next < sorted.length && taken < wanted) {
      const one = sorted[next++]!;
      group.push(one);
      taken += one.cell.particles;
    }
    return group;
  });
  return { ordered, total };
}
