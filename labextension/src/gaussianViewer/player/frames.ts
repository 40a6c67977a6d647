/** Frames of a path as the kernel packs them. */
export interface PackedFrames {
  /** [frames · 5N], each parameter in steps of 1/65535 of its range. */
  frames: Uint16Array;
  frameCount: number;
  /** Lowest x, y, z, amplitude and sigma of all frames. */
  frameLow: readonly number[];
  /** Highest x, y, z, amplitude and sigma of all frames. */
  frameHigh: readonly number[];
}

/** The Gaussians [5N] of frame `index`, from 0. */
export function unpackedFrame(
  { frames, frameCount, frameLow, frameHigh }: PackedFrames,
  index: number,
): Float32Array {
  const length = frameCount > 0 ? frames.length / frameCount : 0;
  const count = length / 5;
  const gaussians = new Float32Array(length);
  for (let row = 0; row < 5; row++) {
    const low = frameLow[row]!;
    const step = (frameHigh[row]! - low) / 65535;
    for (let i = 0; i < count; i++) {
      const at = row * count + i;
      gaussians[at] = low + step * frames[index * length + at]!;
    }
  }
  return gaussians;
}

/** The frame to show after `steps` steps from the first: to the end and back, or to the end and again from the start. */
export function frameAfter(steps: number, frameCount: number, backAndForth: boolean): number {
  if (frameCount < 2) return 0;
  if (!backAndForth) return steps % frameCount;
  const place = steps % (2 * frameCount - 2);
  return place < frameCount ? place : 2 * frameCount - 2 - place;
}

/** Steps of one round, which is what a movie shows. */
export function stepsOfRound(frameCount: number, backAndForth: boolean): number {
  return frameCount < 2 ? 1 : backAndForth ? 2 * frameCount - 2 : frameCount;
}
