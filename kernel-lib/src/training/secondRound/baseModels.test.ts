import assert from "node:assert/strict";
import { test } from "vitest";
import { emptyModel, Row } from "../../model/gaussianModel";
import { Random } from "../../random";
import { BaseModels, onBase } from "./baseModels";

const count = 6;
const width = 5 * count;
const random = new Random(1);
const neutral = emptyModel(count, 32, 2);
for (let i = 0; i < width; i++) neutral.params[i] = 0.5 + 0.2 * random.uniform();
neutral.params[Row.amplitude * count] = 0;

/** Moves, widens and strengthens everything along its only axis. */
let decoded = 0;
const decoder = {
  neutral,
  decodeMany: (places: Float32Array) => {
    decoded += places.length;
    const models = new Float32Array(places.length * width);
    for (const [b, z] of places.entries()) {
      for (let i = 0; i < width; i++) {
        const n = neutral.params[i]!;
        models[b * width + i] = i < Row.amplitude * count ? n + 0.1 * z : n * (1 + 0.2 * z);
      }
    }
    return models;
  },
};
const axes = (refined: number[]) => ({
  latent: 1,
  encoder: Float32Array.from(refined, (z) => 2 * z),
  refined: Float32Array.from(refined),
  standardDeviation: new Float32Array(refined.length).fill(0.5),
});

test("the neutral model becomes the base of each particle, and a change adds to centres and multiplies the rest", () => {
  const base = new BaseModels(decoder, axes([0, 1, -1]));
  const bases = decoder.decodeMany(Float32Array.of(1, -1));
  const unchanged = base.withChanges([1, 2], neutral.params);
  for (const [i, value] of unchanged.entries()) assert.ok(Math.abs(value - bases[i]!) < 1e-6, `number ${i}`);
  // Two models of each particle: one is moved along y, in the other the amplitude of Gaussian 2 is halved.
  const changed = new Float32Array(4 * width);
  for (let k = 0; k < 4; k++) {
    changed.set(neutral.params, k * width);
    const at = k * width + (k % 2 === 0 ? count + 2 : Row.amplitude * count + 2);
    changed[at] = k % 2 === 0 ? changed[at]! + 0.03 : changed[at]! / 2;
  }
  const models = base.withChanges([1, 2], changed);
  for (let k = 0; k < 4; k++) {
    for (let i = 0; i < width; i++) {
      const own = bases[(k >> 1) * width + i]!;
      const expected =
        k % 2 === 0 && i === count + 2
          ? own + 0.03
          : k % 2 === 1 && i === Row.amplitude * count + 2
            ? own / 2
            : own;
      assert.ok(Math.abs(models[k * width + i]! - expected) < 1e-6, `model ${k}, number ${i}`);
    }
  }
  assert.equal(onBase({}, [1, 2], changed), changed);
});

test("the gradient in a change agrees with finite differences", () => {
  const base = new BaseModels(decoder, axes([0.7, -1.2]));
  const changed = Float32Array.from({ length: 2 * width }, (_, i) => neutral.params[i % width]! * 1.1);
  const slope = Float32Array.from({ length: 2 * width }, () => random.normal());
  const value = (of: Float32Array) =>
    base.withChanges([0, 1], of).reduce((sum, x, i) => sum + x * slope[i]!, 0);
  const gradient = base.gradientOfChanges([0, 1], slope.slice());
  for (let i = 0; i < changed.length; i++) {
    const [more, less] = [changed.slice(), changed.slice()];
    more[i]! += 0.05;
    less[i]! -= 0.05;
    const expected = (value(more) - value(less)) / (more[i]! - less[i]!);
    assert.ok(Math.abs(gradient[i]! - expected) < 1e-3, `number ${i}: ${gradient[i]}, expected ${expected}`);
  }
});

test("some of the particles that were decoded last are not decoded again", () => {
  const base = new BaseModels(decoder, axes([0, 1, 2, 3]));
  base.withChanges([0, 1, 2, 3], neutral.params);
  const before = decoded;
  const some = base.withChanges([3, 1], neutral.params);
  assert.equal(decoded, before);
  const expected = decoder.decodeMany(Float32Array.of(3, 1));
  for (const [i, x] of some.entries()) assert.ok(Math.abs(x - expected[i]!) < 1e-6, `number ${i}`);
});

test("coordinates of fixed axes stand before the new ones", () => {
  const base = new BaseModels(decoder, axes([1, 2]));
  assert.deepEqual([...base.beside("refined", Float32Array.of(5, 6, 7, 8))], [1, 5, 6, 2, 7, 8]);
  assert.deepEqual([...base.beside("encoder", Float32Array.of(5, 6))], [2, 5, 4, 6]);
});
