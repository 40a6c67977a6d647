import type { Dispatch } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import { paddedRows, pitchOf, rowsWithoutPadding } from "../../network/gpu/networkLayout";
import type { LatentModel } from "../../network/latentModel";

/** Rows that are encoded at once. */
const rowsAtOnce = 4096;

/** The encoder as it is after its training, on the device: what it makes of any number of rows. */
export class GpuEncoder {
  private readonly networks: GpuNetworks;
  private readonly step: GPUBuffer;
  private readonly capacity: number;

  /** @param rows the most rows that are encoded */
  constructor(
    private readonly device: GpuDevice,
    private readonly model: LatentModel,
    rows: number,
  ) {
    this.step = device.uniform(64);
    this.capacity = Math.min(rows, rowsAtOnce);
    const place = { device, rows: this.capacity, rowsPerParticle: 1, step: this.step, training: false };
    this.networks = new GpuNetworks([model.encoder], place);
    this.networks.load();
  }

  /** Bytes of the largest buffer that this needs. */
  static largestBuffer({ encoder }: LatentModel, rows: number): number {
    return GpuNetworks.largestBuffer([encoder.spec], Math.min(rows, rowsAtOnce));
  }

  /** What the network makes of encoder input [rows · features]: [rows · latent]. */
  async outputs(features: Float32Array): Promise<Float32Array> {
    const { device, networks, step, capacity } = this;
    const { featureSize, latent } = this.model.spec;
    const { activations } = networks.memory;
    const layers = networks.layout.networks[0]!.layers;
    const dispatches = await this.dispatches();
    const rows = features.length / featureSize;
    const [pitch, at] = [pitchOf(latent), 4 * layers.at(-1)!.output];
    const found = new Float32Array(rows * latent);
    for (let first = 0; first < rows; first += capacity) {
      const some = Math.min(capacity, rows - first);
      const own = features.subarray(first * featureSize, (first + some) * featureSize);
      device.write(activations, paddedRows(own, featureSize));
      device.write(step, Uint32Array.of(0, some, some));
      const to = new Float32Array(some * pitch);
      await device.run(dispatches, some, [{ buffer: activations, to, at }]);
      found.set(rowsWithoutPadding(to, latent), first * latent);
    }
    return found;
  }

  private dispatches(): Promise<Dispatch[]> {
    const { networks, device } = this;
    const { layers } = networks.layout.networks[0]!;
    const specs = [
      ...layers.slice(0, -1).map((layer) => networks.forward([layer])),
      ...networks.normPredict(0),
      networks.forward([layers.at(-1)!]),
    ];
    return Promise.all(specs.map((spec) => device.dispatch(spec)));
  }

  /** Frees the buffers. */
  dispose(): void {
    this.networks.dispose();
    this.step.destroy();
  }
}
