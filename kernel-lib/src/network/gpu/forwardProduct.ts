import type { BoundBuffer, DispatchSpec } from "../../compute/gpu/dispatch";

/** What the product of a dense layer is made of. */
export interface ForwardProduct {
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
  /** Records of `shaders/layer.wgsl`, and their number. */
  layers: BoundBuffer;
  layerCount: number;
  activations: GPUBuffer;
  weights: GPUBuffer;
  /** Padded outputs of the widest layer. */
  columns: number;
  /** Rows for a number of particles. */
  rows: (count: number) => number;
}

/** Outputs from which a layer is computed in wide tiles. */
const wide = 2048;

/** Outputs of dense layers that do not wait for each other. */
export function forwardProduct(product: ForwardProduct): DispatchSpec {
  const { step, layers, layerCount, activations, weights, columns, rows } = product;
  const [across, down] = [columns >= wide ? 16 : 8, 8];
  return {
    files: ["step", "layer", "denseForward"],
    constants: { across, down },
    buffers: [step, layers, activations, weights],
    groups: (count) => [Math.ceil(columns / (4 * across)), Math.ceil(rows(count) / (4 * down)), layerCount],
  };
}
