import { movedModel } from "../../model/edit";
import { emptyModel, type GaussianModel, Row } from "../../model/gaussianModel";
import { rotationFromVector } from "../../optics/pose";
import { Random } from "../../random";
import type { MotionDecoder } from "./decoder";

/** Numbers of Gaussians: a core, an arm that slides along y, and a lid that turns about z at (−0.2, 0, 0). */
const sizes = [40, 14, 16] as const;
/** Indices of the Gaussians of the two domains. */
export const arm = Int32Array.from({ length: sizes[1] }, (_, i) => sizes[0] + i);
export const lid = Int32Array.from({ length: sizes[2] }, (_, i) => sizes[0] + sizes[1] + i);
export const core = Int32Array.from({ length: sizes[0] }, (_, i) => i);
const count = sizes[0] + sizes[1] + sizes[2];

/** What the molecule does at a point of the latent space. */
export interface Motions {
  /** Slide of the arm in Å. */
  slide: number;
  /** Turn of the lid in radians. */
  turn: number;
  /** Turn of the whole molecule in radians. */
  whole?: number;
  /** Fraction of the arm's amplitude. */
  present?: number;
}

function startModel(): GaussianModel {
  const random = new Random(4);
  // Box of 100 Å
  const model = emptyModel(count, 50, 2);
  const middles = [
    [0, 0, 0],
    [0.2, 0, 0],
    [-0.2, 0.1, 0],
  ] as const;
  let i = 0;
  for (const [part, size] of sizes.entries()) {
    for (let g = 0; g < size; g++, i++) {
      for (let a = 0; a < 3; a++) {
        model.params[a * count + i] = middles[part]![a]! + 0.08 * (2 * random.uniform() - 1);
      }
      model.params[Row.amplitude * count + i] = 0.5 + random.uniform();
      model.params[Row.sigma * count + i] = 1.5;
    }
  }
  return model;
}

/** A decoder in closed form. */
export function closedFormDecoder(
  latent: number,
  motionsAt: (z: readonly number[]) => Motions,
): MotionDecoder {
  const start = startModel();
  return {
    latent,
    decode(z) {
      const { slide, turn, whole = 0, present = 1 } = motionsAt(Array.from(z));
      const params = start.params.slice();
      for (const i of arm) {
        params[count + i]! += slide / 100;
        params[Row.amplitude * count + i]! *= present;
      }
      const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
      for (const i of lid) {
        const [x, y] = [params[i]! + 0.2, params[count + i]!];
        params[i] = cosine * x - sine * y - 0.2;
        params[count + i] = sine * x + cosine * y;
      }
      const model = { ...start, params };
      return whole === 0 ? model : movedModel(model, rotationFromVector([0, 0, whole]));
    },
  };
}

/** Normal points, [n · latent], with the given standard deviations along the axes. */
export function normalPoints(n: number, deviations: readonly number[], seed = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from(
    { length: n * deviations.length },
    (_, i) => deviations[i % deviations.length]! * random.normal(),
  );
}

/** Root mean square displacement in Å of some Gaussians between two states, weighted by mass. */
export function rmsBetween(from: GaussianModel, to: GaussianModel, indices: ArrayLike<number>): number {
  let square = 0;
  let total = 0;
  for (const i of Array.from(indices)) {
    const mass = from.params[Row.amplitude * count + i]!;
    for (let a = 0; a < 3; a++) {
      square += mass * (100 * (to.params[a * count + i]! - from.params[a * count + i]!)) ** 2;
    }
    total += mass;
  }
  return Math.sqrt(square / total);
}
