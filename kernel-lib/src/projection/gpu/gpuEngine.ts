import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import { checkBatch, checkPosedModels, emptyResult, leastPower, variantsOf } from "../batch";
import type {
  ImageSize,
  PosedModels,
  ProductsRequest,
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "../engine";
import { chooseSpread } from "../plan";
import { productNumbers } from "../products";
import type { PlanInput, SpreadPlan } from "../spreadPlan";
import { WasmEngine } from "../wasm";
import { measureWidths } from "../widths";
import { GpuProjection, type GpuShape, particlesAtOnce } from "./gpuProjection";

/** Options of {@link GpuEngine}. */
export interface GpuEngineOptions {
  /** Opens the GPU. Default: `GpuDevice.open`. */
  open?: () => Promise<GpuDevice>;
  /** Chooses grid and classes of a batch; for tests. Default: the cheapest ones. */
  plan?: (input: PlanInput) => SpreadPlan | undefined;
  /** Most particles at once; for tests. Default: as many as fit. */
  most?: number;
}

/** A batch with what it is projected by. */
interface Planned {
  plan: SpreadPlan;
  shape: GpuShape;
  /** Factor on amplitudes, so that powers neither overflow nor vanish in float32. */
  scale: number;
}

/** What is asked of a batch: its targets, and models per particle. */
interface Work {
  batch: PosedModels;
  size: ImageSize;
  variants?: number;
  targets?: { targets: Float32Array; targetRings: number };
  weights?: Float32Array;
  /** Samples that products are sums over. Default: all. */
  inside?: Uint8Array | undefined;
}

/** A part of a batch on the device. */
interface Part {
  projection: GpuProjection;
  first: number;
  count: number;
  /** See {@link Planned.scale}. */
  scale: number;
}

/**
 * The engine for GPUs, without TensorFlow.js: kernels in WGSL (`shaders/`) on Dawn's WebGPU, in float32. Gaussians are spread on
 * grids as in the WebAssembly engine; sums are taken in a fixed order, so that a GPU gives the same bits in every run.
 *
 * Gaussians whose widths fit no grid (not finite, or of very different widths in a very fine box) are left to the WebAssembly
 * engine. The device is opened with the first call. All methods throw a GpuFailure when the GPU fails; the engine cannot be used
 * afterwards.
 */
export class GpuEngine implements ProjectionEngine {
  readonly name = "webgpu";
  private device: Promise<GpuDevice> | undefined;
  private projection: { key: string; inside: Uint8Array | undefined; made: GpuProjection } | undefined;
  private fallback: WasmEngine | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: GpuEngineOptions = {}) {}

  evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    return this.inTurn(async () => {
      checkBatch(batch, request);
      const { targets, targetRings, gaussians } = batch;
      const { rings, ringWeights } = request;
      const work = { batch, size: request, targets: { targets, targetRings }, weights: ringWeights };
      const planned = this.planned(work);
      if (!planned) return this.withoutGrid().evaluate(batch, request);
      const result = emptyResult(batch, request);
      const wantsGradient = Boolean(result.modelGradient || result.rotationGradient);
      await this.inParts(work, planned, async ({ projection, first, count }) => {
        const dispatches = [...(await projection.projections()), ...(await projection.scores())];
        if (wantsGradient) dispatches.push(...(await projection.gradients()));
        const frc = result.frc.subarray(first * (rings + 1), (first + count) * (rings + 1));
        const outputs = [projection.output("frc", frc)];
        const { modelGradient, rotationGradient } = result;
        const model = modelGradient?.subarray(first * 5 * gaussians, (first + count) * 5 * gaussians);
        if (model) outputs.push(projection.output("modelGradient", model));
        const pose = new Float32Array(rotationGradient ? 8 * count : 0);
        if (rotationGradient) outputs.push(projection.output("poseGradient", pose));
        const device = await this.opened();
        await device.run(dispatches, count, outputs);
        takeScores(result, first, count, rings);
        if (rotationGradient) takePoseGradient(result, pose, first);
      });
      return result;
    });
  }

  project(batch: PosedModels, size: ImageSize): Promise<Float32Array> {
    return this.inTurn(async () => {
      checkPosedModels(batch, size);
      const work = { batch, size };
      const planned = this.planned(work);
      if (!planned) return this.withoutGrid().project(batch, size);
      const length = 2 * disc(size.rings).samples;
      const images = new Float32Array(batch.count * length);
      await this.inParts(work, planned, async ({ projection, first, count, scale }) => {
        const own = images.subarray(first * length, (first + count) * length);
        const device = await this.opened();
        await device.run(await projection.projections(), count, [projection.output("images", own)]);
        for (let i = 0; i < own.length; i++) own[i]! /= scale;
      });
      return images;
    });
  }

  products(batch: VariantBatch, size: ProductsRequest): Promise<Float32Array> {
    return this.inTurn(async () => {
      const variants = variantsOf(batch, size);
      const { targets, targetRings } = batch;
      const { inside } = size;
      const work = { batch, size, variants, targets: { targets, targetRings }, inside };
      const planned = this.planned(work);
      if (!planned) return this.withoutGrid().products(batch, size);
      const length = (size.rings + 1) * productNumbers(variants);
      const products = new Float32Array(batch.count * length);
      await this.inParts(work, planned, async ({ projection, first, count }) => {
        const own = products.subarray(first * length, (first + count) * length);
        const dispatches = [...(await projection.projections()), ...(await projection.products())];
        const device = await this.opened();
        await device.run(dispatches, count, [projection.output("products", own)]);
        for (let b = 0; b < count; b++) {
          normalizeProducts(own.subarray(b * length, (b + 1) * length), variants);
        }
      });
      return products;
    });
  }

  async dispose(): Promise<void> {
    await this.last.catch(() => undefined);
    this.projection?.made.dispose();
    await this.device?.then((device) => device.dispose()).catch(() => undefined);
    await this.fallback?.dispose();
  }

  /** One call after another, since all use the same buffers. */
  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.last.catch(() => undefined).then(task);
    this.last = turn;
    return turn;
  }

  /** The GPU, opened by the first call. @throws InputError, with reason and advice, without one; GpuFailure if it fails */
  opened(): Promise<GpuDevice> {
    this.device ??= (this.options.open ?? GpuDevice.open)();
    return this.device;
  }

  /** Name of the GPU and the most bytes of its memory that were used at a time; undefined if it has not been used. */
  async usage(): Promise<{ adapter: string; peakBytes: number } | undefined> {
    const device = await this.device;
    return device && { adapter: device.name, peakBytes: device.peakBytes };
  }

  private withoutGrid(): WasmEngine {
    this.fallback ??= new WasmEngine();
    return this.fallback;
  }

  /** Grid and classes of a batch; undefined if no grid is suitable. */
  private planned({ batch, size, variants = 1, targets, weights }: Work): Planned | undefined {
    const { gaussians, model } = batch;
    const { boxSize, rings } = size;
    const input = { gaussians, boxSize, rings, widths: measureWidths(batch) };
    const plan = (this.options.plan ?? chooseSpread)(input);
    if (!plan) return undefined;
    const shared = variants === 1 && model.length === 5 * gaussians;
    const weightStride = (weights?.length ?? 0) > rings + 1 ? rings + 1 : 0;
    const classes = plan.classes.length;
    const targetRings = targets?.targetRings ?? rings;
    const { grid } = plan;
    const shape = { boxSize, rings, gaussians, variants, shared, weightStride, targetRings, grid, classes };
    return { plan, shape, scale: scaleOf(model, gaussians) };
  }

  /** Runs a task on parts of a batch whose buffers fit, with the input on the device. */
  private async inParts(
    work: Work,
    { plan, shape, scale }: Planned,
    task: (part: Part) => Promise<void>,
  ): Promise<void> {
    const { batch, targets, weights, inside } = work;
    const { gaussians, variants, shared, weightStride, targetRings } = shape;
    const projection = await this.projectionFor(shape, batch.count, inside);
    projection.setPlan(plan, scale);
    const targetLength = 2 * disc(targetRings).samples;
    for (let first = 0; first < batch.count; first += projection.capacity) {
      const count = Math.min(projection.capacity, batch.count - first);
      const part = (numbers: Float32Array, each: number) =>
        numbers.subarray(first * each, (first + count) * each);
      const input = {
        models: shared ? batch.model : part(batch.model, variants * 5 * gaussians),
        poses: poseNumbers(batch, first, count),
        ...(targets && { targets: part(targets.targets, targetLength) }),
        ...(weights && { weights: weightStride > 0 ? part(weights, weightStride) : weights }),
      };
      projection.load(input);
      await task({ projection, first, count, scale });
    }
  }

  /** Kernels and buffers for a shape; those of the last shape are kept. */
  private async projectionFor(
    shape: GpuShape,
    count: number,
    inside: Uint8Array | undefined,
  ): Promise<GpuProjection> {
    const device = await this.opened();
    const most = this.options.most ?? particlesAtOnce(shape, device.largestBuffer);
    const capacity = Math.min(count, most);
    const key = JSON.stringify(shape);
    const last = this.projection;
    if (last?.key === key && last.inside === inside && last.made.capacity >= capacity) return last.made;
    last?.made.dispose();
    this.projection = { key, inside, made: new GpuProjection(device, shape, capacity, inside) };
    return this.projection.made;
  }
}

