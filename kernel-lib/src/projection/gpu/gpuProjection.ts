import type { Dispatch, DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice, Output } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import type { ImageSize } from "../engine";
import { planTable } from "../plan";
import { productNumbers } from "../products";
import type { SpreadPlan } from "../spreadPlan";
import { ringSamples } from "./ringSamples";

/** Sizes that the kernels and buffers of a {@link GpuProjection} are made for. */
export interface GpuShape extends ImageSize {
  /** N, Gaussians of a model. */
  gaussians: number;
  /** V, models of a particle that are projected. */
  variants: number;
  /** Models of a particle that are given, the first of the variants; the others are the first one again. Default: all. */
  given?: number;
  /** Whether each variant has a pose of its own. Default false. */
  ownPoses?: boolean;
  /** Whether all particles have one model. */
  shared: boolean;
  /** Numbers from one particle's ring weights to the next one's: 0 if all share them. */
  weightStride: number;
  /** K of the targets. */
  targetRings: number;
  /** M, cells along an edge of the grids. */
  grid: number;
  /** Classes of widths. */
  classes: number;
}

/** Device memory that buffers may use in all, in bytes. */
const maxBytes = 2 ** 30;
/** Workgroups along y and z that every GPU can start. */
const maxGroups = 65535;

/** Numbers of each buffer per particle; those of the models are per model. */
function numbersPerParticle(shape: GpuShape) {
  const { gaussians: n, variants, rings, targetRings, weightStride, grid, classes } = shape;
  const { given = variants, ownPoses = false } = shape;
  const samples = disc(rings).samples;
  const grids = classes * grid * grid;
  return {
    models: given * 5 * n,
    poses: ownPoses ? 11 * variants : 11,
    placed: variants * 4 * n,
    reach: variants * 2 * n,
    grids: variants * grids,
    half: variants * 2 * classes * (rings + 1) * grid,
    images: variants * 2 * samples,
    targets: 2 * disc(targetRings).samples,
    weights: Math.max(weightStride, rings + 1),
    frc: rings + 1,
    factors: 2 * (rings + 1),
    modelGradient: 5 * n,
    moved: 2 * n,
    poseGradient: 8,
    products: (rings + 1) * productNumbers(variants),
  };
}

/** Bytes after the numbers of all particles, see `shaders/placement.wgsl`. */
const tailOf = (name: string): number => (name === "placed" ? 16 : 0);

type Name = keyof ReturnType<typeof numbersPerParticle>;

/** The largest number of particles whose buffers fit. */
export function particlesAtOnce(shape: GpuShape, largestBuffer: number): number {
  const numbers = Object.values(numbersPerParticle(shape));
  const all = numbers.reduce((sum, value) => sum + value, 0);
  const most = Math.min(
    largestBuffer / (4 * Math.max(...numbers)),
    maxBytes / (4 * all),
    maxGroups / (shape.variants * shape.classes),
  );
  return Math.max(1, Math.floor(most));
}

/** Kernels and buffers for batches of one shape, from Gaussians to projections, scores, gradients and products. */
export class GpuProjection {
  private readonly buffers: Record<Name, GPUBuffer>;
  private readonly fixed: Record<"plan" | "circle" | "starts" | "samples" | "ringOf" | "pairs", GPUBuffer>;

  /**
   * @param capacity the largest number of particles of a batch
   * @param inside   1 for the samples that scores and products are sums over, in the layout of `Disc`. Default: all
   */
  constructor(
    private readonly device: GpuDevice,
    readonly shape: GpuShape,
    readonly capacity: number,
    inside?: Uint8Array,
  ) {
    const numbers = Object.entries(numbersPerParticle(shape));
    this.buffers = Object.fromEntries(
      numbers.map(([name, each]) => [name, device.buffer(4 * each * capacity + tailOf(name))]),
    ) as Record<Name, GPUBuffer>;
    const { starts, samples, ringOf } = ringSamples(shape.rings, shape.targetRings, inside);
    this.fixed = {
      plan: device.buffer(4 * (2 + shape.classes * this.classStride)),
      circle: device.constants(circle(shape.grid)),
      starts: device.constants(starts),
      samples: device.constants(samples),
      ringOf: device.constants(ringOf),
      pairs: device.constants(pairsOf(shape.variants)),
    };
  }

