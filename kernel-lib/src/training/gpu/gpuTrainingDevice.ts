import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import type { LatentModel } from "../../network/latentModel";
import type { ProductsRequest, ProjectionResult } from "../../projection/engine";
import { type GpuEngine, normalizeProducts, scaleOf, takeScores } from "../../projection/gpu/gpuEngine";
import { type GpuShape, particlesAtOnce } from "../../projection/gpu/gpuProjection";
import { chooseSpread } from "../../projection/plan";
import { productNumbers } from "../../projection/products";
import type { SpreadPlan } from "../../projection/spreadPlan";
import { gatherRows } from "../batches";
import type { DecodedBatch, PlacedBatch, PlacedRequest, SteppedBatch } from "../device/device";
import { EngineDevice } from "../device/engineDevice";
import type { ComponentProjector, GradientComponents } from "../features/components";
import type { GradientBatch } from "../features/neutralGradients";
import { batchOfRows, type LoadedRows } from "../posterior/batchCache";
import { fixedModel, type PlaceDecoder, type TrainedDecoder } from "../posterior/decoders";
import {
  adamOfTeaching,
  type DistilOptions,
  distilEncoder,
  taughtAtOnce,
  taughtRows,
} from "../posterior/distil";
import type { BatchPoses } from "../posterior/variants";
import type { EpochParts, StepOptions, StepSettings } from "../stepParts";
import { UnitAssembly } from "../units/unitAssembly";
import { widthsWithRoom } from "./expectedWidths";
import { GpuComponents } from "./gpuComponents";
import { GpuEncoder } from "./gpuEncoder";
import { GpuPlaces, type GpuPlacesInput, type GpuPlacesTask, rowsOf } from "./gpuPlaces";
import { gpuSteps } from "./gpuSteps";
import { GpuTeaching } from "./gpuTeaching";
import { unsupported, unsupportedDecoder } from "./unsupported";
import { UploadedTargets } from "./uploadedTargets";

/** Most particles that are computed at a time. */
const mostAtOnce = 512;
/** Places of a batch by which the grids of a decoder are chosen. */
const sampledPlaces = 16;

/** What a batch is computed from. */
interface Planned {
  trained: TrainedDecoder | undefined;
  shape: GpuShape;
  plan: SpreadPlan;
  scale: number;
  inside: Uint8Array | undefined;
}

/** What all batches of a request have in common. */
interface Sizes extends ProductsRequest {
  /** Models of a particle that are decoded, and that are projected. */
  given: number;
  variants: number;
  isWeighted: boolean;
}

/**
 * The GPU: networks, Gaussians and images stay on it. What its kernels do not do yet, models that are changes of others, rigid bodies
 * and some architectures, is left to the CPU's networks and the GPU's projections.
 */
