import { lowPass } from "../maps/filter";
import type { ParticleSet } from "../particles/particleSet";
import type { Figure } from "./figure";
import { type MontageOptions, montageFigure } from "./montageFigure";

export interface ParticlesFigureOptions extends MontageOptions {
  /** Particles to show, from 0. Default: sixteen, evenly through the set. */
  indices?: ArrayLike<number>;
  /** Å of a low-pass filter, for the eye only. Default: none. */
  resolution?: number;
}

/**
 * Images of some particles as they are in their stack, numbered from 0.
 * @throws InputError for particles that the set does not have, and what `readImages` throws
 */
export async function particlesFigure(
  set: ParticleSet,
  options: ParticlesFigureOptions = {},
): Promise<Figure> {
  const shown = Math.min(16, set.count);
  const indices = Array.from(
    options.indices ?? Array.from({ length: shown }, (_, i) => Math.floor((i * set.count) / shown)),
  );
  const { boxSize, apix } = set;
  const images = await set.readImages(indices);
  const pictures = indices.map((index, i) => {
    const raw = images.slice(i * boxSize ** 2, (i + 1) * boxSize ** 2);
    const data = options.resolution
      ? lowPass({ data: raw, size: [boxSize, boxSize, 1], apix }, options.resolution).data
      : raw;
    return { label: String(index), image: { data, width: boxSize, height: boxSize, apix } };
  });
  return montageFigure(pictures, { columns: Math.min(8, pictures.length), size: 100, ...options });
}
