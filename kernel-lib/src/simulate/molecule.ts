import { InputError } from "../errors";
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

type Place = readonly [number, number, number];

/**
 * The large domain with small domains at the given places.
 * @param places centres of the small domains in box units
 * @param seed   of the shape of the domains; all small ones are equal
 */
export function moleculeWithDomains(box: MoleculeBox, places: readonly Place[], seed = 1): GaussianModel {
  const large = largeDomain(seed);
  const small = smallDomain(seed);
  const all = [
    ...large,
    ...places.flatMap((place) =>
      small.map((g) => ({ ...g, centre: g.centre.map((c, axis) => c + place[axis]!) })),
    ),
  ];
  const model = emptyModel(all.length, box.boxSize, box.apix);
  all.forEach(({ centre, amplitude, sigma }, i) => {
    for (let axis = 0; axis < 3; axis++) model.params[axis * all.length + i] = centre[axis]!;
    model.params[Row.amplitude * all.length + i] = amplitude;
    model.params[Row.sigma * all.length + i] = sigma * box.boxSize;
  });
  return model;
}

/** States of a linear motion: the small domain on a line along y, from −range/2 to range/2 box units. */
export function linearStates(box: MoleculeBox, states: number, range: number, seed = 1): GaussianModel[] {
  checkStates(states, 2);
  if (!(range > 0 && range <= 0.6))
    throw new InputError("range", "a path of 0 to 0.6 box units", String(range));
  return Array.from({ length: states }, (_, s) =>
    moleculeWithDomains(box, [[pathX, range * (s / (states - 1) - 0.5), 0]], seed),
  );
}

/** States of a circular motion in the plane x = 0.15, evenly spaced in angle, starting along y. `radius` is in box units. */
export function circularStates(box: MoleculeBox, states: number, radius: number, seed = 1): GaussianModel[] {
  checkStates(states, 3);
  if (!(radius > 0 && radius <= 0.3)) throw new InputError("radius", "0 to 0.3 box units", String(radius));
  return Array.from({ length: states }, (_, s) => {
    const angle = (2 * Math.PI * s) / states;
    return moleculeWithDomains(box, [[pathX, radius * Math.cos(angle), radius * Math.sin(angle)]], seed);
  });
}

/** The four states of two small domains: neither, the first, the second, both. */
export function compositionalStates(box: MoleculeBox, seed = 1): GaussianModel[] {
  const first: Place = [pathX, -0.12, 0];
  const second: Place = [pathX, 0.08, 0.1];
  return [[], [first], [second], [first, second]].map((places) => moleculeWithDomains(box, places, seed));
}

interface Piece {
  centre: number[];
  amplitude: number;
  /** In box units. */
  sigma: number;
}

/** An asymmetric domain: an ellipsoid with a knob, of well separated Gaussians with random amplitudes. */
function largeDomain(seed: number): Piece[] {
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
  const random = new Random(seed).fork(2);
  const sigma = 0.02;
  const reach = domainDiameter / 2;
  return spread(smallGaussians, () => ballPoint(random).map((c) => reach * c)).map((centre) => ({
    centre,
    amplitude: 0.8 + 0.4 * random.uniform(),
    sigma,
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

function checkStates(states: number, least: number): void {
  if (!Number.isInteger(states) || states < least) {
    throw new InputError("states", `a whole number of ${least} or more`, String(states));
  }
}
