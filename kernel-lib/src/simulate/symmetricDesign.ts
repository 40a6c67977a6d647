import { InputError } from "../errors";
import { rotationFromVector } from "../optics/pose";
import { Random } from "../random";
import { boxOf, checkLength, type DesignOptions, designRandom } from "./designOptions";
import { ellipsoid, modelOfPieces, movedPieces, type Piece } from "./molecule";
import { type SimulatedData, simulateFromModels } from "./simulateParticles";
import { stateCounts } from "./stateCounts";

/** A ring of equal units, one of which is moved, tilted or missing. */

/** Options of `simulate.symmetric`. */
export interface SymmetricOptions extends Omit<DesignOptions, "particlesPerState" | "fractions"> {
  /** Number of particles. Default 3,000. */
  particles?: number;
  /** Symmetry about z: C2, C3, … (one ring), or D2, D3, … (two rings, the second turned by 180° about x). Default C7. */
  symmetry?: string;
  /** What happens to one unit of a particle. Default `moved`. */
  unit?: "moved" | "tilted" | "missing";
  /** Largest displacement of a moved unit in box units. Default 0.1. */
  range?: number;
  /** Largest angle of a tilted unit in degrees, up to 90. Default 30. */
  angle?: number;
  /** Fraction of the particles whose units are all equal. Default 0.25. */
  unaffected?: number;
}

/**
 * Simulates a symmetric molecule around z, of which one unit, chosen at random in each particle, is moved along a line (outwards
 * and up at 45°, by a random amount), tilted (outwards about its foot, as a petal opens, by a random angle), or missing. `truth.csv` has the columns index (from 0), state, unit (0 for none, else
 * from 1; unit k of a ring is unit 1, on the x axis, turned by 360°·(k − 1)/n about z; the second ring of Dn has the units
 * n + 1 to 2n, the first ones turned about x) and displacement in box units (`moved`), angle in degrees (`tilted`), or missing, 0 or 1.
 * @throws InputError for options out of range; StoppedError
 * @example
 * ```ts
 * const data = await e2.simulate.symmetric({
 *   folder: "ring", symmetry: "C3", unit: "missing", particles: 8, boxSize: 32,
 * });
 * console.log(data.models.length); // 4: complete, or without one of three units
 * ```
 */
export async function simulateSymmetric(options: SymmetricOptions): Promise<SimulatedData> {
  const { unit = "moved", symmetry = "C7", moleculeSeed = 1 } = options;
  checkOptions(options);
  const places = unitPlaces(symmetry);
  const body = unitShape(moleculeSeed, places);
  const { affected, amounts, numbers } = unitStates(options, places.length);
  const changes = amounts.map((amount) => amount * mostOf(options));
  const models = affected.map((which, state) => {
    const other = changedUnit(body, unit, changes[state]!);
    const units = places.map((place, i) => placedPieces(i + 1 === which ? other : body, place));
    return modelOfPieces(boxOf(options), units.flat());
  });
  const truth = { unit: affected, [columnOf[unit]]: changes };
  return simulateFromModels(models, { ...options, ...numbers, truth });
}

/** Columns of truth.csv. */
const columnOf = { moved: "displacement", tilted: "angle", missing: "missing" } as const;

/** The largest change of a unit: box units, degrees, or 1. */
function mostOf({ unit = "moved", range = 0.1, angle = 30 }: SymmetricOptions): number {
  return { moved: range, tilted: angle, missing: 1 }[unit];
}

/** The unit around the origin, moved by so many box units, or tilted by so many degrees. */
function changedUnit(body: Piece[], unit: keyof typeof columnOf, change: number): Piece[] {
  if (unit === "missing") return [];
  if (unit === "moved") return movedPieces(body, [change * Math.SQRT1_2, 0, change * Math.SQRT1_2]);
  const foot = Math.min(...body.map(({ centre }) => centre[2]!));
  // Counter-clockwise about y the top turns to +x, away from the axis.
  const turned = turnedPieces(
    movedPieces(body, [0, 0, -foot]),
    rotationFromVector([0, (change * Math.PI) / 180, 0]),
  );
  return movedPieces(turned, [0, 0, foot]);
}

