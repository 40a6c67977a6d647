import { resampler } from "../fourier/resample";
import type { MapImage } from "../maps/sections";
import type { ParticleSet } from "../particles/particleSet";

/** Edge of a thumbnail in pixels, at most. */
const maxThumbnail = 64;

/**
 * The image of a particle, resampled to `size` pixels of `apix` Å.
 * @throws InputError if the image is missing or damaged
 */
export async function particleImage(
  particles: ParticleSet,
  row: number,
  size: number,
  apix: number,
): Promise<MapImage> {
  const [image, data] = [await particles.readImages([row]), new Float32Array(size * size)];
  resampler(particles, { boxSize: size, apix })(image, 0, data, 0);
  return { data, width: size, height: size, apix };
}

/** The image of a particle as the scatter shows it beside the pointer, [size · size]. @throws InputError as {@link particleImage} */
export async function particleThumbnail(
  particles: ParticleSet,
  row: number,
): Promise<{ size: number; pixels: Float32Array }> {
  const size = Math.min(maxThumbnail, particles.boxSize);
  const { data } = await particleImage(particles, row, size, (particles.apix * particles.boxSize) / size);
  return { size, pixels: data };
}
