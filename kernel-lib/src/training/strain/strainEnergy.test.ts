import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { emptyModel, type GaussianModel } from "../../model/gaussianModel";
import { rotationFromVector } from "../../optics/pose";
import { turned } from "../../optics/symmetry";
import { Random } from "../../random";
import { neighbourGraph } from "./neighbourGraph";
import { StrainEnergy } from "./strainEnergy";

/** Two blobs of Gaussians side by side along x, 60 each, that touch. */
function twoDomains(): GaussianModel {
  const random = new Random(3);
  const model = emptyModel(120, 48, 2);
  for (let i = 0; i < 120; i++) {
    for (let axis = 0; axis < 3; axis++) {
      model.params[axis * 120 + i] =
        0.2 * (random.uniform() - 0.5) + (axis === 0 ? (i < 60 ? -0.1 : 0.1) : 0);
    }
    model.params[360 + i] = 1;
    model.params[480 + i] = 2;
  }
  return model;
}

const neutral = twoDomains();
const n = neutral.count;

/** Gaussians from `from` on turned by a rotation vector and moved. */
function moved(
  from: number,
  turn: readonly [number, number, number],
  shift: readonly number[],
): Float64Array {
  const params = Float64Array.from(neutral.params);
  const rotation = rotationFromVector(turn);
  for (let i = from; i < n; i++) {
    const point = turned(rotation, [params[i]!, params[n + i]!, params[2 * n + i]!]);
    for (let axis = 0; axis < 3; axis++) params[axis * n + i] = point[axis]! + shift[axis]!;
  }
  return params;
}

/** Every Gaussian moved at random. */
function shaken(size: number): Float64Array {
  const random = new Random(8);
  return Float64Array.from(neutral.params, (x, i) => (i < 3 * n ? x + size * random.normal() : x));
}

const strain = new StrainEnergy(neutral);

