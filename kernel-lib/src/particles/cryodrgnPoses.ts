import { InputError } from "../errors";
import { arraysIn, readPickle } from "../formats/pickle";
import type { ParticleSet } from "./particleSet";
import type { ParticlePoses } from "./writePoses";

/**
 * Reads poses of cryoDRGN (`pose.pkl`, also those that it refined), for {@link ParticlePoses} of particles in the same order:
 * rotation matrices reference → image, which are RELION's, and translations, RELION's origins as fractions of the box
 * (cryodrgn/commands/parse_pose_star.py). The pickle is read as data, nothing in it is executed.
 *
 * @returns poses for `writePoses`; shifts are 0 if the file has rotations only
 * @throws InputError for another pickle, or one of another number of particles
 * @example
 * ```ts no-run
 * const particles = await e2.particles.open("particles.star");
 * const poses = await e2.particles.readCryodrgnPoses("pose.pkl", particles);
 * await e2.particles.writePoses("posed.star", particles, poses);
 * ```
 */
export async function readCryodrgnPoses(file: string, particles: ParticleSet): Promise<ParticlePoses> {
  const arrays = arraysIn(await readPickle(file));
  const { count } = particles;
  const shapes = arrays.map(({ shape }) => shape.join(" × "));
  const expected = [`${count} × 3 × 3`, `${count} × 2`];
  if (shapes.length < 1 || shapes.length > 2 || shapes.some((shape, i) => shape !== expected[i])) {
    const wanted = `rotations ${expected[0]} and translations ${expected[1]} of the particles of ${particles.file}`;
    throw new InputError(file, wanted, shapes.join(", ") || "no array");
  }
  const [rotations, translations] = arrays;
  const shifts = new Float64Array(2 * count);
  for (let i = 0; translations && i < count; i++) {
    const { boxSize, apix } = particles.opticsGroup(i);
    // As RELION's origins, the negative of the particle's position.
    for (const axis of [0, 1]) shifts[2 * i + axis] = -translations.values[2 * i + axis]! * boxSize * apix;
  }
  return { rotations: rotations!.values, shifts };
}
