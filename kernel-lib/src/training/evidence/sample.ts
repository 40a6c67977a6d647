import { disc } from "../../fourier/disc";
import type { ParticleTargets } from "../../particles/targets";
import type { BatchPoses } from "../posterior/variants";

/** The particles of a set of which only some are needed, many times: their transforms are read once. */
export async function keepInMemory(
  targets: ParticleTargets,
  particles: ArrayLike<number>,
): Promise<ParticleTargets> {
  const transforms = await targets.batch(particles);
  const width = 2 * disc(targets.rings).samples;
  const rows = new Map(Array.from(particles, (particle, row) => [particle, row]));
  return {
    ...targets,
    inMemory: true,
    batch: async (indices) => {
      const out = new Float32Array(indices.length * width);
      for (let i = 0; i < indices.length; i++) {
        const row = rows.get(indices[i]!)!;
        out.set(transforms.subarray(row * width, (row + 1) * width), i * width);
      }
      return out;
    },
    dispose: async () => undefined,
  };
}

/** The same particles, some of them in other poses. */
export function withPoses(
  targets: ParticleTargets,
  particles: Int32Array,
  { rotations, shifts }: BatchPoses,
): ParticleTargets {
  const other = { rotations: targets.rotations.slice(), shifts: targets.shifts.slice() };
  for (const [row, particle] of particles.entries()) {
    other.rotations.set(rotations.subarray(9 * row, 9 * row + 9), 9 * particle);
    other.shifts.set(shifts.subarray(2 * row, 2 * row + 2), 2 * particle);
  }
  return { ...targets, ...other };
}

/** At most `count` of the particles, evenly spaced. */
export function evenly(particles: Int32Array, count: number): Int32Array {
  if (count >= particles.length) return particles;
  return Int32Array.from({ length: count }, (_, i) => particles[Math.floor((i * particles.length) / count)]!);
}