/** Rotation and shift of each particle, [11 · count]. */
function poseNumbers({ rotations, shifts }: PosedModels, first: number, count: number): Float32Array {
  const numbers = new Float32Array(11 * count);
  for (let b = 0; b < count; b++) {
    const from = first + b;
    numbers.set(rotations.subarray(9 * from, 9 * from + 9), 11 * b);
    numbers.set(shifts.subarray(2 * from, 2 * from + 2), 11 * b + 9);
  }
  return numbers;
}

/** The inverse of the largest amplitude. */
export function scaleOf(model: Float32Array, gaussians: number): number {
  let largest = 0;
  for (let set = 0; set < model.length; set += 5 * gaussians) {
    for (let i = set + 3 * gaussians; i < set + 4 * gaussians; i++)
      largest = Math.max(largest, Math.abs(model[i]!));
  }
  return largest > 0 && largest < Number.POSITIVE_INFINITY ? 1 / largest : 1;
}

/** The kernel writes the score where the FRC of ring 0 belongs, which is 0. */
export function takeScores(
  { frc, score }: Pick<ProjectionResult, "frc" | "score">,
  first: number,
  count: number,
  rings: number,
): void {
  for (let b = first; b < first + count; b++) {
    score[b] = frc[b * (rings + 1)]!;
    frc[b * (rings + 1)] = 0;
  }
}

function takePoseGradient(
  { rotationGradient, shiftGradient }: ProjectionResult,
  pose: Float32Array,
  first: number,
): void {
  for (let b = 0; 8 * b < pose.length; b++) {
    rotationGradient!.set(pose.subarray(8 * b, 8 * b + 6), 9 * (first + b));
    shiftGradient!.set(pose.subarray(8 * b + 6, 8 * b + 8), 2 * (first + b));
  }
}

/** Divides the products of a particle by |Q_0| or its square; rings without signal become zeros. */
export function normalizeProducts(products: Float32Array, variants: number): void {
  const each = productNumbers(variants);
  const powers = new Float64Array(products.length / each);
  for (let r = 0; r < powers.length; r++) powers[r] = products[r * each + variants]!;
  const least = leastPower(powers);
  for (const [r, power] of powers.entries()) {
    const norm = Math.sqrt(power);
    for (let p = 0; p < each; p++) {
      const divisor = p < variants ? norm : power;
      products[r * each + p] = r > 0 && power > least ? products[r * each + p]! / divisor : 0;
    }
  }
}
