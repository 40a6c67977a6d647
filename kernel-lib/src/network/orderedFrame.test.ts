import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Row } from "../model/gaussianModel";
import { type FramedModel, orderedFrame } from "./orderedFrame";
import { someModel, someNumbers } from "./testData.test.helper";

const neutral = someModel(6);
const { count: n } = neutral;

/** What an axis changes per unit: a coordinate of one Gaussian, or the amplitudes of all as a fraction. */
interface AxisChange {
  gaussian: number;
  row: number;
  size: number;
}

/** A decoder that is linear in its axes. */
function linearModel(changes: AxisChange[], roles?: FramedModel["spec"]["roles"]): FramedModel {
  const latent = changes.length;
  return {
    spec: { latent, roles },
    decode(z, count) {
      const models = new Float32Array(count * 5 * n);
      for (let b = 0; b < count; b++) {
        models.set(neutral.params, b * 5 * n);
        for (const [d, { gaussian, row, size }] of changes.entries()) {
          models[b * 5 * n + row * n + gaussian]! += size * z[b * latent + d]!;
        }
      }
      return models;
    },
  };
}

/** Places of a population whose axes are correlated, and have a longer tail on one side. */
function population(latent: number, seed = 1): Float32Array {
  const normal = someNumbers(2000 * latent, seed);
  const z = normal.map((x, i) => (i % latent === 0 ? x : 0.8 * x + 0.6 * normal[i - 1]!));
  const skewed = z.map((x) => x - 0.3 * (x * x - 1));
  for (let d = 0; d < latent; d++) {
    let mean = 0;
    for (let i = d; i < skewed.length; i += latent) mean += skewed[i]! / 2000;
    for (let i = d; i < skewed.length; i += latent) skewed[i]! -= mean;
  }
  return skewed;
}

function moment(y: Float32Array, latent: number, [a, b, c]: [number, number, number?]): number {
  let sum = 0;
  for (let at = 0; at < y.length; at += latent)
    sum += y[at + a]! * y[at + b]! * (c === undefined ? 1 : y[at + c]!);
  return sum / (y.length / latent);
}

/** Which numbers of a row of the matrix of three axes are 0. */
function isZeroRow({ matrix }: { matrix: Float64Array }, row = 0): boolean[] {
  return [0, 1, 2].map((d) => matrix[row * 3 + d] === 0);
}

const small = { gaussian: 0, row: Row.x, size: 0.002 };
const large = { gaussian: 3, row: Row.y, size: 0.02 };
const middle = { gaussian: 5, row: Row.z, size: 0.007 };

describe("ordered axes of a latent space", () => {
  test("the first axis is the largest change in the population, and all have unit variance and no correlation", () => {
    const model = linearModel([small, large, middle]);
    const z = population(3);
    const frame = orderedFrame(model, z, neutral);
    const y = frame.fromNetwork(z.slice());
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b <= a; b++) {
        const value = moment(y, 3, [a, b]);
        assert.ok(Math.abs(value - Number(a === b)) < 1e-3, `axes ${a}, ${b}: ${value}`);
      }
    }
    const moved = Array.from({ length: 3 }, (_, axis) => {
      const models = model.decode(
        frame.toNetwork(Float32Array.from({ length: 3 }, (_, d) => Number(d === axis))),
        1,
      );
      return [small, large, middle].map(({ gaussian, row }) =>
        Math.abs(models[row * n + gaussian]! - neutral.params[row * n + gaussian]!),
      );
    });
    const largest = moved.map((own) => own[1]!);
    assert.ok(largest[0]! > 0.95 * Math.hypot(...largest), `large motion along the axes: ${largest}`);
    assert.ok(moved[1]![2]! > moved[2]![2]!, `middle motion along the axes: ${moved.map((m) => m[2])}`);
  });

  test("the longer tail of the population is on the positive side of each axis", () => {
    const z = population(2);
    for (const sign of [1, -1]) {
      const turned = z.map((x) => sign * x);
      const y = orderedFrame(linearModel([large, middle]), turned, neutral).fromNetwork(turned.slice());
      for (let a = 0; a < 2; a++) assert.ok(moment(y, 2, [a, a, a]) > 0, `axis ${a}`);
    }
  });

  test("axes that change different kinds are not mixed, and the kind of largest change comes first", () => {
    const weak = { gaussian: 1, row: Row.amplitude, size: 1e-3 };
    const roles = { position: [1, 2], density: [0] };
    const z = population(3);
    const frame = orderedFrame(linearModel([weak, large, middle], roles), z, neutral);
    const isZero = (row: number) => isZeroRow(frame, row);
    assert.deepEqual([0, 1, 2].map(isZero), [
      [true, false, false],
      [true, false, false],
      [false, true, true],
    ]);
    assert.deepEqual(
      frame.scales.map((scale) => scale !== undefined),
      [false, false, true],
    );
    const strong = { ...weak, size: 10 };
    const other = orderedFrame(linearModel([strong, large, middle], roles), z, neutral);
    assert.deepEqual(isZeroRow(other), [false, true, true]);
  });

  test("an axis that changes nothing is kept as the last one", () => {
    const z = population(2);
    const frame = orderedFrame(linearModel([{ ...small, size: 0 }, large]), z, neutral);
    const y = frame.fromNetwork(z.slice());
    for (const axis of [0, 1]) assert.ok(Math.abs(moment(y, 2, [axis, axis]) - 1) < 1e-3);
    const at = frame.toNetwork(Float32Array.of(0, 1));
    assert.ok(Math.abs(at[1]!) < 1e-3 * Math.abs(at[0]!), `the last axis at ${at}`);
  });
});

test("axes of an earlier round stay first with their signs, and new ones have no part in them", () => {
  // The new axis moves a Gaussian by more, and is correlated with the earlier one.
  const model = linearModel([
    { gaussian: 0, row: Row.x, size: 0.02 },
    { gaussian: 3, row: Row.y, size: 0.1 },
  ]);
  const z = population(2);
  const like = z.filter((_, i) => i % 2 === 0).map((x) => -x);
  const frame = orderedFrame(model, z, neutral, { blocks: [1, 1], like });
  const y = frame.fromNetwork(z.slice());
  const correlation = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0) / a.length;
  const [first, second] = [0, 1].map((d) => y.filter((_, i) => i % 2 === d)) as [Float32Array, Float32Array];
  assert.ok(correlation(first, like) > 0.9, `the first axis is the earlier one, ${correlation(first, like)}`);
  assert.ok(Math.abs(correlation(first, second)) < 0.1, `${correlation(first, second)}`);
  const own = z.filter((_, i) => i % 2 === 1);
  assert.ok(Math.abs(correlation(own, first)) > 0.5);
  const back = frame.toNetwork(y.slice());
  assert.ok(back.every((value, i) => Math.abs(value - z[i]!) < 1e-2));
});
