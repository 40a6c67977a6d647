import { lowPass } from "../maps/filter";
import type { ParticleSet } from "../particles/particleSet";
import type { Figure } from "./figure";
import { type MontageFigureOptions, montageFigure } from "./montageFigure";

/** Options of a figure of particles. */
export interface ParticlesFigureOptions extends MontageFigureOptions {
  /** Particle rows from 0. Default sixteen, evenly spaced. */
  indices?: ArrayLike<number>;
  /** Å of a low-pass filter, for the eye only. Default none. */
  resolution?: number;
}

/**
 * Images of some particles as they are in their stack, labelled with their rows from 0.
 *
 * @param options `columns` default at most 8, `size` 100
 * @throws InputError for rows that do not exist, and for images that are missing or damaged
 *
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * await e2.show(await e2.figures.particles(particles, { indices: [0, 1, 2, 3], resolution: 15 }));
 * await particles.close();
 * ```
 */
export async function particlesFigure(
  particles: ParticleSet,
  options: ParticlesFigureOptions = {},
): Promise<Figure> {
  const { boxSize, apix, count } = particles;
  const shown = Math.min(16, count);
  const indices = Array.from(
    options.indices ?? Array.from({ length: shown }, (_, i) => Math.floor((i * count) / shown)),
  );
  const images = await particles.readImages(indices);
  const pictures = indices.map((index, i) => {
    const raw = images.slice(i * boxSize ** 2, (i + 1) * boxSize ** 2);
    const data = options.resolution
      ? lowPass({ data: raw, size: [boxSize, boxSize, 1], apix }, options.resolution).data
      : raw;
    return { label: String(index), image: { data, width: boxSize, height: boxSize, apix } };
  });
  return montageFigure(pictures, { columns: Math.min(8, pictures.length), size: 100, ...options });
}