export class GpuTrainingDevice extends EngineDevice {
  private made: { key: string; of: unknown[]; places: GpuPlaces }[] = [];
  private plans = new WeakMap<object, { key: string; plan: SpreadPlan }>();
  private targets: UploadedTargets | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly gpu: GpuEngine) {
    super(gpu);
  }

  override async takeSteps(parts: EpochParts, step: StepSettings, options: StepOptions): Promise<void> {
    const obstacle = unsupported(parts) ?? (await gpuSteps(parts, step, options));
    if (obstacle === undefined) return;
    options.onNote?.(
      `networks are trained on the CPU, the GPU computes projections only: its kernels do not support ${obstacle} yet`,
    );
    await super.takeSteps(parts, step, options);
  }

  override async evaluate(batch: PlacedBatch, request: PlacedRequest): Promise<ProjectionResult> {
    const { decoder, particles, places } = batch;
    const isOne = places.length === decoder.latent;
    // One model is decoded by the CPU in no time.
    const own = isOne ? fixedModel(decoder.decode(places, 1)) : decoder;
    if (!canDecode({ ...batch, decoder: own })) return super.evaluate(batch, request);
    const { rings, ringWeights, gradient, inside } = request;
    const count = particles.rows.length;
    const n = batch.context.neutral.count;
    const result: ProjectionResult = {
      frc: new Float32Array(count * (rings + 1)),
      score: new Float32Array(count),
      ...(gradient?.model && { modelGradient: new Float32Array(count * 5 * n) }),
    };
    const models = isOne ? own.decode(places, 1) : own.trained!.latents(places, count);
    const sizes = { boxSize: request.boxSize, rings, inside, given: 1, variants: 1, isWeighted: true };
    const isDone = await this.run(result.modelGradient ? "gradients" : "scores", {
      ...{ batch: { ...batch, decoder: own }, models, sizes, poses: batch.poses, ringWeights },
      sample: places,
      read: (made, first, some) => {
        const part = (numbers: Float32Array, each: number) =>
          numbers.subarray(first * each, (first + some) * each);
        const { projection } = made;
        return [
          projection.output("frc", part(result.frc, rings + 1)),
          ...(result.modelGradient
            ? [projection.output("modelGradient", part(result.modelGradient, 5 * n))]
            : []),
        ];
      },
      take: (first, some) => takeScores(result, first, some, rings),
    });
    return isDone ? result : super.evaluate(batch, request);
  }

  override async products(batch: SteppedBatch, request: ProductsRequest): Promise<Float32Array> {
    // Frames of their own are those of tilt series whose poses are free: few, in the evidence.
    if (!canDecode(batch) || batch.frames) return super.products(batch, request);
    const { decoder, particles, variants, points } = batch;
    const count = particles.rows.length;
    const { boxSize, rings, inside } = request;
    const length = (rings + 1) * productNumbers(variants.count);
    const products = new Float32Array(count * length);
    const places = variants.places(points, count);
    const { trained } = decoder;
    const models = trained
      ? trained.latents(places, count * variants.decoded)
      : decoder.decode(new Float32Array(0), 1);
    const sizes = { boxSize, rings, inside, given: variants.decoded, variants: variants.count };
    const poses = variants.poses(batch.poses ?? batchOfRows(particles));
    const isDone = await this.run("products", {
      ...{ batch, models, poses, sizes: { ...sizes, isWeighted: false }, sample: places },
      read: ({ projection }, first, some) => [
        projection.output("products", products.subarray(first * length, (first + some) * length)),
      ],
      take: (first, some) => {
        for (let b = first; b < first + some; b++) {
          normalizeProducts(products.subarray(b * length, (b + 1) * length), variants.count);
        }
      },
    });
    return isDone ? products : super.products(batch, request);
  }

  override components(of: GradientComponents): ComponentProjector<GradientBatch> {
    const onCpu = super.components(of);
    let own: GpuComponents | undefined;
    return {
      project: (batch) =>
        this.inTurn(async () => {
          const device = await this.gpu.opened();
          if (batch.context.base || GpuComponents.bytesOf(of) > device.largestBuffer) {
            return onCpu.project(batch);
          }
          own ??= new GpuComponents(device, of);
          return (await own.project(batch, this.targetsOn(device))) ?? onCpu.project(batch);
        }),
      dispose: () => {
        own?.dispose();
        onCpu.dispose();
      },
    };
  }

  override async encode(model: LatentModel, features: Float32Array): Promise<Float32Array> {
    const rows = features.length / model.spec.featureSize;
    const device = await this.gpu.opened();
    const bytes = GpuEncoder.largestBuffer(model, rows);
    if (!GpuNetworks.supports(model.encoder.spec) || bytes > device.largestBuffer) {
      return super.encode(model, features);
    }
    const encoder = new GpuEncoder(device, model, rows);
    try {
      return model.places(await encoder.outputs(features));
    } finally {
      encoder.dispose();
    }
  }

  override async teach(model: LatentModel, options: DistilOptions): Promise<void> {
    const rows = taughtRows(model, options);
    const device = await this.gpu.opened();
    const bytes = GpuTeaching.largestBuffer(model, rows, taughtAtOnce);
    if (!GpuNetworks.supports(model.encoder.spec) || bytes > device.largestBuffer) {
      return super.teach(model, options);
    }
    const adam = adamOfTeaching(model);
    const teaching = new GpuTeaching(device, model, rows, taughtAtOnce);
    try {
      const { signal } = options;
      const seeds = options.random.fork(1);
      await distilEncoder(model, options, {
        epoch: (order, ends, rate) =>
          teaching.run({ order, ends, rate, signal, seed: () => seeds.uint32() }, adam),
      });
      await teaching.save();
    } finally {
      teaching.dispose();
    }
  }

  /**
   * Computes a batch in parts whose buffers fit.
   * @returns false if no grid is suitable, or a Gaussian turned out to be narrower than the grid allows
   */
  private run(task: GpuPlacesTask, work: PlacesWork): Promise<boolean> {
    return this.inTurn(async () => {
      const device = await this.gpu.opened();
      const planned = this.planned(work);
      if (!planned) return false;
      const { given, variants } = work.sizes;
      const { particles, context, decoder } = work.batch;
      const made = this.placesFor(device, planned, particles.rows.length);
      if (!made) return false;
      made.setPlan(planned.plan, planned.scale);
      const latents = decoder.trained ? work.models.length / particles.rows.length : 0;
      const poses = work.poses ?? batchOfRows({ ...particles, loaded: withoutTargets(particles) });
      const weights = work.ringWeights && eachOf(work.ringWeights, particles.rows.length, planned.shape);
      for (let first = 0; first < particles.rows.length; first += made.capacity) {
        const some = Math.min(made.capacity, particles.rows.length - first);
        const part = (numbers: Float32Array, each: number) =>
          numbers.subarray(first * each, (first + some) * each);
        const input: GpuPlacesInput = {
          models: decoder.trained ? part(work.models, latents) : work.models,
          poses: {
            rotations: part(poses.rotations, 9 * variants),
            shifts: part(poses.shifts, 2 * variants),
          },
          particles: particles.loaded,
          rows: particles.rows.subarray(first, first + some),
          ...(weights && { weights: part(weights, planned.shape.rings + 1) }),
        };
        const outputs = work.read(made, first, some);
        if (await made.run(task, input, this.targetsOn(device), outputs)) {
          this.plans.delete(decoder.trained?.model ?? context.neutral);
          return false;
        }
        work.take(first, some);
      }
      return given > 0;
    });
  }

  /** Grids for a batch. Those of a decoder are kept until its weights change. */
  private planned({ batch, models, sizes, sample }: PlacesWork): Planned | undefined {
    const { decoder, particles, context } = batch;
    const { boxSize, rings, inside, given, variants, isWeighted } = sizes;
    const { trained } = decoder;
    const n = context.neutral.count;
    const planFor = () => {
      const few = sample.subarray(0, sampledPlaces * decoder.latent);
      const decoded = trained ? decoder.decode(few, few.length / decoder.latent) : models;
      const vary = trained?.model.head.vary.includes("width") ?? false;
      return chooseSpread(widthsWithRoom(decoded, { gaussians: n, boxSize, rings, vary }));
    };
    let plan: SpreadPlan | undefined;
    if (trained) {
      const key = `${trained.model.decoderRevision} ${rings}`;
      const known = this.plans.get(trained.model);
      plan = known?.key === key ? known.plan : planFor();
      if (plan) this.plans.set(trained.model, { key, plan });
    } else plan = planFor();
    if (!plan) return undefined;
    const shape: GpuShape = {
      ...{ boxSize, rings, gaussians: n, variants, given, ownPoses: true, shared: !trained },
      ...{ weightStride: isWeighted ? rings + 1 : 0, targetRings: particles.loaded.targetRings },
      ...{ grid: plan.grid, classes: plan.classes.length },
    };
    const scale = scaleOf(trained ? context.neutral.params : models, n);
    return { trained, shape, plan, scale, inside };
  }

  /** Kernels and buffers of a kind of batch; those of the last kinds are kept. Undefined if the networks do not fit. */
  private placesFor(
    device: GpuDevice,
    { trained, shape, inside }: Planned,
    count: number,
  ): GpuPlaces | undefined {
    const units = new UnitAssembly(trained?.group);
    let capacity = Math.min(count, mostAtOnce, particlesAtOnce(shape, device.largestBuffer));
    if (trained) {
      const specs = trained.model.decoderNetworks.map(({ spec }) => spec);
      const bytes = GpuNetworks.largestBuffer(specs, rowsOf(shape, units));
      capacity = Math.min(capacity, Math.floor(device.largestBuffer / bytes));
      if (capacity < 1) return undefined;
    }
    const key = JSON.stringify([shape, trained?.model.decoderRevision]);
    const of = [trained?.model, inside];
    const known = this.made.find((each) => each.key === key && each.of.every((x, i) => x === of[i]));
    if (known && known.places.capacity >= capacity) return known.places;
    this.made = this.made.filter((each) => each !== known);
    known?.places.dispose();
    for (const { places } of this.made.splice(keptKinds - 1)) places.dispose();
    const places = new GpuPlaces({ device, shape, capacity, trained, inside });
    this.made.unshift({ key, of, places });
    return places;
  }

  private targetsOn(device: GpuDevice): UploadedTargets {
    this.targets ??= new UploadedTargets(device);
    return this.targets;
  }

  /** One batch after another, since all use the same buffers. */
  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.last.catch(() => undefined).then(task);
    this.last = turn;
    return turn;
  }
}