function checkOptions({
  unit = "moved",
  range = 0.1,
  angle = 30,
  unaffected = 0.25,
}: SymmetricOptions): void {
  if (!Object.hasOwn(columnOf, unit)) throw new InputError("unit", "moved, tilted or missing", `"${unit}"`);
  if (!(angle > 0 && angle <= 90)) throw new InputError("angle", "an angle of 0 to 90°", String(angle));
  if (!(unaffected >= 0 && unaffected <= 1)) {
    throw new InputError("unaffected", "a fraction of 0 to 1", String(unaffected));
  }
  checkLength("range", range, 0.2);
}

/** The affected unit of each state (0 for none) and how much it is affected, 0 to 1. A moved or tilted unit is different in each particle. */
function unitStates(options: SymmetricOptions, units: number) {
  const { unit = "moved", unaffected = 0.25, particles = 3000 } = options;
  if (unit === "missing") {
    const affected = Array.from({ length: units + 1 }, (_, i) => i);
    const fractions = affected.map((which) => (which === 0 ? unaffected : (1 - unaffected) / units));
    return { affected, amounts: affected.map(Math.sign), numbers: { particles, fractions } };
  }
  const counts = stateCounts(2, { particles, fractions: [unaffected, 1 - unaffected] });
  const random = designRandom(options);
  const drawn = Array.from({ length: particles }, (_, i) => {
    const [which, amount] = [1 + random.integer(units), random.uniform()];
    return i < counts[0]! ? { which: 0, amount: 0 } : { which, amount };
  });
  return {
    affected: drawn.map(({ which }) => which),
    amounts: drawn.map(({ amount }) => amount),
    numbers: { particles: undefined, particlesPerState: 1 },
  };
}

/** A place of a unit: its distance from the axis, its height, and the rotation (row-major) that follows. */
interface UnitPlace {
  radius: number;
  height: number;
  rotation: ArrayLike<number>;
}

/** Half of the space of a unit along the ring, in box units, where the ring has room for it. */
const halfUnit = 0.065;

/** Places of the units of Cn, or of Dn. @throws InputError for another symmetry */
function unitPlaces(symmetry: string): UnitPlace[] {
  const [, kind, number] = /^([CD])(\d{1,2})$/i.exec(symmetry.trim()) ?? [];
  const n = Number(number);
  if (!(n >= 2)) throw new InputError("symmetry", "C2 to C99 or D2 to D99", `"${symmetry}"`);
  const dihedral = kind!.toUpperCase() === "D";
  const radius = Math.min(0.25, Math.max(0.12, halfUnit / Math.sin(Math.PI / n)));
  const height = dihedral ? 0.11 : 0;
  const ring = Array.from({ length: n }, (_, k) => rotationFromVector([0, 0, (2 * Math.PI * k) / n]));
  // The rotation by 180° about x, after that about z, negates the rows of y and z.
  const turned = ring.map((rotation) => rotation.map((v, i) => (i < 3 ? v : -v)));
  return [...ring, ...(dihedral ? turned : [])].map((rotation) => ({ radius, height, rotation }));
}

/** An asymmetric unit around the origin: long along z, with a knob; smaller in large rings. */
function unitShape(seed: number, places: readonly UnitPlace[]): Piece[] {
  const random = new Random(seed).fork(20);
  const units = places[0]!.height > 0 ? places.length / 2 : places.length;
  const scale = Math.min(1, (places[0]!.radius * Math.sin(Math.PI / units)) / halfUnit);
  const body = ellipsoid(random, 14, [0.06, 0.045, 0.085]);
  const knob = movedPieces(ellipsoid(random, 4, [0.025, 0.025, 0.025]), [0.05, 0.03, 0.07]);
  return [...body, ...knob].map((piece) => ({
    ...piece,
    centre: piece.centre.map((c) => scale * c),
    sigma: scale * piece.sigma,
  }));
}

function placedPieces(pieces: readonly Piece[], { radius, height, rotation }: UnitPlace): Piece[] {
  return turnedPieces(movedPieces(pieces, [radius, 0, height]), rotation);
}

/** Pieces turned about the origin by a rotation (row-major). */
function turnedPieces(pieces: readonly Piece[], rotation: ArrayLike<number>): Piece[] {
  return pieces.map((piece) => ({
    ...piece,
    centre: [0, 1, 2].map((row) => piece.centre.reduce((sum, c, k) => sum + rotation[3 * row + k]! * c, 0)),
  }));
}
