import {
  boxOf,
  checkLength,
  type DesignOptions,
  designStates,
  fractionOf,
  type MotionOptions,
  numbersOr,
  partOf,
} from "./designOptions";
import { circularPlace, compositionalStates, linearPlace, moleculeMaker, occupiedPlace } from "./molecule";
import { type SimulatedData, simulateFromModels } from "./simulateParticles";

/** The simulated data sets of Chen and Ludtke (2021): known motions of a small domain beside a large one. */

/** Options of `simulate.linearMotion`, `simulate.linearOccupancy` and `simulate.twoDomains`. */
export interface LinearMotionOptions extends MotionOptions {
  /** Number of states along the line. Default 20; 10 for each of two domains. */
  states?: number;
  /** Length of the path in box units; 0.22 or 0.36 in the publication. Default 0.22. */
  range?: number;
}

/** Options of `simulate.circularMotion`. */
export interface CircularMotionOptions extends MotionOptions {
  /** Number of states. Default 36. */
  states?: number;
  /** Radius of the circle in box units. Default 0.12. */
  radius?: number;
}

/** @throws InputError for the length of a path out of range */
export const checkRange = (range: number): void => checkLength("range", range, 0.6, "a path of ");

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
  const { states = 20, range = 0.22 } = options;
  const { places, numbers } = designStates(options, [{ states, least: 2 }], 200);
  checkRange(range);
  const molecule = moleculeMaker(boxOf(options), options.moleculeSeed);
  const models = places.map(([place]) => molecule([linearPlace(fractionOf(place!), range)]));
  const displacement = places.map(([place]) => partOf(range, place!));
  return simulateFromModels(models, { ...options, ...numbers, truth: { displacement } });
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
  const { states = 36, radius = 0.12 } = options;
  const { places, numbers } = designStates(options, [{ states, least: 3, closed: true }], 100);
  checkLength("radius", radius, 0.3);
  const molecule = moleculeMaker(boxOf(options), options.moleculeSeed);
  const models = places.map(([place]) => molecule([circularPlace(partOf(2 * Math.PI, place!), radius)]));
  const angle = places.map(([place]) => partOf(360, place!));
  return simulateFromModels(models, { ...options, ...numbers, truth: { angle } });
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
  const models = compositionalStates(boxOf(options), options.moleculeSeed);
  const truth = { first: [0, 1, 0, 1], second: [0, 0, 1, 1] };
  return simulateFromModels(models, {
    ...options,
    ...numbersOr(options, { particlesPerState: 500 }),
    truth,
  });
}

/**
 * Simulates motion and composition together: a small domain moves along a line, and a second one elsewhere is present in half of
 * the particles, whatever the place of the first. `truth.csv` has the columns index (from 0), state, displacement (position
 * along the path in box units, 0 to `range`) and present (1 if the second domain is there). There are twice as many states as
 * places along the line.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.linearOccupancy({
 *   folder: "occupancy", states: 2, particlesPerState: 5, boxSize: 32,
 * });
 * console.log(data.models.length); // 4
 * ```
 */
export async function simulateLinearOccupancy(options: LinearMotionOptions): Promise<SimulatedData> {
  const { states = 20, range = 0.22 } = options;
  const variables = [
    { states, least: 2 },
    { states: 2, least: 2, discrete: true },
  ];
  const { places, numbers } = designStates(options, variables, 100);
  checkRange(range);
  const molecule = moleculeMaker(boxOf(options), options.moleculeSeed);
  const models = places.map(([place, there]) => {
    const moving = linearPlace(fractionOf(place!), range);
    return molecule(there!.step === 1 ? [moving, occupiedPlace] : [moving]);
  });
  const displacement = places.map(([place]) => partOf(range, place!));
  const present = places.map(([, there]) => there!.step);
  return simulateFromModels(models, { ...options, ...numbers, truth: { displacement, present } });
}
