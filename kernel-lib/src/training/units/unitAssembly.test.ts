import assert from "node:assert/strict";
import { test } from "vitest";
import { emptyModel } from "../../model/gaussianModel";
import { allUnits, centreOf } from "../../model/symmetricModel";
import { pointGroup, turned } from "../../optics/symmetry";
import { Random } from "../../random";
import { UnitAssembly } from "./unitAssembly";

const m = 3;
const random = new Random(5);
const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());

test.for(["C3", "D2", "T"])("units of %s stand turned by their operators in whole particles", (symmetry) => {
  const group = pointGroup(symmetry);
  const n = group.order;
  const units = new UnitAssembly(group);
  const rows = numbers(2 * n * 5 * m);
  const whole = units.whole(rows, m);
  assert.equal(whole.length, rows.length);
  const model = (params: Float32Array) => ({ ...emptyModel(params.length / 5, 24, 4), params });
  for (let i = 0; i < 2; i++) {
    const particle = model(whole.subarray(i * 5 * n * m, (i + 1) * 5 * n * m));
    for (let g = 0; g < n; g++) {
      const unit = model(rows.subarray((i * n + g) * 5 * m, (i * n + g + 1) * 5 * m));
      for (let j = 0; j < m; j++) {
        const [a, b] = [turned(group.operators[g]!, centreOf(unit, j)), centreOf(particle, g * m + j)];
        for (let axis = 0; axis < 3; axis++) assert.ok(Math.abs(a[axis]! - b[axis]!) < 1e-6);
        for (const row of [3, 4]) {
          assert.equal(particle.params[row * n * m + g * m + j], unit.params[row * m + j]);
        }
      }
    }
  }
  // Equal units make the symmetric model.
  const first = model(numbers(5 * m));
  const equal = new Float32Array(n * 5 * m);
  for (let g = 0; g < n; g++) equal.set(first.params, g * 5 * m);
  assert.deepEqual(units.whole(equal, m), allUnits(first, group).params);
  assert.deepEqual(units.symmetric(first).params, allUnits(first, group).params);
  assert.deepEqual(units.first(allUnits(first, group)).params, first.params);
});

test("derivatives in the units are those of the whole particles, the adjoint of their assembly", () => {
  const units = new UnitAssembly(pointGroup("D3"));
  const [a, b] = [numbers(2 * 6 * 5 * m), numbers(2 * 6 * 5 * m)];
  const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, x, i) => sum + x * q[i]!, 0);
  assert.ok(Math.abs(dot(units.whole(a, m), b) - dot(a, units.ofUnits(b, m))) < 1e-3);
});

test("the decoder of whole particles decodes every unit at its own place, equal ones that follow each other once", () => {
  const units = new UnitAssembly(pointGroup("C3"));
  let decoded = 0;
  const decoder = units.decoder(
    {
      latent: 2,
      decode: (z, count) => {
        decoded += count;
        const out = new Float32Array(count * 5 * m);
        for (let i = 0; i < count; i++) {
          for (let k = 0; k < 5 * m; k++) out[i * 5 * m + k] = z[2 * i]! + k * z[2 * i + 1]!;
        }
        return out;
      },
    },
    m,
  );
  assert.equal(decoder.latent, 6);
  const base = numbers(6);
  const variants = Array.from({ length: 7 }, (_, v) => base.map((x, d) => x + (d === v - 1 ? 0.1 : 0)));
  const z = Float32Array.from(
    [...variants, ...variants.map((x) => x.map((y) => y + 1))].flatMap((x) => [...x]),
  );
  const whole = decoder.decode(z, 14);
  assert.ok(decoded <= 2 * (3 + 6 + 3), `${decoded} units decoded`);
  const rows = new Float32Array(14 * 3 * 5 * m);
  for (let r = 0; r < 14 * 3; r++) {
    for (let k = 0; k < 5 * m; k++) rows[r * 5 * m + k] = z[2 * r]! + k * z[2 * r + 1]!;
  }
  assert.deepEqual(whole, units.whole(rows, m));
});

test("without symmetry the whole molecule is the only unit, and nothing is copied", () => {
  const units = new UnitAssembly();
  const rows = numbers(30);
  assert.equal(units.whole(rows, 3), rows);
  assert.equal(units.ofUnits(rows, 3), rows);
  assert.deepEqual([...units.rowsOf(Int32Array.of(4, 7))], [4, 7]);
  const copies = new UnitAssembly(pointGroup("C2")).rowsOf(Int32Array.of(4, 7));
  assert.deepEqual([...copies], [8, 9, 14, 15]);
});
