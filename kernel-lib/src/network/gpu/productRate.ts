import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { forwardProduct } from "./forwardProduct";
import { pitchOf } from "./networkLayout";

/** A product of matrices, [rows · inputs] × [inputs · outputs]. */
export interface ProductShape {
  rows: number;
  inputs: number;
  outputs: number;
}

/** The largest product of a training step: the last layer of the decoder for 3,082 Gaussians, all five parameters, networks of 512. */
export const largestProduct: ProductShape = { rows: 32, inputs: 512, outputs: 15410 };

/**
 * 10⁹ multiplications and additions a second in a product by the kernel of the networks: the best of some tries, in which it is
 * repeated until that takes long enough to be timed.
 * @param form default: that of the device
 */
export async function productRate(
  device: GpuDevice,
  { rows, inputs, outputs }: ProductShape,
  form = device.productForm,
): Promise<number> {
  const [pitch, columns] = [pitchOf(inputs), pitchOf(outputs)];
  const buffers = {
    step: device.uniform(64),
    layers: device.buffer(32),
    activations: device.buffer(4 * rows * (pitch + columns)),
    weights: device.buffer(4 * (pitch + 1) * columns),
  };
  device.write(buffers.step, Uint32Array.of(0, rows, rows));
  const output = (rows * pitch) / 4;
  device.write(buffers.layers, Uint32Array.of(pitch / 4, columns / 4, 0, 0, output, 0, 0, 0));
  const dispatch = await device.dispatch(
    forwardProduct({ ...buffers, layerCount: 1, columns, rows: (count) => count, mostRows: rows, form }),
  );
  let best = 0;
  const deadline = performance.now() + 400;
  for (let repeats = 1; repeats === 1 || performance.now() < deadline; ) {
    const milliseconds = await device.time({ dispatches: Array(repeats).fill(dispatch), count: rows });
    best = Math.max(best, (2 * rows * inputs * outputs * repeats) / milliseconds / 1e6);
    if (milliseconds < 20 && repeats < 4096) repeats *= 2;
    else if (repeats === 1) break;
  }
  for (const buffer of Object.values(buffers)) buffer.destroy();
  return best;
}
