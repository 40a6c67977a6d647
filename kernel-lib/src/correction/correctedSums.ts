import type { Blobs } from "../atoms/blobs";
import { InputError, throwIfStopped } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { ImageScreen, LeftOutImage } from "../particles/images/imageOutliers";
import type { TaskOptions } from "../progress";
import { Backprojector } from "../reconstruction/backprojector";
import { ImageAdder } from "../reconstruction/imageAdder";
import { imageScreens } from "../reconstruction/imageScreens";
import { type ImageGroup, type ImageSource, imageChunks, readAhead } from "../reconstruction/imageSource";
import { type AddedMap, dividedMap, shareOfMap, shellMeans } from "../reconstruction/sampleSums";
import type { LatentCell } from "./cells";
import { displacementField } from "./displacementField";
import { type FieldLattice, fieldLattice, onVoxels } from "./fieldLattice";
import { centredBlobs } from "./motion";
import type { NestedMaps } from "./shellChoice";
import { addWarped } from "./warp";

/** What is reconstructed. */
interface CorrectedTask {
  source: ImageSource;
  /** The particles of each half, ascending. */
  members: readonly [Int32Array, Int32Array];
  boxSize: number;
  /** The state into whose frame the particles of each half are carried. */
  targets: readonly [GaussianModel, GaussianModel];
}

/** The frame of one half. */
interface HalfFrame {
  target: Blobs;
  lattice: FieldLattice;
  /** Σ of the squared displacements of its particles at each lattice point, in Å². */
  squares: Float64Array;
  particles: number;
}

function frameOf(model: GaussianModel): HalfFrame {
  const target = centredBlobs(model);
  const lattice = fieldLattice(target);
  const [nx, ny, nz] = lattice.size;
  return { target, lattice, squares: new Float64Array(nx * ny * nz), particles: 0 };
}

/** Particles whose weights are added before the event loop turns. */
const weightChunk = 256;

/**
 * Sums of the images as in a plain reconstruction, and for both halves the change of the map by the correction of each cell. A cell is
 * warped as its share of the map of its half, divided by the weights of all particles of that half, so that views that many particles
 * have count no more than others. Where a cell does not move, nothing is added to the plain map.
 */
export class CorrectedSums {
  /** Where the molecule is, [S · S · S]. */
  readonly mask: Float32Array;
  private readonly frames: readonly [HalfFrame, HalfFrame];
  private readonly halves: readonly [Backprojector, Backprojector];
  private readonly both: Backprojector;
  /** Sums of one cell and half. */
  private readonly own: Backprojector;
  private readonly changes: readonly [Float32Array, Float32Array];
  private readonly adder: ImageAdder;
  /** The weights of all particles of each half, and their means in each shell. */
  private readonly totals: readonly [Backprojector, Backprojector];
  private means: [Float64Array, Float64Array] = [new Float64Array(0), new Float64Array(0)];
  /** Particles of each half that were added, without outliers. */
  private readonly counts = [0, 0];
  private done = 0;

  private constructor(
    private readonly given: CorrectedTask,
    private readonly screens: Map<ImageGroup, ImageScreen> | undefined,
    private readonly task: TaskOptions,
  ) {
    const { source, boxSize, targets } = given;
    const apix = (source.boxSize * source.apix) / boxSize;
    const empty = () => new Backprojector(boxSize, apix);
    this.halves = [empty(), empty()];
    this.totals = [empty(), empty()];
    [this.both, this.own] = [empty(), empty()];
    this.changes = [new Float32Array(boxSize ** 3), new Float32Array(boxSize ** 3)];
    this.adder = new ImageAdder(source, apix);
    this.frames = [frameOf(targets[0]), frameOf(targets[1])];
    const { lattice, squares } = this.frames[0];
    const shares = new Float64Array(squares.length);
    for (const [i, at] of lattice.near.entries()) shares[at] = lattice.share[i]!;
    this.mask = onVoxels(lattice, shares, { boxSize, apix });
  }

