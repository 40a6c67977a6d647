import { InputError } from "../errors";
import { Population } from "../latent/motions/population";

/** Particles of a run, and the axes along which their motion is undone. */
export interface PlacedParticles {
  latent: number;
  axes: readonly number[];
  /** Rows of the particles that take part. */
  indices: ArrayLike<number>;
}

/**
 * A check of states: far from all particles the decoder extrapolates, and what is undone there is invented alike in both halves, whose
 * FSC would be that of the invention.
 * @param places of all particles, [n · latent]
 * @returns a function that throws an InputError for such a state
 */
export function requireParticlesAround(
  places: Float32Array,
  { latent, axes, indices }: PlacedParticles,
): (state: ArrayLike<number>) => void {
  const own = new Float32Array(indices.length * axes.length);
  for (let i = 0; i < indices.length; i++)
    for (const [a, d] of axes.entries()) own[i * axes.length + a] = places[indices[i]! * latent + d]!;
  const differ = own.some((z, i) => z !== own[i % axes.length]);
  if (!differ || indices.length < 3) return () => {};
  const population = new Population(own, axes.length);
  return (state) => {
    if (!population.isFar(axes.map((d) => state[d]!))) return;
    const given = Array.from(state, (z) => String(Number(z.toFixed(2)))).join(", ");
    throw new InputError("state", "a place that particles are around", given);
  };
}
