import assert from "node:assert/strict";
import { test } from "node:test";
import {
  distanceIn,
  distanceUnits,
  type Frame,
  keyStep,
  pointAt,
  shortNumber,
  thinned,
  toNumbers,
  toPixels,
  zoomed,
} from "./geometry.js";

const frame: Frame = { width: 400, height: 200, x: [-2, 2], y: [10, 30] };

test("corners of the plot area are the ends of its axes, and the way back is the same", () => {
  assert.deepEqual(toNumbers(frame, [0, 0]), [-2, 30]);
  assert.deepEqual(toNumbers(frame, [400, 200]), [2, 10]);
  assert.deepEqual(toPixels(frame, toNumbers(frame, [100, 50])), [100, 50]);
});

test("what is under the pointer stays there when the picture is magnified", () => {
  const about = [100, 50] as const;
  const next = { ...frame, ...zoomed(frame, about, 2) };
  const [u, v] = toNumbers(frame, about);
  const [px, py] = toPixels(next, [u, v]);
  assert.ok(Math.abs(px - 100) < 1e-9 && Math.abs(py - 50) < 1e-9);
  assert.equal(next.x[1] - next.x[0], 2);
});

test("the point found is the nearest on the screen, within reach, and none that is hidden", () => {
  // In numbers the second is nearer to (0, 20), on the screen the first
  const x = [0.04, 0, Number.NaN];
  const y = [20, 20.6, 20];
  assert.equal(pointAt(frame, x, y, [200, 100], 8), 0);
  assert.equal(
    pointAt(frame, x, y, [200, 100], 8, (i) => i === 0),
    1,
  );
  assert.equal(pointAt(frame, x, y, [200, 120], 8), -1);
});

test("with one unit distances are those of the numbers, else those of the screen", () => {
  assert.deepEqual(distanceUnits(frame, true), [1, 1]);
  const units = distanceUnits(frame, false);
  const across = distanceIn(units, toNumbers(frame, [100, 100]), toNumbers(frame, [150, 100]));
  const up = distanceIn(units, toNumbers(frame, [100, 100]), toNumbers(frame, [100, 50]));
  assert.ok(Math.abs(across - up) < 1e-12);
  assert.equal(across, 0.5);
});

test("arrow keys step by a hundredth of what is shown, with shift by a tenth", () => {
  assert.deepEqual(keyStep(frame, "ArrowRight", false), [0.04, 0]);
  assert.deepEqual(keyStep(frame, "ArrowDown", true), [0, -2]);
  assert.equal(keyStep(frame, "a", false), null);
});

test("a hand-drawn line loses only points closer together than asked", () => {
  const line = Array.from({ length: 100 }, (_, i) => [i / 2, 0] as const);
  const kept = thinned(line, 2);
  assert.equal(kept.length, 25);
  assert.ok(kept.slice(1).every(([x], i) => x - kept[i]![0] >= 2));
});

test("numbers are short and never say NaN", () => {
  assert.deepEqual(
    [0, 0.1234, -12345.6, 1e-5, Number.NaN].map((value) => shortNumber(value)),
    ["0", "0.123", "-12345.6", "1.00e-5", "none"],
  );
});