  /** Empty sums. @throws StoppedError */
  static async begin(
    given: CorrectedTask,
    task: TaskOptions & { keepOutliers?: boolean },
  ): Promise<CorrectedSums> {
    const { source, members } = given;
    const all = Int32Array.from([...members[0], ...members[1]]).sort();
    const screens = task.keepOutliers ? undefined : await imageScreens(source, all, task.signal);
    const sums = new CorrectedSums(given, screens, task);
    await sums.addWeights();
    return sums;
  }

  private async addWeights(): Promise<void> {
    const { given, totals, adder, task } = this;
    for (const half of [0, 1] as const) {
      const members = given.members[half];
      for (let from = 0; from < members.length; from += weightChunk) {
        throwIfStopped(task.signal);
        adder.addWeights(members.subarray(from, from + weightChunk), totals[half]);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      this.means[half] = shellMeans(totals[half]);
    }
  }

  /** @throws InputError if all images of a half were left out */
  requireImages(): void {
    for (const [half, count] of this.counts.entries()) {
      if (count > 0) continue;
      const found = `${this.given.members[half]!.length} outliers or constant ones`;
      throw new InputError(`half ${half + 1}`, "images that vary", found);
    }
  }

  /** Outlier images that were not used, by index. */
  get leftOut(): LeftOutImage[] {
    return this.adder.leftOut.sort((a, b) => a.index - b.index);
  }

  /** Adds a cell of particles of one half. @throws StoppedError */
  async add({ particles, model }: LatentCell, half: 0 | 1): Promise<void> {
    const { halves, both, own, totals, changes } = this;
    const frame = this.frames[half];
    const { target, lattice, squares } = frame;
    const field = displacementField(lattice, target, centredBlobs(model));
    for (const at of lattice.near)
      for (let axis = 0; axis < 3; axis++)
        squares[at]! += particles.length * field.displacements[3 * at + axis]! ** 2;
    frame.particles += particles.length;
    own.clear();
    await this.backproject(particles, half);
    addWarped(shareOfMap(own, totals[half]), field, changes[half]);
    halves[half].merge(own);
    both.merge(own);
  }

  private async backproject(particles: Int32Array, half: 0 | 1): Promise<void> {
    const { given, adder, own, screens, task } = this;
    const { source, members } = given;
    const total = members[0].length + members[1].length;
    const chunks = imageChunks(source, particles);
    for await (const { chunk, images } of readAhead(source, chunks, task.signal)) {
      adder.add(chunk, images, screens?.get(chunk.group), () => {
        this.counts[half]!++;
        return own;
      });
      this.done += chunk.indices.length;
      task.onProgress?.({ task: "motion-corrected map", done: this.done, total });
    }
  }

  /** The corrected maps of what was added so far. */
  corrected(): NestedMaps {
    const { halves, both, changes, means } = this;
    const [first, second] = [0, 1].map((half) => ({ data: changes[half]!, weights: means[half]! })) as [
      AddedMap,
      AddedMap,
    ];
    return {
      half1: dividedMap(halves[0], [first]),
      half2: dividedMap(halves[1], [second]),
      both: dividedMap(both, [first, second]),
    };
  }

  /** RMS displacement of the particles in each voxel, in Å, [S · S · S]. */
  mobility(): Float32Array {
    const { boxSize, source } = this.given;
    const box = { boxSize, apix: (source.boxSize * source.apix) / boxSize };
    const [a, b] = this.frames.map(({ lattice, squares, particles }) =>
      onVoxels(
        lattice,
        squares.map((sum) => sum / Math.max(particles, 1)),
        box,
      ),
    ) as [Float32Array, Float32Array];
    return a.map((square, i) => Math.sqrt((square + b[i]!) / 2));
  }

  /** The maps without correction of what was added so far. */
  plain(): NestedMaps {
    const [half1, half2] = this.halves;
    return { half1: half1.map(), half2: half2.map(), both: this.both.map() };
  }
}
