import { disc } from "../../fourier/disc";
import { product, transposed } from "../../optics/symmetry";
import type { ParticleTargets } from "../../particles/targets";
import { ImageGroups } from "../imageGroups";
import type { BatchPoses } from "../posterior/variants";

/** The particles of a set of which only some are needed, many times: their transforms are read once. */
export async function keepInMemory(
  targets: ParticleTargets,
  particles: ArrayLike<number>,
): Promise<ParticleTargets> {
  const needed = ImageGroups.of(targets)?.imagesOf(particles).images ?? particles;
  const transforms = await targets.batch(needed);
  const width = 2 * disc(targets.rings).samples;
  const rows = new Map(Array.from(needed, (particle, row) => [particle, row]));
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

/** The same particles, some of them in other poses. Those of tilt series are given for first images, whose tilts move along. */
export function withPoses(
  targets: ParticleTargets,
  particles: Int32Array,
  { rotations, shifts }: BatchPoses,
): ParticleTargets {
  const other = { rotations: targets.rotations.slice(), shifts: targets.shifts.slice() };
  const groups = ImageGroups.of(targets);
  if (groups) {
    const { images, rowOf } = groups.imagesOf(particles);
    for (const [i, image] of images.entries()) {
      const [head, row] = [groups.headOf(image), rowOf[i]!];
      const own = targets.rotations.subarray(9 * image, 9 * image + 9);
      const way = product(own, transposed(targets.rotations.subarray(9 * head, 9 * head + 9)));
      other.rotations.set(product(way, rotations.subarray(9 * row, 9 * row + 9)), 9 * image);
      const [x, y] = [0, 1].map((axis) => shifts[2 * row + axis]! - targets.shifts[2 * head + axis]!) as [
        number,
        number,
      ];
      other.shifts[2 * image]! += way[0]! * x + way[1]! * y;
      other.shifts[2 * image + 1]! += way[3]! * x + way[4]! * y;
    }
    return { ...targets, ...other };
  }
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