/** Kinds of batches whose buffers are kept: two halves of the samples, with and without steps. */
const keptKinds = 4;

/** A batch, and what is done with its results. */
interface PlacesWork {
  batch: DecodedBatch;
  /** See `GpuPlacesInput.models`. */
  models: Float32Array;
  sizes: Sizes;
  /** Of all variants. Default: those of the particles. */
  poses: BatchPoses | undefined;
  ringWeights?: Float32Array;
  /** Places by which grids are chosen. */
  sample: Float32Array;
  /** What to read of some particles. */
  read: (made: GpuPlaces, first: number, some: number) => Parameters<GpuPlaces["run"]>[3];
  /** What to do with it. */
  take: (first: number, some: number) => void;
}

/** Whether the device makes the models itself. */
function canDecode({ context, decoder }: DecodedBatch): boolean {
  if (context.base) return false;
  return decoder.trained ? unsupportedDecoder(decoder.trained.model) === undefined : isFixed(decoder);
}

/** Whether a decoder has one model for all places. */
const isFixed = ({ latent, trained }: PlaceDecoder): boolean => latent === 0 && !trained;

/** Loaded particles with nothing but poses. */
const withoutTargets = ({ loaded }: LoadedRows) => ({ ...loaded, targets: new Float32Array(0) });

/** Ring weights of each particle, [B · (rings + 1)]. */
function eachOf(weights: Float32Array, count: number, { rings }: GpuShape): Float32Array {
  if (weights.length === count * (rings + 1)) return weights;
  return gatherRows(weights, rings + 1, new Int32Array(count));
}
