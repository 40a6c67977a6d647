import type { ParticleSet } from "../../../particles/particleSet";
import type { ParticlePoses } from "../../../particles/writePoses";
import type { ImageSource } from "../../../reconstruction/imageSource";

/** The images of a set in other poses. */
export function posedSource(set: ParticleSet, poses: ParticlePoses): ImageSource {
  const [rotations, shifts] = [Float32Array.from(poses.rotations), Float32Array.from(poses.shifts)];
  return {
    count: set.count,
    boxSize: set.boxSize,
    apix: set.apix,
    images: set.images,
    opticsGroup: (i) => set.opticsGroup(i),
    rotations: () => rotations,
    shifts: () => shifts,
    ctf: (i) => set.ctf(i),
    imageStamp: () => set.imageStamp(),
    readGroupImages: (indices) => set.readGroupImages(indices),
  };
}

/** Poses of some particles. */
export function pickPoses({ rotations, shifts }: ParticlePoses, indices: Int32Array): ParticlePoses {
  const out = {
    rotations: new Float64Array(9 * indices.length),
    shifts: new Float64Array(2 * indices.length),
  };
  for (const [i, index] of indices.entries()) {
    for (let j = 0; j < 9; j++) out.rotations[9 * i + j] = rotations[9 * index + j]!;
    for (let j = 0; j < 2; j++) out.shifts[2 * i + j] = shifts[2 * index + j]!;
  }
  return out;
}

/** Poses of all particles, some of them from another list. */
export function mergedPoses(all: ParticlePoses, part: ParticlePoses, indices: Int32Array): ParticlePoses {
  const out = { rotations: Float64Array.from(all.rotations), shifts: Float64Array.from(all.shifts) };
  for (const [i, index] of indices.entries()) {
    for (let j = 0; j < 9; j++) out.rotations[9 * index + j] = part.rotations[9 * i + j]!;
    for (let j = 0; j < 2; j++) out.shifts[2 * index + j] = part.shifts[2 * i + j]!;
  }
  return out;
}