  private get classStride(): number {
    return this.shape.rings + 3;
  }

  /** Copies input to the device. */
  load(input: Partial<Record<Name, Float32Array>>): void {
    for (const [name, numbers] of Object.entries(input))
      this.device.write(this.buffers[name as Name], numbers);
  }

  /** @param scale factor on amplitudes, so that powers neither overflow nor vanish in float32 */
  setPlan(plan: SpreadPlan, scale: number): void {
    const table = planTable(plan, this.shape.boxSize, this.shape.rings);
    const withScale = new Float32Array(table.length + 1);
    withScale.set(table);
    withScale[table.length] = scale;
    this.device.write(this.fixed.plan, withScale);
  }

  /** A buffer, to be shared with other kernels. */
  buffer(name: Name): GPUBuffer {
    return this.buffers[name];
  }

  /** A result to be read from the device. */
  output(name: Name, to: Float32Array): Output {
    return { buffer: this.buffers[name], to };
  }

  /** Forgets that a Gaussian was narrower than the plan allows. */
  clearNarrow(): void {
    this.device.write(this.buffers.placed, new Float32Array(4), this.buffers.placed.size - 16);
  }

  /** Receives 1 if a Gaussian has been narrower than the plan allows since {@link clearNarrow}. */
  narrow(to: Float32Array): Output {
    return { buffer: this.buffers.placed, to, at: this.buffers.placed.size - 16 };
  }

  /** Poses, plan, and where Gaussians are placed: buffers 1 to 4 of `shaders/placement.wgsl`. */
  get placement(): [poses: GPUBuffer, plan: GPUBuffer, placed: GPUBuffer, reach: GPUBuffer] {
    const { poses, placed, reach } = this.buffers;
    return [poses, this.fixed.plan, placed, reach];
  }

  /** Sizes of `shaders/placement.wgsl`. */
  get placementConstants() {
    const { boxSize, grid, classes } = this.shape;
    return { boxSize, grid, classes, classStride: this.classStride };
  }

  /** From models to projections. */
  async projections(): Promise<Dispatch[]> {
    return [...(await this.made([this.place()])), ...(await this.placedProjections())];
  }

  /** From models to where Gaussians are placed on their grids. */
  place(): DispatchSpec {
    const { gaussians, variants, shared, given = variants, ownPoses = false } = this.shape;
    const modelStride = shared ? 0 : 5 * gaussians;
    return {
      files: ["placement", "place"],
      constants: {
        ...{ gaussians, modelStride, variants, given, ownPoses: Number(ownPoses) },
        ...this.placementConstants,
      },
      buffers: [undefined, ...this.placement, this.buffers.models],
      groups: (count) => [Math.ceil(gaussians / 64), count * variants, 1],
    };
  }

  /** From Gaussians that are placed on their grids to projections. */
  placedProjections(): Promise<Dispatch[]> {
    const { gaussians, variants, rings, grid, classes } = this.shape;
    const { placed, reach, grids, half, images } = this.buffers;
    const { plan, circle: table, ringOf } = this.fixed;
    const { classStride } = this;
    const tiles = Math.ceil(grid / 16);
    return this.made([
      {
        files: ["spread"],
        constants: { gaussians, grid, classes },
        buffers: [placed, reach, grids],
        groups: (count) => [tiles, tiles, count * variants * classes],
      },
      product("transformX", [rings + 1, grid, variants * classes], {
        constants: { grid, rings },
        buffers: [table, grids, half],
      }),
      product("transformY", [rings + 1, 2 * rings + 1, variants], {
        constants: { grid, rings, classes, classStride },
        buffers: [table, plan, half, ringOf, images],
      }),
    ]);
  }

  /** From projections to scores. */
  scores(): Promise<Dispatch[]> {
    const { rings, weightStride } = this.shape;
    const { images, targets, weights, frc, factors } = this.buffers;
    const { starts, samples } = this.fixed;
    return this.made([
      {
        files: ["ringScore"],
        constants: { ...this.ringConstants, weightStride, lanes: lanesOf(rings) },
        buffers: [starts, samples, images, targets, weights, frc, factors],
        groups: (count) => [count, 1, 1],
      },
    ]);
  }

