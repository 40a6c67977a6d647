import { emptyModel, type GaussianModel, Row } from "../model/gaussianModel";
import { Random } from "../random";

/**
 * The artificial molecule of the simulated tests of Chen and Ludtke (2021): a large static domain, and a small round one
 * (diameter 0.11 box units) that moves beside it, or is present in some states only.
 */

/** Diameter of the small domain in box units. */
export const domainDiameter = 0.11;
/** x of the small domain's path in box units; the large domain reaches to about 0.05. */
const pathX = 0.15;
const largeGaussians = 48;
const smallGaussians = 12;

/** Box of a simulated molecule. */
export interface MoleculeBox {
  /** S in pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
}

/** x, y and z in box units. */
export type Place = readonly [number, number, number];

/** Makes models of the large domain with small domains at the given places, in box units. */
export type MoleculeMaker = (places: readonly Place[]) => GaussianModel;

/**
 * Makes models of one molecule in several states; its shape is computed once.
 * @param seed of the shape of the domains; all small ones are equal
 */
export function moleculeMaker(box: MoleculeBox, seed = 1): MoleculeMaker {
  const large = largeDomain(seed);
  const small = smallDomain(seed);
  return (places) => modelOfPieces(box, [...large, ...places.flatMap((place) => movedPieces(small, place))]);
}

/** The large domain with small domains at the given places; see {@link moleculeMaker}. */
export function moleculeWithDomains(box: MoleculeBox, places: readonly Place[], seed = 1): GaussianModel {
  return moleculeMaker(box, seed)(places);
}

/** A model of Gaussians whose widths are given in box units. */
export function modelOfPieces(box: MoleculeBox, pieces: readonly Piece[]): GaussianModel {
  const count = pieces.length;
  const model = emptyModel(count, box.boxSize, box.apix);
  pieces.forEach(({ centre, amplitude, sigma }, i) => {
    for (let axis = 0; axis < 3; axis++) model.params[axis * count + i] = centre[axis]!;
    model.params[Row.amplitude * count + i] = amplitude;
    model.params[Row.sigma * count + i] = sigma * box.boxSize;
  });
  return model;
}

/** Gaussians moved by a vector in box units. */
export function movedPieces(pieces: readonly Piece[], by: readonly number[]): Piece[] {
  return pieces.map((piece) => ({ ...piece, centre: piece.centre.map((c, axis) => c + by[axis]!) }));
}

/** Place of the small domain on the line along y; `fraction` 0 to 1 is −range/2 to range/2 box units. */
export const linearPlace = (fraction: number, range: number): Place => [pathX, range * (fraction - 0.5), 0];

/** Place of the small domain on the circle in the plane x = 0.15 that starts along y, at an angle in radians. */
export const circularPlace = (angle: number, radius: number): Place => [
  pathX,
  radius * Math.cos(angle),
  radius * Math.sin(angle),
];

/** Place of the second small domain of the design of a linear motion with occupancy, below the large domain. */
export const occupiedPlace: Place = [-0.08, -0.08, -0.18];

/** Place of the second domain that moves independently: on a line along z; see {@link linearPlace}. */
export const secondPlace = (fraction: number, range: number): Place => [
  -0.08,
  -0.24,
  range * (fraction - 0.5),
];

/** The four states of two small domains: neither, the first, the second, both. */
export function compositionalStates(box: MoleculeBox, seed = 1): GaussianModel[] {
  const first: Place = [pathX, -0.12, 0];
  const second: Place = [pathX, 0.08, 0.1];
  return [[], [first], [second], [first, second]].map(moleculeMaker(box, seed));
}

/** One Gaussian of a shape. */
export interface Piece {
  /** In box units. */
  centre: number[];
  amplitude: number;
  /** In box units. */
  sigma: number;
}

/** An asymmetric domain: an ellipsoid with a knob, of well separated Gaussians with random amplitudes. */
export function largeDomain(seed: number): Piece[] {
  const random = new Random(seed).fork(1);
  const axes = [0.09, 0.16, 0.12];
  const middle = [-0.08, 0, 0];
  const inside = () => ballPoint(random).map((c, axis) => middle[axis]! + axes[axis]! * c);
  const knob = () => ballPoint(random).map((c, axis) => [-0.12, 0.13, 0.15][axis]! + 0.05 * c);
  return spread(largeGaussians, (i) => (i % 8 === 0 ? knob() : inside())).map((centre) => ({
    centre,
    amplitude: 0.5 + random.uniform(),
    sigma: 0.026,
  }));
}

/** A ball whose density falls to about half at 0.055 box units from its centre. */
function smallDomain(seed: number): Piece[] {
  const reach = domainDiameter / 2;
  return ellipsoid(new Random(seed).fork(2), smallGaussians, [reach, reach, reach]);
}

/** A compact domain around the origin: Gaussians in an ellipsoid with the given half axes in box units. */
export function ellipsoid(random: Random, count: number, axes: readonly number[]): Piece[] {
  return spread(count, () => ballPoint(random).map((c, axis) => axes[axis]! * c)).map((centre) => ({
    centre,
    amplitude: 0.8 + 0.4 * random.uniform(),
    sigma: 0.02,
  }));
}

/** Well separated points: each is the one of twelve draws farthest from the previous points (Mitchell's best candidate). */
function spread(count: number, draw: (i: number) => number[]): number[][] {
  const points: number[][] = [];
  for (let i = 0; i < count; i++) {
    let best = draw(i);
    let bestDistance = -1;
    for (let attempt = 0; attempt < 12; attempt++) {
      const candidate = draw(i);
      const distance = points.reduce(
        (least, p) => Math.min(least, Math.hypot(...p.map((c, axis) => c - candidate[axis]!))),
        Number.POSITIVE_INFINITY,
      );
      if (distance > bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    points.push(best);
  }
  return points;
}

/** A uniform random point of the unit ball. */
function ballPoint(random: Random): number[] {
  for (;;) {
    const point = [0, 1, 2].map(() => 2 * random.uniform() - 1);
    if (Math.hypot(...point) <= 1) return point;
  }
}
