import * as e2 from "e2gmm";

/** The molecule of `npm run bench -- hinged`: beads with detail to 4 Å, a body and an arm that turns about a hinge. */

/** A small generator with a seed: the beads are the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export type Place = [number, number, number];

/** Radii in Å of the two domains, where they are, and the hinge between them. */
const body = { radii: [30, 24, 24], at: [-16, -8, 0] } as const;
const arm = { radii: [24, 15, 17], at: [24, 22, 0] } as const;
const hinge = [4, 8, 0] as const;
/** Least distance of beads, and their width, in Å. */
const apart = 3.2;
const sigma = 1.5;

/** Beads at random in an ellipsoid, [n] places in Å. */
function beadsIn({ radii, at }: { radii: readonly number[]; at: readonly number[] }, seed: number): Place[] {
  const random = generator(seed);
  const beads: Place[] = [];
  for (let tries = 0; tries < 40000; tries++) {
    const unit = [0, 0, 0].map(() => 2 * random() - 1);
    if (Math.hypot(...unit) > 1) continue;
    const place = unit.map((x, axis) => x * radii[axis]! + at[axis]!) as Place;
    if (beads.some((other) => Math.hypot(...other.map((x, axis) => x - place[axis]!)) < apart)) continue;
    beads.push(place);
  }
  return beads;
}

/** A bead of the arm, turned about the hinge. */
export function turned([x, y, z]: Place, degrees: number): Place {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [dx, dy] = [x - hinge[0], y - hinge[1]];
  return [hinge[0] + c * dx - s * dy, hinge[1] + s * dx + c * dy, z];
}

/** Beads of the body, and of the arm at 0°. */
export const [fixed, mobile] = [beadsIn(body, 1), beadsIn(arm, 2)];

interface Box {
  boxSize: number;
  apix: number;
}

/** Beads as Gaussians. */
export function modelOf(beads: readonly Place[], { boxSize, apix }: Box): e2.model.GaussianModel {
  const model = e2.model.empty(beads.length, boxSize, apix);
  const { Row } = e2.model;
  for (const [i, bead] of beads.entries()) {
    for (let axis = 0; axis < 3; axis++)
      model.params[axis * beads.length + i] = bead[axis]! / (boxSize * apix);
    model.params[Row.amplitude * beads.length + i] = 1;
    model.params[Row.sigma * beads.length + i] = sigma / apix;
  }
  return model;
}

/** 1 within 5 Å of a bead, 0 from 10 Å on. */
export function maskOf(beads: readonly Place[], { boxSize: n, apix }: Box): e2.maps.Volume {
  const data = new Float32Array(n ** 3);
  const reach = 10 / apix;
  for (const bead of beads) {
    const centre = bead.map((x) => x / apix + n / 2) as Place;
    const range = (c: number) =>
      [Math.max(0, Math.ceil(c - reach)), Math.min(n - 1, Math.floor(c + reach))] as const;
    const [[x0, x1], [y0, y1], [z0, z1]] = centre.map(range) as [
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
    ];
    for (let z = z0; z <= z1; z++)
      for (let y = y0; y <= y1; y++)
        for (let x = x0; x <= x1; x++) {
          const far = (Math.hypot(x - centre[0], y - centre[1], z - centre[2]) * apix - 5) / 5;
          const value = far <= 0 ? 1 : far >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * far);
          const i = x + n * (y + n * z);
          data[i] = Math.max(data[i]!, value);
        }
  }
  return { data, size: [n, n, n], apix };
}
