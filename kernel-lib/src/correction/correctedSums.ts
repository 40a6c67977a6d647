import type { Blobs } from "../atoms/blobs";
import type { GaussianModel } from "../model/gaussianModel";
import type { ImageScreen, LeftOutImage } from "../particles/images/imageOutliers";
import type { TaskOptions } from "../progress";
import { Backprojector } from "../reconstruction/backprojector";
import { ImageAdder } from "../reconstruction/imageAdder";
import { imageScreens } from "../reconstruction/imageScreens";
import { type ImageGroup, type ImageSource, imageChunks, readAhead } from "../reconstruction/imageSource";
import { dividedMap, filteredMap } from "../reconstruction/sampleSums";
import type { LatentCell } from "./cells";
import { displacementField } from "./displacementField";
import { expectedSampling } from "./expectedSampling";
import { type FieldLattice, fieldLattice, onVoxels } from "./fieldLattice";
import { centredBlobs } from "./motion";
import type { NestedMaps } from "./shellChoice";
import { addWarped } from "./warp";

/** What is reconstructed. */
interface CorrectedTask {
  source: ImageSource;
  /** The particles, ascending. */
  indices: Int32Array;
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

/**
 * Sums of the images as in a plain reconstruction, and for both halves the change of the map by the correction of each cell, divided
 * by the expected sampling: where a cell does not move, nothing is added to the plain sums.
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
  private done = 0;

  private constructor(
    private readonly given: CorrectedTask,
    private readonly weights: Float64Array,
    private readonly screens: Map<ImageGroup, ImageScreen> | undefined,
    private readonly task: TaskOptions,
  ) {
    const { source, boxSize, targets } = given;
    const apix = (source.boxSize * source.apix) / boxSize;
    this.halves = [new Backprojector(boxSize, apix), new Backprojector(boxSize, apix)];
    this.both = new Backprojector(boxSize, apix);
    this.own = new Backprojector(boxSize, apix);
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
    const { source, indices, boxSize } = given;
    const screens = task.keepOutliers ? undefined : await imageScreens(source, indices, task.signal);
    const weights = expectedSampling(source, indices, { boxSize, boxLength: source.boxSize * source.apix });
    return new CorrectedSums(given, weights, screens, task);
  }

  /** Outlier images that were not used, by index. */
  get leftOut(): LeftOutImage[] {
    return this.adder.leftOut.sort((a, b) => a.index - b.index);
  }

  /** Adds a cell of particles of one half. @throws StoppedError */
  async add({ particles, model }: LatentCell, half: 0 | 1): Promise<void> {
    const { halves, both, own, weights, changes } = this;
    const frame = this.frames[half];
    const { target, lattice, squares } = frame;
    const field = displacementField(lattice, target, centredBlobs(model));
    for (const at of lattice.near)
      for (let axis = 0; axis < 3; axis++)
        squares[at]! += particles.length * field.displacements[3 * at + axis]! ** 2;
    frame.particles += particles.length;
    own.clear();
    await this.backproject(particles);
    addWarped(filteredMap(own, weights), field, changes[half]);
    halves[half].merge(own);
    both.merge(own);
  }

  private async backproject(particles: Int32Array): Promise<void> {
    const { given, adder, own, screens, task } = this;
    const { source, indices } = given;
    const chunks = imageChunks(source, particles);
    for await (const { chunk, images } of readAhead(source, chunks, task.signal)) {
      adder.add(chunk, images, screens?.get(chunk.group), () => own);
      this.done += chunk.indices.length;
      task.onProgress?.({ task: "motion-corrected map", done: this.done, total: indices.length });
    }
  }

  /** The corrected maps of what was added so far. */
  corrected(): NestedMaps {
    const { halves, both, changes, weights } = this;
    const together = changes[0].map((x, i) => x + changes[1][i]!);
    return {
      half1: dividedMap(halves[0], { data: changes[0], weights }),
      half2: dividedMap(halves[1], { data: changes[1], weights }),
      both: dividedMap(both, { data: together, weights }),
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
