import type { ImageSource } from "../reconstruction/imageSource";
import type { Motion } from "./motion";
import { type CorrectedReconstruction, type CorrectOptions, prepareCorrection } from "./motionCorrection";

/**
 * Reconstructs one state from all particles: each is back-projected into the frame of the state, its motion away from it undone by the
 * displacements of the Gaussians. Particles are divided into cells by their places; the sums of a cell are back-projected as
 * usual and carried into the state once (by the exact motion of rigid bodies, else by displacements interpolated between Gaussians, with the
 * volume element; what is around the molecule stays). In each shell particles count the more the nearer to the state they are, by what
 * cross-validation between halves tells of their maps. Where nothing moves the result is that of `reconstruct`, which is returned beside it.
 *
 * For several states see `prepareCorrection`, which back-projects them once.
 * @param motion places and decoder, of a run; of half 1 with `secondHalf`. Places of particles of the other half do not count then
 * @param state the place of the state, [latent]
 * @throws InputError as `reconstruct`, if places are not those of the source, and for halves without particles
 * @throws StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const run = await e2.openRun("RUN");
 * const { refined: places, latent } = await run.latents();
 * const motion = { latent, places, decode: (z: ArrayLike<number>) => run.decode(z) };
 * const { corrected, stateFsc } = await e2.correction.correctMotion(particles, motion, [0, 0], { cells: 4 });
 * console.log(corrected.map.size, stateFsc.length);
 * await particles.close();
 * run.close();
 * ```
 */
export async function correctMotion(
  source: ImageSource,
  motion: Motion,
  state: ArrayLike<number>,
  options: CorrectOptions = {},
): Promise<CorrectedReconstruction> {
  const cells = await prepareCorrection(source, motion, options);
  try {
    return await cells.state(state, options);
  } finally {
    await cells.close();
  }
}