describe("strain", () => {
  // Below the knee of nearly all pairs, around it, and far beyond it.
  test.for([3e-4, 3e-3, 0.05])(
    "the gradient agrees with finite differences, shaken by %f box units",
    (size) => {
      const params = shaken(size);
      const gradient = new Float64Array(5 * n);
      strain.addGradient(params, gradient, -0.7);
      const step = 1e-7;
      for (let i = 0; i < 5 * n; i++) {
        const at = (x: number) =>
          strain.energy(Float64Array.from(params, (value, k) => (k === i ? x : value)));
        const expected = (-0.7 * (at(params[i]! + step) - at(params[i]! - step))) / (2 * step);
        assert.ok(Math.abs(gradient[i]! - expected) < 1e-4, `${i}: ${gradient[i]}, differences ${expected}`);
      }
    },
  );

  test("a rigid motion of the whole costs nothing, and pulls at nothing", () => {
    const params = moved(0, [0.4, -1.1, 0.7], [0.1, 0, -0.2]);
    assert.ok(strain.energy(params) < 1e-12);
    const gradient = new Float64Array(5 * n);
    strain.addGradient(params, gradient, 1);
    assert.ok(gradient.every((g) => Math.abs(g) < 1e-4));
    assert.ok(strain.energy(shaken(0.01)) > 0.1);
  });

  test("a domain that turns costs its hinge alone, which pulls with a bounded force", () => {
    const { pairs } = neighbourGraph(neutral);
    const hinge = new Set<number>();
    for (let p = 0; p < pairs.length; p += 2) {
      const [i, j] = [pairs[p]!, pairs[p + 1]!];
      if (i < 60 !== j < 60) hinge.add(i).add(j);
    }
    assert.ok(hinge.size > 4 && hinge.size < 60, `${hinge.size} at the hinge`);
    const gradient = new Float64Array(5 * n);
    strain.addGradient(moved(60, [0, 0, 0.3], [0.02, 0, 0]), gradient, 1);
    for (let i = 0; i < n; i++) {
      const force = Math.hypot(gradient[i]!, gradient[n + i]!, gradient[2 * n + i]!);
      if (!hinge.has(i)) assert.ok(force < 1e-4, `${i} is away from the hinge and is pulled by ${force}`);
    }
    // Once all pairs are beyond the knee, the energy grows by no more than their length does.
    const energy = (shift: number) => strain.energy(moved(60, [0, 0, 0], [shift, 0, 0]));
    const slope = (energy(0.25) - energy(0.2)) / 0.05;
    assert.ok(Math.abs((energy(0.3) - energy(0.25)) / 0.05 / slope - 1) < 0.05);
    assert.ok(slope <= pairs.length / 2);
  });

  test("models of a batch are independent, and float32 agrees with float64", () => {
    const batch = [shaken(0.01), moved(60, [0.2, 0, 0], [0, 0, 0])];
    const gradient = new Float32Array(10 * n);
    strain.addGradient(Float32Array.from(batch.flatMap((x) => [...x])), gradient, 2);
    for (const [b, params] of batch.entries()) {
      const exact = new Float64Array(5 * n);
      strain.addGradient(params, exact, 2);
      for (let i = 0; i < 5 * n; i++) assert.ok(Math.abs(gradient[b * 5 * n + i]! - exact[i]!) < 2e-3);
    }
  });

  test("Gaussians at one place, and a single one, have finite energies and forces", () => {
    const same = { ...neutral, params: neutral.params.slice() };
    for (const row of [0, n, 2 * n]) same.params[row + 1] = same.params[row]!;
    const energy = new StrainEnergy(same);
    for (const size of [0, 0.01]) {
      const params = Float64Array.from(same.params, (x, i) => (i === 1 ? x + size : x));
      const gradient = new Float64Array(5 * n);
      energy.addGradient(params, gradient, 1);
      assert.ok(Number.isFinite(energy.energy(params)) && gradient.every(Number.isFinite));
      assert.ok(gradient.every((g) => Math.abs(g) < 30));
    }
    const single = emptyModel(1, 48, 2);
    assert.equal(new StrainEnergy(single).energy(Float64Array.from(single.params)), 0);
  });
});

describe("neighbours", () => {
  test("are those of a comparison of all distances, each pair once", () => {
    const { pairs, lengths } = neighbourGraph(neutral);
    const distance = (i: number, j: number) =>
      Math.hypot(...[0, n, 2 * n].map((row) => neutral.params[row + i]! - neutral.params[row + j]!));
    const found = new Set<string>();
    for (const [p, length] of lengths.entries()) {
      const [i, j] = [pairs[2 * p]!, pairs[2 * p + 1]!];
      assert.ok(i < j);
      assert.ok(Math.abs(length - distance(i, j)) < 1e-7);
      found.add(`${i} ${j}`);
    }
    assert.equal(found.size, lengths.length);
    const others = (i: number) =>
      [...Array(n).keys()].filter((j) => j !== i).sort((a, b) => distance(i, a) - distance(i, b));
    const wanted = new Set<string>();
    const eighth = [...Array(n).keys()].map((i) => distance(i, others(i)[7]!)).sort((a, b) => a - b);
    for (let i = 0; i < n; i++) {
      for (const j of others(i).slice(0, 8)) {
        if (distance(i, j) <= 2 * eighth[n / 2]!) wanted.add(`${Math.min(i, j)} ${Math.max(i, j)}`);
      }
    }
    assert.deepEqual([...found].sort(), [...wanted].sort());
  });

  test("fixed Gaussians are connected with those that may move, not with each other", () => {
    const free = Uint8Array.from({ length: n }, (_, i) => Number(i >= 60));
    const { pairs } = neighbourGraph(neutral, free);
    let mixed = 0;
    for (let p = 0; p < pairs.length; p += 2) {
      assert.ok(free[pairs[p]!] || free[pairs[p + 1]!]);
      if (!free[pairs[p]!]) mixed++;
    }
    assert.ok(mixed > 0);
  });
});