  /** From scores to the gradients in models and, unless it is not wanted, in poses. */
  gradients({ pose = true } = {}): Promise<Dispatch[]> {
    const { gaussians, boxSize, rings, targetRings, grid, classes, shared } = this.shape;
    const { models, poses, placed, reach, half, images, targets, factors } = this.buffers;
    // What the projections were made from is not used again.
    const { grids: fields, modelGradient, moved, poseGradient } = this.buffers;
    const { plan, circle: table, ringOf } = this.fixed;
    const { classStride } = this;
    const modelStride = shared ? 0 : 5 * gaussians;
    const ofPose: Omit<DispatchSpec, "buffers"> = {
      files: ["poseGradient"],
      constants: { gaussians, modelStride },
      groups: (count) => [count, 1, 1],
    };
    return this.made([
      product("fieldY", [rings + 1, grid, classes], {
        constants: { grid, rings, targetRings, classes, classStride },
        buffers: [table, plan, ringOf, factors, images, targets, half],
      }),
      product("fieldX", [grid, grid, classes], {
        constants: { grid, rings },
        buffers: [table, half, fields],
      }),
      {
        files: ["gather"],
        constants: { gaussians, modelStride, boxSize, grid, classes, classStride },
        buffers: [models, poses, plan, placed, reach, fields, modelGradient, moved],
        groups: (count) => [Math.ceil(gaussians / 64), count, 1],
      },
      ...(pose ? [{ ...ofPose, buffers: [models, moved, poseGradient] }] : []),
    ]);
  }

  /** From projections to their products, not yet divided by norms. */
  products(): Promise<Dispatch[]> {
    const { rings, variants } = this.shape;
    const pairs = productNumbers(variants);
    const { images, targets, products } = this.buffers;
    const { starts, samples, pairs: factors } = this.fixed;
    return this.made([
      {
        files: ["products"],
        constants: { ...this.ringConstants, variants, pairs },
        buffers: [starts, samples, images, targets, factors, products],
        groups: (count) => [rings + 1, pairs, count],
      },
    ]);
  }

  private get ringConstants() {
    const { rings, targetRings } = this.shape;
    return {
      rings,
      imageSamples: disc(rings).samples,
      targetSamples: disc(targetRings).samples,
      singles: 2 * rings + 1,
    };
  }

  private made(specs: DispatchSpec[]): Promise<Dispatch[]> {
    return Promise.all(specs.map((spec) => this.device.dispatch(spec)));
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of [...Object.values(this.buffers), ...Object.values(this.fixed)]) buffer.destroy();
  }
}

/** A product of matrices, [rows, columns] for each of some batches per particle. */
function product(
  file: string,
  [rows, columns, batches]: readonly [number, number, number],
  { constants, buffers }: Pick<DispatchSpec, "constants" | "buffers">,
): DispatchSpec {
  return {
    files: ["product", file],
    constants,
    buffers,
    groups: (count) => [Math.ceil(columns / 32), Math.ceil(rows / 32), batches * count],
  };
}

/** Threads of 256 that share a ring: as many as leave a share to each ring, a power of two. */
function lanesOf(rings: number): number {
  return 2 ** Math.max(0, Math.min(6, Math.floor(Math.log2(256 / rings))));
}

/** cos and sin of 2πj/M. */
function circle(grid: number): Float32Array {
  const table = new Float32Array(2 * grid);
  for (let j = 0; j < grid; j++) {
    table[2 * j] = Math.cos((2 * Math.PI * j) / grid);
    table[2 * j + 1] = Math.sin((2 * Math.PI * j) / grid);
  }
  return table;
}

/** The factors of each number of `products`: model v and the target, which has number V, then models v and w ≥ v. */
function pairsOf(variants: number): Uint32Array {
  const pairs: number[] = [];
  for (let v = 0; v < variants; v++) pairs.push(v, variants);
  for (let v = 0; v < variants; v++) for (let w = v; w < variants; w++) pairs.push(v, w);
  return Uint32Array.from(pairs);
}
