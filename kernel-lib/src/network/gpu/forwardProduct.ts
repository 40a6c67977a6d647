import type { BoundBuffer, DispatchSpec } from "../../compute/gpu/dispatch";
import type { ProductForm } from "../../compute/gpu/gpuFeatures";
import { type Tile, tileOf } from "./tiles";

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
  /** Rows for a number of particles, and the most that there can be. */
  rows: (count: number) => number;
  mostRows: number;
  /** See `GpuDevice.productForm`. */
  form: ProductForm;
  /** Default: by size. */
  tile?: Tile | undefined;
}

/** Outputs of dense layers that do not wait for each other. */
export function forwardProduct(product: ForwardProduct): DispatchSpec {
  const { step, layers, layerCount, activations, weights, columns, rows, mostRows, form, tile } = product;
  const buffers = [step, layers, activations, weights];
  const inSubgroups = form === "subgroups";
  const { across, down, each } = inSubgroups
    ? { across: 64, down: 1, each: 8 }
    : (tile ?? tileOf({ columns, rows: mostRows, layers: layerCount }));
  const files = ["step", "layer", `tile${each}`];
  return {
    ...(inSubgroups
      ? { files: ["subgroups", ...files, "denseForwardSubgroups"], constants: { across } }
      : { files: [...files, "denseForward"], constants: { across, down } }),
    buffers,
    groups: (count) => [
      Math.ceil(columns / (4 * across)),
      Math.ceil(rows(count) / (each * down)),
      layerCount,
    ],
  };
}
