import { emptyModel, type GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";
import type { EpochReport } from "../training/trainer";

/** A text that is markup, a Vega expression and a template at once. */
export const hostile = `</text><script>alert("1")</script> & 'x' \${1} datum.value`;

/** Gaussians of two clouds; the second, beside the first along x, is moved along y by `motion` Å. */
export function twoStates(motion = 20): [GaussianModel, GaussianModel] {
  const random = new Random(3);
  const from = emptyModel(40, 32, 4);
  for (let i = 0; i < 40; i++) {
    for (let axis = 0; axis < 3; axis++) from.params[axis * 40 + i] = 0.06 * random.normal();
    if (i >= 30) from.params[i]! += 0.25;
    from.params[3 * 40 + i] = 1;
    from.params[4 * 40 + i] = 1.5;
  }
  const to = { ...from, params: from.params.slice() };
  for (let i = 30; i < 40; i++) to.params[40 + i]! += motion / (32 * 4);
  return [from, to];
}

/** Reports of a training, one for each epoch. */
export function epochs(start: number, count: number): EpochReport[] {
  return Array.from({ length: count }, (_, i) => ({
    start,
    epoch: i + 1,
    rings: Math.min(10, 1 + 3 * i),
    trainFrc: 0.5 + 0.02 * i,
    validationFrc: 0.49 + 0.02 * i,
    validationScore: 0.5,
    seconds: 2 * (i + 1),
  }));
}

/** A model that has grown in two rounds. */
export const growth = (frcByRing: number[]) => ({
  model: twoStates()[0],
  rounds: [50, 20].map((resolution) => ({ gaussians: 40, resolution, frc: 0.9, frcByRing })),
});

/** A column of numbers. */
export const column = (label: string, values: ArrayLike<number> = [1, 2, 4, 3]) => ({ label, values });

/** An image. */
export const picture = (data: number[], width = data.length, height = 1) => ({
  image: { data: Float32Array.from(data), width, height, apix: 2 },
});

/** Number of matches. */
export const count = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].length;
