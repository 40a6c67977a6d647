import { InputError } from "../errors";
import { rotationFromVector } from "../optics/pose";
import { Random } from "../random";
import {
  boxOf,
  type DesignOptions,
  designStates,
  fractionOf,
  type MotionOptions,
  numbersOr,
  partOf,
} from "./designOptions";
import { checkRange, type LinearMotionOptions } from "./designs";
import {
  ellipsoid,
  largeDomain,
  linearPlace,
  modelOfPieces,
  moleculeMaker,
  movedPieces,
  type Piece,
  secondPlace,
} from "./molecule";
import { type SimulatedData, simulateFromModels } from "./simulateParticles";

/** Designs of domains beside the paper's: none that moves, two that move independently, one that turns. */

/** Options of `simulate.tilt`. */
export interface TiltOptions extends MotionOptions {
  /** Number of states from 0 to `angle`. Default 10. */
  states?: number;
  /** Angle of the last state in degrees, up to 90. Default 8. */
  angle?: number;
}

/**
 * Simulates a molecule with one state only. `truth.csv` has the columns index (from 0) and state, which is 0.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.oneState({ folder: "homogeneous", particles: 10, boxSize: 32 });
 * console.log(data.models.length); // 1
 * ```
 */
export async function simulateOneState(options: DesignOptions): Promise<SimulatedData> {
  const model = moleculeMaker(boxOf(options), options.moleculeSeed)([linearPlace(0.5, 0)]);
  return simulateFromModels([model], { ...options, ...numbersOr(options, { particlesPerState: 3000 }) });
}

/**
 * Simulates two small domains that move independently of each other on different sides of the large one, the first along y,
 * the second along z. `truth.csv` has the columns index (from 0), state, first and second (positions along the paths in box
 * units, 0 to `range`). There are states² states.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.twoDomains({
 *   folder: "two", continuous: true, particles: 10, boxSize: 32,
 * });
 * console.log(data.models.length); // 10: each particle has its own places
 * ```
 */
export async function simulateTwoDomains(options: LinearMotionOptions): Promise<SimulatedData> {
  const { states = 10, range = 0.22 } = options;
  const variable = { states, least: 2 };
  const { places, numbers } = designStates(options, [variable, variable], 40);
  checkRange(range);
  const molecule = moleculeMaker(boxOf(options), options.moleculeSeed);
  const models = places.map(([one, two]) =>
    molecule([linearPlace(fractionOf(one!), range), secondPlace(fractionOf(two!), range)]),
  );
  const first = places.map(([one]) => partOf(range, one!));
  const second = places.map(([, two]) => partOf(range, two!));
  return simulateFromModels(models, { ...options, ...numbers, truth: { first, second } });
}

/** Where the arm of the tilt design is attached to the large domain, in box units. */
const hinge = [0, 0, 0] as const;

/**
 * Simulates an arm that turns by up to `angle` about a hinge on the large domain, counter-clockwise about z. `truth.csv` has the
 * columns index (from 0), state, and angle in degrees.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.tilt({
 *   folder: "tilt", angle: 11, states: 3, particlesPerState: 5, boxSize: 32,
 * });
 * console.log(data.stateOf.length); // 15
 * ```
 */
export async function simulateTilt(options: TiltOptions): Promise<SimulatedData> {
  const { states = 10, angle = 8 } = options;
  const { places, numbers } = designStates(options, [{ states, least: 2 }], 300);
  if (!(angle > 0 && angle <= 90)) throw new InputError("angle", "an angle of 0 to 90°", String(angle));
  const box = boxOf(options);
  const { moleculeSeed = 1 } = options;
  const large = largeDomain(moleculeSeed);
  const arm = armDomain(moleculeSeed);
  const angles = places.map(([place]) => partOf(angle, place!));
  const models = angles.map((degrees) => modelOfPieces(box, [...large, ...turnedAboutHinge(arm, degrees)]));
  return simulateFromModels(models, { ...options, ...numbers, truth: { angle: angles } });
}

/** An arm along x from near the hinge outwards. */
function armDomain(seed: number): Piece[] {
  const shape = ellipsoid(new Random(seed).fork(3), 24, [0.12, 0.06, 0.05]);
  return movedPieces(shape, [0.16, 0, 0]);
}

function turnedAboutHinge(pieces: readonly Piece[], degrees: number): Piece[] {
  const rotation = rotationFromVector([0, 0, (degrees * Math.PI) / 180]);
  return pieces.map((piece) => {
    const arm = piece.centre.map((c, axis) => c - hinge[axis]!);
    const centre = hinge.map((c, row) => arm.reduce((sum, v, k) => sum + rotation[3 * row + k]! * v, c));
    return { ...piece, centre };
  });
}
