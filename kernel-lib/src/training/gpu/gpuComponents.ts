import type { Dispatch, DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { forwardProduct } from "../../network/gpu/forwardProduct";
import { pitchOf, rowsWithoutPadding } from "../../network/gpu/networkLayout";
import { scaleOf } from "../../projection/gpu/gpuEngine";
import { GpuProjection, particlesAtOnce } from "../../projection/gpu/gpuProjection";
import { chooseSpread } from "../../projection/plan";
import { measureWidths } from "../../projection/widths";
import type { GradientComponents } from "../features/components";
import type { GradientBatch } from "../features/neutralGradients";
import { batchOfRows } from "../posterior/batchCache";
import { UnitAssembly } from "../units/unitAssembly";
import { poseNumbers } from "./gpuPlaces";
import type { UploadedTargets } from "./uploadedTargets";

/** Kernels and buffers for batches of a neutral model. */
interface Made {
  /** What they are for. */
  context: GradientBatch["context"];
  capacity: number;
  /** Of each block of gradients. */
  projections: GpuProjection[];
  /** Indices of particles in their batch. */
  rows: GPUBuffer;
  rotations: GPUBuffer;
  /** Gradients, then their products with the components. */
  numbers: GPUBuffer;
  /** Byte of the products. */
  productsAt: number;
}

/** The encoder's input on the device: gradients in the neutral model, of several outermost rings, times their components. */
export class GpuComponents {
  private made: Made | undefined;
  private readonly fixed: Record<"basis" | "layer" | "step", GPUBuffer>;

  constructor(
    private readonly device: GpuDevice,
    private readonly of: GradientComponents,
  ) {
    this.fixed = {
      basis: device.constants(scaledBasis(of)),
      layer: device.buffer(32),
      step: device.uniform(64),
    };
  }

  /** Bytes of the components on a device. */
  static bytesOf({ scale, size }: GradientComponents): number {
    return 4 * (pitchOf(scale.length) + 1) * pitchOf(size);
  }

  /** Encoder input [B · units · size]; undefined if no grid is suitable, or a batch does not fit. */
  async project(batch: GradientBatch, targets: UploadedTargets): Promise<Float32Array | undefined> {
    const { device, of } = this;
    const { particles, context, weights } = batch;
    const made = this.madeFor(batch);
    if (!made) return undefined;
    const { units = new UnitAssembly() } = context;
    const { capacity } = made;
    const count = particles.rows.length;
    const pitch = pitchOf(of.size);
    const padded = new Float32Array(count * units.count * pitch);
    const poses = batchOfRows({
      ...particles,
      loaded: { ...particles.loaded, targets: new Float32Array(0) },
    });
    const weightsOf = of.rings.map((rings) => weights(rings));
    const dispatches = await this.dispatches(made, batch, targets);
    for (let first = 0; first < count; first += capacity) {
      const some = Math.min(capacity, count - first);
      const part = (numbers: Float32Array, each: number) =>
        numbers.subarray(first * each, (first + some) * each);
      const own = poseNumbers({ rotations: part(poses.rotations, 9), shifts: part(poses.shifts, 2) });
      for (const [k, projection] of made.projections.entries()) {
        projection.load({ poses: own, weights: part(weightsOf[k]!, of.rings[k]! + 1) });
      }
      device.write(made.rows, Uint32Array.from(particles.rows.subarray(first, first + some)));
      device.write(this.fixed.step, Uint32Array.of(0, some, some * units.count));
      const to = part(padded, units.count * pitch);
      await device.run(dispatches, some, [{ buffer: made.numbers, to, at: made.productsAt }]);
    }
    return rowsWithoutPadding(padded, of.size);
  }

  /** From targets to encoder input. */
  private async dispatches(made: Made, batch: GradientBatch, targets: UploadedTargets): Promise<Dispatch[]> {
    const { device, of } = this;
    const { units = new UnitAssembly(), neutral } = batch.context;
    const m = neutral.count / units.count;
    const pitch = pitchOf(of.scale.length);
    const all: Dispatch[] = [];
    const add = async (spec: DispatchSpec) => all.push(await device.dispatch(spec));
    for (const [k, projection] of made.projections.entries()) {
      await add(targets.copy(batch.particles.loaded, made.rows, projection.buffer("targets")));
      all.push(...(await projection.projections()), ...(await projection.scores()));
      all.push(...(await projection.gradients({ pose: false })));
      await add({
        files: ["unitGradient"],
        constants: { unitGaussians: m, units: units.count, first: k * 5 * m, pitch },
        buffers: [projection.buffer("modelGradient"), made.rotations, made.numbers],
        groups: (count) => [Math.ceil(m / 64), count * units.count, 1],
      });
    }
    const { layer, basis, step } = this.fixed;
    const columns = pitchOf(of.size);
    device.write(layer, Uint32Array.of(pitch / 4, columns / 4, 0, 0, made.productsAt / 16, 0, 0, 0));
    await add(
      forwardProduct({
        ...{ step, layers: layer, layerCount: 1, activations: made.numbers, weights: basis, columns },
        ...{ rows: (count) => count * units.count, mostRows: made.capacity * units.count },
        form: device.productForm,
      }),
    );
    return all;
  }

  /** Buffers for a batch: those of the last one, unless it was of another kind. */
  private madeFor({ context, particles }: GradientBatch): Made | undefined {
    const { device, of } = this;
    const { neutral, units = new UnitAssembly() } = context;
    const count = particles.rows.length;
    const known = this.made;
    const isSame = known?.context.neutral === neutral && known.context.units === context.units;
    if (known && isSame && known.capacity >= count) return known;
    const { params: model, count: gaussians, boxSize } = neutral;
    const widths = measureWidths({ model, gaussians });
    const kinds = of.rings.map((rings) => {
      const plan = chooseSpread({ gaussians, boxSize, rings, widths });
      const shape = plan && {
        ...{ boxSize, rings, gaussians, variants: 1, shared: true, weightStride: rings + 1 },
        ...{ targetRings: particles.loaded.targetRings },
        ...{ grid: plan.grid, classes: plan.classes.length },
      };
      return { plan, shape };
    });
    const perParticle = 4 * units.count * (pitchOf(of.scale.length) + pitchOf(of.size));
    let capacity = Math.min(count, Math.floor(device.largestBuffer / perParticle));
    for (const { shape } of kinds) {
      capacity = shape ? Math.min(capacity, particlesAtOnce(shape, device.largestBuffer)) : 0;
    }
    if (capacity < 1 || GpuComponents.bytesOf(of) > device.largestBuffer) return undefined;
    this.release();
    const productsAt = 4 * capacity * units.count * pitchOf(of.scale.length);
    const projections = kinds.map(({ plan, shape }) => {
      const projection = new GpuProjection(device, shape!, capacity);
      projection.setPlan(plan!, scaleOf(model, gaussians));
      projection.load({ models: model });
      return projection;
    });
    this.made = {
      ...{ context, capacity, projections, productsAt },
      rows: device.buffer(4 * capacity),
      rotations: device.constants(Float32Array.from(units.rotations)),
      numbers: device.buffer(productsAt + 4 * capacity * units.count * pitchOf(of.size)),
    };
    return this.made;
  }

  private release(): void {
    if (!this.made) return;
    const { projections, rows, rotations, numbers } = this.made;
    for (const projection of projections) projection.dispose();
    for (const buffer of [rows, rotations, numbers]) buffer.destroy();
    this.made = undefined;
  }

  /** Frees the buffers. */
  dispose(): void {
    this.release();
    for (const buffer of Object.values(this.fixed)) buffer.destroy();
  }
}

/** Components with the factors of the gradients, as the weights of a dense layer whose bias is 0. */
function scaledBasis({ scale, basis, size }: GradientComponents): Float32Array {
  const pitch = pitchOf(size);
  const weights = new Float32Array((pitchOf(scale.length) + 1) * pitch);
  for (let i = 0; i < scale.length; i++) {
    for (let j = 0; j < size; j++) weights[i * pitch + j] = scale[i]! * basis[i * size + j]!;
  }
  return weights;
}
