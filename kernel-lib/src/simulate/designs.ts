import { circularStates, compositionalStates, linearStates } from "./molecule";
import { type SimulatedData, type SimulateOptions, simulateFromModels } from "./simulateParticles";

/** The simulated designs of Chen and Ludtke (2021): known motions of a small domain beside a large one. */

/** What all designs have in common. */
export interface DesignOptions extends Omit<SimulateOptions, "truth" | "particlesPerState"> {
  /** S in pixels; default 64. */
  boxSize?: number;
  /** Å per pixel; default 3. */
  apix?: number;
  /** Particles of each state. */
  particlesPerState?: number;
  /** Seed of the molecule's shape. Default 1: the same molecule for every `seed` of particles and noise. */
  moleculeSeed?: number;
}

export interface LinearMotionOptions extends DesignOptions {
  /** Default 20, with 200 particles each. */
  states?: number;
  /** Length of the path in box units; 0.22 and 0.36 in the published tests. Default 0.22. */
  range?: number;
}

export interface CircularMotionOptions extends DesignOptions {
  /** Default 36, with 100 particles each. */
  states?: number;
  /** Radius of the circle in box units. Default 0.12. */
  radius?: number;
}

const box = ({ boxSize = 64, apix = 3 }: DesignOptions) => ({ boxSize, apix });

/**
 * A small domain that moves along a straight line. `truth.csv` has the columns index (from 0), state, and
 * displacement: how far along its path the domain is, in box units from 0 to `range`.
 */
export async function simulateLinearMotion(options: LinearMotionOptions): Promise<SimulatedData> {
  const { states = 20, range = 0.22, particlesPerState = 200 } = options;
  const models = linearStates(box(options), states, range, options.moleculeSeed);
  const displacement = models.map((_, s) => (range * s) / (states - 1));
  return simulateFromModels(models, { ...options, particlesPerState, truth: { displacement } });
}

/** A small domain that moves around a circle. `truth.csv` has the columns index, state, and angle in degrees. */
export async function simulateCircularMotion(options: CircularMotionOptions): Promise<SimulatedData> {
  const { states = 36, radius = 0.12, particlesPerState = 100 } = options;
  const models = circularStates(box(options), states, radius, options.moleculeSeed);
  const angle = models.map((_, s) => (360 * s) / states);
  return simulateFromModels(models, { ...options, particlesPerState, truth: { angle } });
}

/**
 * Two small domains that come and go independently: four states, 500 particles of each by default. `truth.csv` has
 * the columns index, state, first and second (1 where the domain is there).
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
