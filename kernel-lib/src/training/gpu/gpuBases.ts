import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import type { GpuProjection } from "../../projection/gpu/gpuProjection";
import type { TrainedDecoder } from "../posterior/decoders";
import { UnitAssembly } from "../units/unitAssembly";
import { GpuDecoder, motionNumbers } from "./gpuDecoder";

/** Where base models are made. */
export interface GpuBasesPlace {
  device: GpuDevice;
  /** Largest number of rows of a batch. */
  rows: number;
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
  /** Receives the models. */
  projection: GpuProjection;
}

/** The models of an earlier run that a training changes, decoded on the device at the fixed places of the particles of each step. */
export class GpuBases {
  /** Latents of the particles of the step, [rows · latent]. */
  readonly z: GPUBuffer;
  private readonly networks: GpuNetworks;
  private readonly decoder: GpuDecoder;
  private readonly units: number;

  constructor(
    { model, group }: TrainedDecoder,
    private readonly place: GpuBasesPlace,
  ) {
    const { device, rows, step, projection } = place;
    const units = new UnitAssembly(group);
    this.units = units.count;
    this.z = device.buffer(4 * rows * model.spec.latent);
    this.networks = new GpuNetworks(model.decoderNetworks, {
      extra: motionNumbers(model),
      ...{ device, rows, rowsPerParticle: units.count, step, training: false },
    });
    this.decoder = new GpuDecoder({ device, model, units, networks: this.networks, projection });
  }

  /** Takes the weights from the CPU's networks. */
  load(): void {
    this.networks.load();
  }

  /** From latents to models. */
  forward(): DispatchSpec[] {
    return [this.decoder.terms(this.z, this.place.step, this.units), ...this.decoder.forward()];
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const part of [this.networks, this.decoder]) part.dispose();
    this.z.destroy();
  }
}
