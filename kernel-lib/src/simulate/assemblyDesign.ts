import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";
import { boxOf, type DesignOptions, numbersOr } from "./designOptions";
import { ellipsoid, largeDomain, type MoleculeBox, modelOfPieces, movedPieces } from "./molecule";
import { type SimulatedData, simulateFromModels } from "./simulateParticles";

/** A molecule that is assembled from parts, as the ribosomal subunit of Chen and Ludtke (2021). */

/** Places of the five parts around the core, in box units, and their numbers of Gaussians. */
const parts = [
  { place: [0.15, -0.12, 0], gaussians: 12 },
  { place: [0.15, 0.08, 0.1], gaussians: 8 },
  { place: [-0.08, -0.08, -0.19], gaussians: 10 },
  { place: [-0.08, -0.23, 0.06], gaussians: 7 },
  { place: [-0.02, 0.22, -0.06], gaussians: 14 },
] as const;

/** Which parts each common state has. Neighbours in the course of the assembly differ by one or two parts. */
const commonStates = [
  [1, 0, 0, 0, 0],
  [1, 1, 0, 0, 0],
  [1, 1, 1, 0, 0],
  [1, 0, 1, 1, 0],
  [1, 1, 1, 1, 1],
] as const;
/** A sixth common state, with the last part before the third and fourth. */
const sixthState = [1, 1, 0, 0, 1] as const;
/** The rare state, which differs from the others by three parts. */
const rareState = [0, 0, 0, 1, 1] as const;

const standardFractions = {
  6: [0.25, 0.22, 0.2, 0.18, 0.14, 0.01],
  7: [0.22, 0.2, 0.18, 0.16, 0.12, 0.112, 0.008],
} as const;

/** Options of `simulate.assembly`. */
export interface AssemblyOptions extends DesignOptions {
  /** 6: five common states and a rare one. 7: six common states, and a rare one of 0.8 %. Default 6. */
  states?: 6 | 7;
}

/**
 * At this SNR an ideal observer, who knows the models of the states, their fractions and the poses, and assigns each particle to
 * the most probable state, has an adjusted Rand index of 0.89 (tests/bench/idealObserver.ts, 64 pixels of 3 Å).
 */
const standardSnr = { withoutCtf: 0.096, withCtf: 0.036 } as const;

/**
 * Simulates six (or seven) assembly states of a molecule: a core and five parts in six combinations, 7,000 particles, 1 % of them
 * in the last state. `truth.csv` has the columns index (from 0), state, and part1 to part5 (1 if the part is present).
 *
 * The default SNR is 0.096, or 0.036 with a CTF: an ideal observer, who knows the models, fractions and poses and assigns each
 * particle to the most probable state, has an adjusted Rand index of 0.89 there, and finds the last state with a precision of
 * 100 % and a recall of 99 % (64 pixels of 3 Å).
 * @param options `fractions` of the states; default 0.25, 0.22, 0.2, 0.18, 0.14, 0.01, and of seven 0.22, 0.2, 0.18, 0.16,
 *   0.12, 0.112, 0.008
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.assembly({ folder: "assembly", particles: 100, boxSize: 32 });
 * console.log(data.stateOf.filter((state) => state === 5).length); // 1
 * ```
 */
export async function simulateAssembly(options: AssemblyOptions): Promise<SimulatedData> {
  const { states: number = 6 } = options;
  if (number !== 6 && number !== 7) throw new InputError("states", "6 or 7", String(number));
  const states = [...commonStates, ...(number === 7 ? [sixthState] : []), rareState];
  const models = assemblyStates(states, boxOf(options), options.moleculeSeed);
  const truth = Object.fromEntries(parts.map((_, p) => [`part${p + 1}`, states.map((state) => state[p]!)]));
  const { particlesPerState, fractions = standardFractions[number] } = options;
  const hasCtf = options.ctf !== undefined && options.ctf !== "none";
  return simulateFromModels(models, {
    ...options,
    snr: options.snr ?? (hasCtf ? standardSnr.withCtf : standardSnr.withoutCtf),
    ...numbersOr({ ...options, ...(particlesPerState === undefined && { fractions }) }, { particles: 7000 }),
    truth,
  });
}

function assemblyStates(states: readonly (readonly number[])[], box: MoleculeBox, seed = 1): GaussianModel[] {
  const core = largeDomain(seed);
  const shapes = parts.map(({ place, gaussians }, p) =>
    movedPieces(ellipsoid(new Random(seed).fork(4 + p), gaussians, [0.05, 0.055, 0.06]), place),
  );
  return states.map((state) => {
    const present = shapes.filter((_, p) => state[p] === 1);
    return modelOfPieces(box, [...core, ...present.flat()]);
  });
}
