import { InputError } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import { beginTask } from "../../progress";
import type { Latents } from "../runs/latentsTable";
import { fewestTested, type LeakOptions, type Leaks, measureLeaks } from "./leaks";
import { nuisancesOf } from "./nuisancesOf";

/** Options of `Run.leaks`. */
export interface RunLeaksOptions extends LeakOptions {
  /** Further columns of the particle file to test, by the names of `particles.columns`. Default none. */
  columns?: readonly string[];
}

/** Particles of a run and their places. */
export interface PlacedParticles {
  /** All particles, with a symmetry their copies. */
  set: ParticleSet;
  latents: Pick<Latents, "latent" | "refined" | "standardDeviation">;
  /** Symmetry copies of each particle. */
  copies: number;
  /** Particles that are left out, by their number in `set`. */
  excluded: readonly number[];
}

/** Places of another program, as `latent.readPlaces` reads them. */
export interface OthersPlaces {
  /** Dimensions of the latent space. */
  latent: number;
  /** [particles · latent] */
  places: ArrayLike<number>;
}

/**
 * Whether places of another program depend on what must not matter: view, in-plane angle, shift, defocus, optics group, micrograph,
 * half set, and further columns; see `measureLeaks`. Without standard deviations all particles count as equally well known.
 * @param set the particles, in the order of the places
 * @throws InputError unless there is a place for each particle
 * @example
 * ```ts no-run
 * const particles = await e2.particles.open("particles.star");
 * const theirs = await e2.latent.readPlaces("z.24.pkl");
 * const { sentence } = await e2.evidence.leaksOfPlaces(particles, theirs);
 * console.log(sentence);
 * ```
 */
export async function leaksOfPlaces(
  set: ParticleSet,
  { latent, places }: OthersPlaces,
  options: RunLeaksOptions = {},
): Promise<Leaks> {
  const { columns, ...rest } = beginTask(options);
  if (places.length !== latent * set.count) {
    const found = String(places.length / latent);
    throw new InputError("places", `those of the ${set.count} particles of ${set.file}`, found);
  }
  return measureLeaks({ latent, places, nuisances: nuisancesOf(set, columns) }, rest);
}

/**
 * Leaks of a run, of the particles that were not left out of its training. The copies of a particle share an image and so are no
 * independent samples: of a symmetric run one copy of each particle is taken, of each the next one.
 * @returns undefined if there are too few particles
 */
export async function placedLeaks(
  { set, latents, copies, excluded }: PlacedParticles,
  options: RunLeaksOptions,
): Promise<Leaks | undefined> {
  const { columns, ...rest } = beginTask(options);
  const { latent, refined, standardDeviation } = latents;
  const outside = new Set(excluded);
  const rows = Int32Array.from({ length: set.count / copies }, (_, i) => i * copies + (i % copies));
  const used = rows.filter((row) => !outside.has(row));
  if (used.length < fewestTested) return undefined;
  const ofUsed = (values: Float32Array) =>
    Float32Array.from({ length: used.length * latent }, (_, i) => {
      return values[used[Math.floor(i / latent)]! * latent + (i % latent)]!;
    });
  const nuisances = nuisancesOf(set.select(used), columns);
  const places = { places: ofUsed(refined), standardDeviations: ofUsed(standardDeviation) };
  return measureLeaks({ latent, ...places, nuisances }, rest);
}
