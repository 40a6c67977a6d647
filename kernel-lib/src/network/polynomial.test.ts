import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { LatentPolynomial } from "./polynomial";
import { someNumbers } from "./testData.test.helper";

describe("polynomials of latents", () => {
  test("the terms are the axes and the Hermite products of those that are read", () => {
    const polynomial = new LatentPolynomial(3, [0, 2], 2);
    assert.equal(polynomial.terms, 5);
    const terms = polynomial.evaluate(Float32Array.of(2, 7, -1), 1);
    const expected = [2, -1, (0.5 * 3) / Math.SQRT2, 0.5 * -2, 0];
    for (const [k, value] of expected.entries()) assert.ok(Math.abs(terms[k]! - value) < 1e-6, `term ${k}`);
    assert.deepEqual([...new LatentPolynomial(3, [2, 0], 1).evaluate(Float32Array.of(2, 7, -1), 1)], [-1, 2]);
  });

  test("over normal latents all terms but the axes have mean 0, and all are uncorrelated", () => {
    const count = 20_000;
    const polynomial = new LatentPolynomial(2, [0, 1], 2);
    const { terms } = polynomial;
    const values = polynomial.evaluate(someNumbers(2 * count, 3), count);
    for (let a = 0; a < terms; a++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += values[i * terms + a]! / count;
      assert.ok(Math.abs(mean) < 0.03, `mean of term ${a}: ${mean}`);
      for (let b = 0; b < a; b++) {
        let product = 0;
        for (let i = 0; i < count; i++) product += (values[i * terms + a]! * values[i * terms + b]!) / count;
        assert.ok(Math.abs(product) < 0.03, `terms ${a} and ${b}: ${product}`);
      }
    }
  });

  test.each([
    { latent: 3, axes: [0, 1, 2], degree: 2 as const },
    { latent: 4, axes: [1, 3], degree: 2 as const },
    { latent: 3, axes: [2], degree: 1 as const },
  ])("the gradient equals finite differences: axes $axes, degree $degree", ({ latent, axes, degree }) => {
    const polynomial = new LatentPolynomial(latent, axes, degree);
    const z = someNumbers(5 * latent, 1);
    const inTerms = someNumbers(5 * polynomial.terms, 2);
    const gradient = polynomial.backward(z, inTerms);
    const loss = (at: Float32Array) =>
      polynomial.evaluate(at, 5).reduce((sum, value, i) => sum + value * inTerms[i]!, 0);
    for (let i = 0; i < z.length; i++) {
      const step = 0.25;
      const [low, high] = [-step, step].map((d) => loss(z.map((x, j) => (i === j ? x + d : x))));
      const expected = (high! - low!) / (2 * step);
      assert.ok(Math.abs(gradient[i]! - expected) < 1e-5, `latent ${i}: ${gradient[i]}, ${expected}`);
    }
  });

  test("without axes there is a single 0, and no gradient", () => {
    const polynomial = new LatentPolynomial(2, [], 2);
    assert.equal(polynomial.terms, 1);
    assert.deepEqual([...polynomial.evaluate(Float32Array.of(1, 2, 3, 4), 2)], [0, 0]);
    assert.deepEqual(
      [...polynomial.backward(Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6))],
      [0, 0, 0, 0],
    );
  });

  test.for([1, 2] as const)("of degree %i can be had from latents on another scale", (degree) => {
    const polynomial = new LatentPolynomial(3, [0, 2], degree);
    const [gain, offset] = [
      [1.3, 5, 0.7],
      [0.4, 9, -0.2],
    ];
    const weights = someNumbers(polynomial.terms * 4, 5);
    const bias = someNumbers(4, 6);
    const layer = (z: Float32Array, w: Float32Array, b: Float32Array) => {
      const terms = polynomial.evaluate(z, 7);
      return Array.from({ length: 28 }, (_, i) => {
        let sum = b[i % 4]!;
        for (let t = 0; t < polynomial.terms; t++) {
          sum += terms[Math.floor(i / 4) * polynomial.terms + t]! * w[t * 4 + (i % 4)]!;
        }
        return sum;
      });
    };
    const z = someNumbers(21, 7);
    const q = z.map((x, i) => gain[i % 3]! * x + offset[i % 3]!);
    const changed = polynomial.changed({ gain, offset }, weights, bias);
    const expected = layer(q, weights, bias);
    for (const [i, value] of layer(z, changed.weights, changed.bias).entries()) {
      assert.ok(Math.abs(value - expected[i]!) < 1e-4, `output ${i}: ${value}, expected ${expected[i]}`);
    }
  });
});
