import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { modelDensity } from "./density";
import { emptyModel, type GaussianModel, Row } from "./gaussianModel";
import { minimize } from "./lbfgs";
import { mapTransform, ShellTarget } from "./shellTarget";

function randomModel(count: number, seed: number): GaussianModel {
  const model = emptyModel(count, 20, 3);
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * count + i] = 0.5 * (random.uniform() - 0.5);
    model.params[Row.amplitude * count + i] = 0.5 + random.uniform();
    model.params[Row.sigma * count + i] = 1 + 0.6 * random.uniform();
  }
  return model;
}

const rings = 7;
const weights = Float64Array.from({ length: rings + 1 }, (_, r) => 1 / (1 + r));

test("Gaussians fit their own density: loss 0, correlation 1 in every shell, and equal power", () => {
  const model = randomModel(6, 1);
  const target = new ShellTarget(mapTransform(modelDensity(model, { boxSize: 40 })), rings, 20);
  const { loss, fsc, modelPower, mapPower } = target.evaluate(model.params, 6, weights);
  assert.ok(loss < 1e-6, `loss ${loss}`);
  for (let r = 1; r <= rings; r++) {
    assert.ok(fsc[r]! > 0.99999, `shell ${r}: ${fsc[r]}`);
    assert.ok(Math.abs(modelPower[r]! / mapPower[r]! - 1) < 1e-3);
  }
});

test("the correlation of each shell equals its definition summed over samples", () => {
  const [truth, model] = [randomModel(6, 1), randomModel(5, 2)];
  const target = new ShellTarget(mapTransform(modelDensity(truth, { boxSize: 40 })), rings, 20);
  const { fsc } = target.evaluate(model.params, 5, weights);
  const transform = ({ count, params }: GaussianModel, k: readonly number[]) => {
    let [re, im] = [0, 0];
    const kk = k.reduce((sum, v) => sum + v * v, 0);
    for (let i = 0; i < count; i++) {
      const sigma = params[4 * count + i]!;
      const g = params[3 * count + i]! * sigma ** 3 * Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * kk) / 400);
      const phase = -2 * Math.PI * k.reduce((sum, v, axis) => sum + v * params[axis * count + i]!, 0);
      re += g * Math.cos(phase);
      im += g * Math.sin(phase);
    }
    return [re, im] as const;
  };
  const [ab, aa, bb] = [0, 1, 2].map(() => new Float64Array(rings + 1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let z = -rings; z <= rings; z++) {
    for (let y = -rings; y <= rings; y++) {
      for (let x = -rings; x <= rings; x++) {
        const r = Math.round(Math.hypot(x, y, z));
        if (r < 1 || r > rings) continue;
        const a = transform(truth, [x, y, z]);
        const b = transform(model, [x, y, z]);
        ab[r]! += a[0] * b[0] + a[1] * b[1];
        aa[r]! += a[0] ** 2 + a[1] ** 2;
        bb[r]! += b[0] ** 2 + b[1] ** 2;
      }
    }
  }
  for (let r = 1; r <= rings; r++) {
    const expected = ab[r]! / Math.sqrt(aa[r]! * bb[r]!);
    assert.ok(Math.abs(fsc[r]! - expected) < 1e-3, `shell ${r}: ${fsc[r]} for ${expected}`);
  }
});

test("the gradient agrees with finite differences of the loss in every kind of parameter", () => {
  const target = new ShellTarget(mapTransform(modelDensity(randomModel(6, 1), { boxSize: 40 })), rings, 20);
  const model = randomModel(4, 3);
  const gradient = new Float64Array(20);
  target.evaluate(model.params, 4, weights, gradient);
  const scale = Math.max(...gradient.map(Math.abs));
  for (let i = 0; i < 20; i++) {
    // Float32 sums limit how small the step may be.
    const step = i < 12 ? 2e-3 : 2e-2;
    const value = model.params[i]!;
    const at = (v: number) => {
      model.params[i] = v;
      return target.evaluate(model.params, 4, weights).loss;
    };
    const numeric = (at(value + step) - at(value - step)) / (2 * step);
    model.params[i] = value;
    const tolerance = 2e-3 * (i < 12 ? scale : Math.max(1, Math.abs(numeric)));
    assert.ok(Math.abs(numeric - gradient[i]!) < tolerance, `parameter ${i}: ${gradient[i]} for ${numeric}`);
  }
});

test("minimize finds the minimum of Rosenbrock's function", async () => {
  const x = Float64Array.of(-1.2, 1, -1.2, 1);
  const value = await minimize(
    x,
    (p, g) => {
      g.fill(0);
      let sum = 0;
      for (let i = 0; i < 4; i += 2) {
        const [a, b] = [1 - p[i]!, p[i + 1]! - p[i]! ** 2];
        sum += a * a + 100 * b * b;
        g[i] = -2 * a - 400 * p[i]! * b;
        g[i + 1] = 200 * b;
      }
      return sum;
    },
    { maxIterations: 200, tolerance: 0, firstStep: 0.1 },
  );
  assert.ok(value < 1e-12, `value ${value}`);
  for (const v of x) assert.ok(Math.abs(v - 1) < 1e-5);
});
