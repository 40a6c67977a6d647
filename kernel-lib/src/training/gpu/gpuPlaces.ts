import type { Dispatch, DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice, Output } from "../../compute/gpu/gpuDevice";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import { GpuProjection, type GpuShape } from "../../projection/gpu/gpuProjection";
import type { SpreadPlan } from "../../projection/spreadPlan";
import type { LoadedParticles } from "../posterior/batchCache";
import type { TrainedDecoder } from "../posterior/decoders";
import type { BatchPoses } from "../posterior/variants";
import { UnitAssembly } from "../units/unitAssembly";
import { GpuDecoder, motionNumbers } from "./gpuDecoder";
import type { UploadedTargets } from "./uploadedTargets";

/** What a {@link GpuPlaces} is made for. */
export interface GpuPlacesParts {
  device: GpuDevice;
  shape: GpuShape;
  /** Most particles at once. */
  capacity: number;
  /** Decodes `shape.given` models of a particle. Default: all particles have one model that is given. */
  trained?: TrainedDecoder | undefined;
  /** Samples to compare. Default: all. */
  inside?: Uint8Array | undefined;
}

/** Some particles and their models. */
export interface GpuPlacesInput {
  /** The one model, or latents as the networks read them: [B · given · units · latent]. */
  models: Float32Array;
  /** [B · variants · 9 and 2] */
  poses: BatchPoses;
  particles: LoadedParticles;
  /** Rows of the particles, [B]. */
  rows: Int32Array;
  /** [B · (rings + 1)] */
  weights?: Float32Array;
}

/** What is computed of them. */
export type GpuPlacesTask = "scores" | "gradients" | "products";

/** Compares particles with models that the device decodes itself. */
export class GpuPlaces {
  readonly projection: GpuProjection;
  readonly capacity: number;
  private readonly step: GPUBuffer;
  private readonly rows: GPUBuffer;
  private readonly z: GPUBuffer;
  private readonly networks: GpuNetworks | undefined;
  private readonly decoder: GpuDecoder | undefined;
  private readonly narrow = new Float32Array(4);

  constructor(private readonly parts: GpuPlacesParts) {
    const { device, shape, capacity, trained, inside } = parts;
    this.capacity = capacity;
    this.projection = new GpuProjection(device, shape, capacity, inside);
    this.step = device.uniform(64);
    this.rows = device.buffer(4 * capacity);
    const units = new UnitAssembly(trained?.group);
    const rows = capacity * rowsOf(shape, units);
    this.z = device.buffer(4 * rows * (trained?.model.spec.latent ?? 0));
    if (!trained) return;
    const { model } = trained;
    this.networks = new GpuNetworks(model.decoderNetworks, {
      extra: motionNumbers(model),
      ...{ device, rows, rowsPerParticle: rowsOf(shape, units), step: this.step, training: false },
    });
    const { networks, projection } = this;
    this.decoder = new GpuDecoder({ device, model, units, networks, projection });
    networks.load();
  }

  /** @param scale see `GpuProjection.setPlan` */
  setPlan(plan: SpreadPlan, scale: number): void {
    this.projection.setPlan(plan, scale);
  }

  /**
   * Computes something of at most {@link capacity} particles and reads it.
   * @returns whether a Gaussian was narrower than the plan allows, so that the numbers cannot be used
   */
  async run(
    task: GpuPlacesTask,
    input: GpuPlacesInput,
    targets: UploadedTargets,
    outputs: readonly Output[],
  ): Promise<boolean> {
    const { device } = this.parts;
    const { projection, rows } = this;
    const count = input.rows.length;
    const { models, poses, weights } = input;
    projection.load({ poses: poseNumbers(poses), ...(weights && { weights }) });
    device.write(rows, Uint32Array.from(input.rows));
    if (this.decoder) device.write(this.z, models);
    else projection.load({ models });
    const units = this.decoder?.unitConstants.units ?? 1;
    const given = this.parts.shape.given ?? this.parts.shape.variants;
    device.write(this.step, Uint32Array.of(0, count, count * given * units));
    projection.clearNarrow();
    const copied = targets.copy(input.particles, rows, projection.buffer("targets"));
    const dispatches = [
      ...(await this.made([copied, ...this.models()])),
      ...(await projection.placedProjections()),
      ...(await this.comparison(task)),
    ];
    await device.run(dispatches, count, [...outputs, projection.narrow(this.narrow)]);
    return this.narrow[0] !== 0;
  }

  private async comparison(task: GpuPlacesTask): Promise<Dispatch[]> {
    const { projection } = this;
    if (task === "products") return projection.products();
    if (task === "scores") return projection.scores();
    return [...(await projection.scores()), ...(await projection.gradients({ pose: false }))];
  }

  /** Kernels that make the models and place them. */
  private models(): DispatchSpec[] {
    const { projection, decoder, networks, step, z } = this;
    const { shape } = this.parts;
    if (!decoder || !networks) return [projection.place()];
    const given = shape.given ?? shape.variants;
    const perParticle = rowsOf(shape, { count: decoder.unitConstants.units });
    const terms = decoder.terms(z, step, perParticle);
    const specs = [terms, ...decoder.forward().map((spec) => forModels(spec, given))];
    // Models are placed as they are decoded, one after another; where some are projected twice, again.
    return given < shape.variants ? [...specs, projection.place()] : specs;
  }

  private made(specs: readonly DispatchSpec[]): Promise<Dispatch[]> {
    return Promise.all(specs.map((spec) => this.parts.device.dispatch(spec)));
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const part of [this.projection, this.networks, this.decoder]) part?.dispose();
    for (const buffer of [this.step, this.rows, this.z]) buffer.destroy();
  }
}

/** Rows of the networks for a particle. */
export const rowsOf = ({ given, variants }: GpuShape, { count }: { count: number }): number =>
  (given ?? variants) * count;

/** Kernels that decode have a row of workgroups for each unit of a model, not of a particle. */
function forModels(spec: DispatchSpec, given: number): DispatchSpec {
  if (!spec.files.includes("head")) return spec;
  return { ...spec, groups: (count) => spec.groups(count * given) };
}

/** Rotation and shift of each pose, [11 · poses]. */
export function poseNumbers({ rotations, shifts }: BatchPoses): Float32Array {
  const numbers = new Float32Array((11 * shifts.length) / 2);
  for (let k = 0; 2 * k < shifts.length; k++) {
    numbers.set(rotations.subarray(9 * k, 9 * k + 9), 11 * k);
    numbers.set(shifts.subarray(2 * k, 2 * k + 2), 11 * k + 9);
  }
  return numbers;
}
