import { InputError } from "../errors";
import { Random } from "../random";
import type { MoleculeBox } from "./molecule";
import type { SimulateOptions } from "./simulateParticles";
import type { ParticleNumbers } from "./stateCounts";

/** Options shared by all designs. */
export interface DesignOptions extends Omit<SimulateOptions, "truth"> {
  /** S in pixels. Default 64. */
  boxSize?: number;
  /** Å per pixel. Default 3. */
  apix?: number;
  /**
   * Particles per state. Default 200 (linear), 100 (circular, linear with occupancy), 500 (composition), 40 (two domains), 300
   * (tilt) or 3,000 (one state). Assembly states and symmetric molecules have numbers of `particles` in total.
   */
  particlesPerState?: number;
  /** Seed of the molecule's shape, independent of the `seed` of particles and noise. Default 1. */
  moleculeSeed?: number;
}

/** Options of the designs in which a domain moves. */
export interface MotionOptions extends DesignOptions {
  /** Number of states along the motion, evenly spaced. */
  states?: number;
  /** Whether each particle has its own random place along the motion, uniformly, instead of that of a state. Default false. */
  continuous?: boolean;
}

/** Box of a design. */
export const boxOf = ({ boxSize = 64, apix = 3 }: DesignOptions): MoleculeBox => ({ boxSize, apix });

/** The numbers of particles of a design: those that the user gives, else its default. */
export function numbersOr(options: ParticleNumbers, standard: ParticleNumbers): ParticleNumbers {
  const { particlesPerState, particles, fractions } = options;
  if (particlesPerState === undefined && particles === undefined)
    return { ...standard, ...(fractions && { fractions }) };
  return { particlesPerState, particles, fractions };
}

/** A place along a motion, `step` of `steps`. */
export interface Step {
  step: number;
  steps: number;
}

/** The part of a length at a step. */
export const partOf = (length: number, { step, steps }: Step): number => (length * step) / steps;
/** The place of a step as a fraction, 0 to 1. */
export const fractionOf = ({ step, steps }: Step): number => step / steps;

/** One of the things that vary independently of each other. */
export interface Variable {
  /** Number of states. */
  states: number;
  /** Least number of states. */
  least: number;
  /** Whether the last state is followed by the first one. Default false. */
  closed?: boolean;
  /** Whether there is nothing between the states. Default false. */
  discrete?: boolean;
}

/** The states of a design and their numbers of particles. */
export interface DesignStates {
  /** For each state the place of each variable. */
  places: Step[][];
  numbers: ParticleNumbers;
}

/**
 * All combinations of the states of variables, the first one changing fastest; for a continuous design one random combination
 * per particle.
 * @param particlesPerState default of the design
 * @throws InputError for numbers of states that are too small
 */
export function designStates(
  options: MotionOptions,
  variables: readonly Variable[],
  particlesPerState: number,
): DesignStates {
  for (const { states, least } of variables) checkStates(states, least);
  const stepsOf = ({ states, closed = false }: Variable) => (closed ? states : states - 1);
  const combinations = variables.reduce<Step[][]>(
    (before, variable) =>
      Array.from({ length: variable.states }, (_, step) => ({ step, steps: stepsOf(variable) })).flatMap(
        (place) => before.map((places) => [...places, place]),
      ),
    [[]],
  );
  if (!options.continuous)
    return { places: combinations, numbers: numbersOr(options, { particlesPerState }) };
  if (options.fractions) throw new InputError("fractions", "not given for a continuous motion");
  const total = options.particles ?? combinations.length * (options.particlesPerState ?? particlesPerState);
  const random = designRandom(options);
  const draw = (variable: Variable) =>
    variable.discrete
      ? { step: random.integer(variable.states), steps: stepsOf(variable) }
      : { step: random.uniform(), steps: 1 };
  return {
    places: Array.from({ length: total }, () => variables.map(draw)),
    numbers: { particles: undefined, particlesPerState: 1 },
  };
}

/** The generator of what a design draws, independent of those of particles and noise. */
export const designRandom = ({ seed = 1 }: DesignOptions): Random => new Random(seed).fork(10);

function checkStates(states: number, least: number): void {
  if (!Number.isInteger(states) || states < least) {
    throw new InputError("states", `a whole number of ${least} or more`, String(states));
  }
}

/** @throws InputError unless a length in box units is above 0 and at most `most` */
export function checkLength(name: string, value: number, most: number, what = ""): void {
  if (!(value > 0 && value <= most)) {
    throw new InputError(name, `${what}0 to ${most} box units`, String(value));
  }
}
