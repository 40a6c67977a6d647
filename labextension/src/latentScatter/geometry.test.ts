import assert from "node:assert/strict";
import { test } from "vitest";
import {
  type Frame,
  keyStep,
  pointAt,
  reachOutline,
  reachOver,
  shortNumber,
  thinned,
  toNumbers,
  toPixels,
  zoomed,
} from "./geometry.js";

const frame: Frame = { width: 400, height: 200, x: [-2, 2], y: [10, 30] };

test("corners of the plot area are the ends of its axes, and pixels convert back", () => {
  assert.deepEqual(toNumbers(frame, [0, 0]), [-2, 30]);
  assert.deepEqual(toNumbers(frame, [400, 200]), [2, 10]);
  assert.deepEqual(toPixels(frame, toNumbers(frame, [100, 50])), [100, 50]);
});

test("zooming keeps the point under the pointer", () => {
  const about = [100, 50] as const;
  const next = { ...frame, ...zoomed(frame, about, 2) };
  const [u, v] = toNumbers(frame, about);
  const [px, py] = toPixels(next, [u, v]);
  assert.ok(Math.abs(px - 100) < 1e-9 && Math.abs(py - 50) < 1e-9);
  assert.equal(next.x[1] - next.x[0], 2);
});

test("the point found is the nearest on the screen, within the distance, and not hidden", () => {
  // In numbers the second is nearer to (0, 20), on the screen the first
  const x = [0.04, 0, Number.NaN];
  const y = [20, 20.6, 20];
  assert.equal(pointAt(frame, x, y, { at: [200, 100], distance: 8 }), 0);
  assert.equal(pointAt(frame, x, y, { at: [200, 100], distance: 8, skip: (i) => i === 0 }), 1);
  assert.equal(pointAt(frame, x, y, { at: [200, 120], distance: 8 }), -1);
});

test("a radius is drawn as the shape of a latent ball over the axes", () => {
  const axis = (kind: string, spreads = false) => ({ kind, spreads });
  const [z, component, column] = [axis("latent"), axis("component"), axis("number")];
  const histogram = axis("number", true);
  assert.deepEqual(
    [
      reachOver(z, z),
      reachOver(component, component),
      reachOver(z, component),
      reachOver(z, histogram),
      reachOver(histogram, z),
      reachOver(column, column),
      reachOver(z, column),
    ],
    ["circle", "circle", "line", "across", "up", "line", "line"],
  );
  // Half a unit is 50 pixels along x and 5 along y
  assert.equal(
    reachOutline(frame, "circle", [0, 20], [0.3, 20.4]),
    "M150 100a50 5 0 1 0 100 0a50 5 0 1 0 -100 0Z",
  );
  assert.equal(reachOutline(frame, "across", [0, 25], [0.5, 12]), "M250 0V200H150V0Z");
  assert.equal(reachOutline(frame, "up", [1, 20], [-1, 25]), "M0 50H400V150H0Z");
  assert.equal(reachOutline(frame, "line", [0, 20], [1, 25]), "M200 100L300 50");
});

test("arrow keys step by a hundredth of the shown range, with shift by a tenth", () => {
  assert.deepEqual(keyStep(frame, "ArrowRight", false), [0.04, 0]);
  assert.deepEqual(keyStep(frame, "ArrowDown", true), [0, -2]);
  assert.equal(keyStep(frame, "a", false), null);
});

test("thinning removes only points that are closer together than the limit", () => {
  const line = Array.from({ length: 100 }, (_, i) => [i / 2, 0] as const);
  const kept = thinned(line, 2);
  assert.equal(kept.length, 25);
  assert.ok(kept.slice(1).every(([x], i) => x - kept[i]![0] >= 2));
});

test("numbers are short, and none is written as NaN", () => {
  assert.deepEqual(
    [0, 0.1234, -12345.6, 1e-5, Number.NaN].map((value) => shortNumber(value)),
    ["0", "0.123", "-12345.6", "1.00e-5", "none"],
  );
});
