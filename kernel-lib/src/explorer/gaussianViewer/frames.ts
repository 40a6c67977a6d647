import type { GaussianModel } from "../../model/gaussianModel";
import { quantise } from "./quantise";
import type { GaussianViewerState } from "./state";

/** Bytes of one message, at most. */
export const maxMessageBytes = 5_000_000;

/** Parameters of a Gaussian: x, y, z, amplitude, sigma. */
const parameters = 5;

/** The traits that hold a recorded motion. */
export type FrameTraits = Pick<GaussianViewerState, "frames" | "frameCount" | "frameLow" | "frameHigh">;

/** Indices of evenly spaced models, first and last included, as many as fit into one message. */
export function frameIndices(models: number, gaussians: number): number[] {
  const most = Math.max(2, Math.floor(maxMessageBytes / (2 * parameters * gaussians)));
  if (models <= most) return Array.from({ length: models }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (models - 1)) / (most - 1)));
}

/** Models as frames, each parameter in 16 bits over its range in all frames. @param count Gaussians of each model */
export function recordFrames(models: readonly GaussianModel[], count: number): FrameTraits {
  const frames = new Uint16Array(models.length * parameters * count);
  const ranges = Array.from({ length: parameters }, (_, row) => {
    const values = new Float32Array(models.length * count);
    models.forEach(({ params }, f) => {
      values.set(params.subarray(row * count, (row + 1) * count), f * count);
    });
    const { data, low, high } = quantise(values);
    models.forEach((_model, f) => {
      frames.set(data.subarray(f * count, (f + 1) * count), (parameters * f + row) * count);
    });
    return { low, high };
  });
  return {
    frames,
    frameCount: models.length,
    frameLow: ranges.map(({ low }) => low),
    frameHigh: ranges.map(({ high }) => high),
  };
}
