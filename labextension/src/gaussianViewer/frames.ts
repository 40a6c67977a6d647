/** Frames of a path as the kernel packs them: [frames · 5N], each parameter in steps of 1/65535 of its range. */
export interface PackedFrames {
  frames: Uint16Array;
  frameCount: number;
  frameLow: readonly number[];
  frameHigh: readonly number[];
}

/** The Gaussians [5N] of one frame. */
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

/** Which frame is due after `steps` steps from the first: to the end and back, or to the end and from the start again. */
export function frameAfter(steps: number, frameCount: number, backAndForth: boolean): number {
  if (frameCount < 2) return 0;
  if (!backAndForth) return steps % frameCount;
  const place = steps % (2 * frameCount - 2);
  return place < frameCount ? place : 2 * frameCount - 2 - place;
}

/** Steps of one whole round, which a movie shows. */
export function stepsOfRound(frameCount: number, backAndForth: boolean): number {
  return frameCount < 2 ? 1 : backAndForth ? 2 * frameCount - 2 : frameCount;
}
