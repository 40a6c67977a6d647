import { circularStates, compositionalStates, linearStates } from "./molecule";
import { type SimulatedData, type SimulateOptions, simulateFromModels } from "./simulateParticles";

/** The simulated data sets of Chen and Ludtke (2021): known motions of a small domain beside a large one. */

/** Options shared by all designs. */
export interface DesignOptions extends Omit<SimulateOptions, "truth" | "particlesPerState"> {
  /** S in pixels. Default 64. */
  boxSize?: number;
  /** Å per pixel. Default 3. */
  apix?: number;
  /** Particles per state. Default 200 (linear), 100 (circular) or 500 (composition). */
  particlesPerState?: number;
  /** Seed of the molecule's shape, independent of the `seed` of particles and noise. Default 1. */
  moleculeSeed?: number;
}

/** Options of `simulate.linearMotion`. */
export interface LinearMotionOptions extends DesignOptions {
  /** Number of states. Default 20. */
  states?: number;
  /** Length of the path in box units; 0.22 or 0.36 in the publication. Default 0.22. */
  range?: number;
}

/** Options of `simulate.circularMotion`. */
export interface CircularMotionOptions extends DesignOptions {
  /** Number of states. Default 36. */
  states?: number;
  /** Radius of the circle in box units. Default 0.12. */
  radius?: number;
}

const box = ({ boxSize = 64, apix = 3 }: DesignOptions) => ({ boxSize, apix });

/**
 * Simulates a small domain that moves along a line. `truth.csv` has the columns index (from 0), state, and displacement
 * (position along the path in box units, 0 to `range`).
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.linearMotion({
 *   folder: "linear", states: 2, particlesPerState: 5, boxSize: 32, snr: 0.5,
 * });
 * console.log(data.star, data.stateOf.length);
 * ```
 */
export async function simulateLinearMotion(options: LinearMotionOptions): Promise<SimulatedData> {
  const { states = 20, range = 0.22, particlesPerState = 200 } = options;
  const models = linearStates(box(options), states, range, options.moleculeSeed);
  const displacement = models.map((_, s) => (range * s) / (states - 1));
  return simulateFromModels(models, { ...options, particlesPerState, truth: { displacement } });
}

/**
 * Simulates a small domain that moves around a circle. `truth.csv` has the columns index (from 0), state, and angle in degrees.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.circularMotion({
 *   folder: "circular", states: 3, particlesPerState: 5, boxSize: 32,
 * });
 * console.log(data.truth);
 * ```
 */
export async function simulateCircularMotion(options: CircularMotionOptions): Promise<SimulatedData> {
  const { states = 36, radius = 0.12, particlesPerState = 100 } = options;
  const models = circularStates(box(options), states, radius, options.moleculeSeed);
  const angle = models.map((_, s) => (360 * s) / states);
  return simulateFromModels(models, { ...options, particlesPerState, truth: { angle } });
}

/**
 * Simulates compositional heterogeneity: two small domains that are present independently of each other, in four states.
 * `truth.csv` has the columns index (from 0), state, first and second (1 if the domain is present).
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.composition({ folder: "parts", particlesPerState: 5, boxSize: 32 });
 * console.log(data.models.length); // 4
 * ```
 */
export async function simulateComposition(options: DesignOptions): Promise<SimulatedData> {
  const models = compositionalStates(box(options), options.moleculeSeed);
  const truth = { first: [0, 1, 0, 1], second: [0, 0, 1, 1] };
  return simulateFromModels(models, {
    ...options,
    particlesPerState: options.particlesPerState ?? 500,
    truth,
  });
}
