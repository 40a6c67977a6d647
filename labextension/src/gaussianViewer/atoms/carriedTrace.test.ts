import assert from "node:assert/strict";
import { test } from "vitest";
import { CarriedTrace } from "./carriedTrace.js";

const box = { boxSize: 50, apix: 2 };
const count = 125;

/** A lattice of Gaussians, 8 Å apart, turned around z by an angle and shifted along z by box units. */
function lattice(angle: number, shift: number): Float32Array {
  const gaussians = new Float32Array(5 * count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [i % 5, Math.floor(i / 5) % 5, Math.floor(i / 25)].map((k) => (k - 2) * 0.08) as [
      number,
      number,
      number,
    ];
    gaussians[i] = x * Math.cos(angle) - y * Math.sin(angle);
    gaussians[count + i] = x * Math.sin(angle) + y * Math.cos(angle);
    gaussians[2 * count + i] = z + shift;
    gaussians[3 * count + i] = 1;
    gaussians[4 * count + i] = 1;
  }
  return gaussians;
}

test("atoms turn and shift with the Gaussians around them, also those outside", () => {
  const points = Float32Array.of(3, 4, 5, -12, 0, 2, 20, 20, 0);
  const trace = new CarriedTrace(points, lattice(0, 0), box);
  const moved = trace.in(lattice(0.4, 0.05));
  for (let i = 0; i < 3; i++) {
    const [x, y, z] = [points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!];
    const expected = [
      x * Math.cos(0.4) - y * Math.sin(0.4),
      x * Math.sin(0.4) + y * Math.cos(0.4),
      z + 0.05 * 100,
    ];
    for (const [axis, value] of expected.entries()) {
      assert.ok(Math.abs(moved[3 * i + axis]! - value) < 1e-3);
    }
  }
});

test("in the state in which they lie, atoms stay where the file has them", () => {
  const points = Float32Array.of(3, 4, 5, -12, 0, 2);
  const state = lattice(0.2, 0);
  for (const [k, value] of new CarriedTrace(points, state, box).in(state).entries()) {
    assert.ok(Math.abs(value - points[k]!) < 1e-4);
  }
});
