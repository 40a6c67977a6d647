import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { contourLines, levelEnclosing } from "./contours";

function grid(n: number, of: (x: number, y: number) => number) {
  const x = Float64Array.from({ length: n }, (_, i) => -3 + (6 * i) / (n - 1));
  return {
    x,
    y: x,
    values: Float64Array.from({ length: n * n }, (_, i) => of(x[i % n]!, x[Math.floor(i / n)]!)),
  };
}

/** Area by the shoelace formula. */
const area = (line: Float64Array) => {
  let sum = 0;
  for (let i = 0; i + 3 < line.length; i += 2) sum += line[i]! * line[i + 3]! - line[i + 2]! * line[i + 1]!;
  return Math.abs(sum) / 2;
};
const isClosed = (line: Float64Array) =>
  line[0] === line[line.length - 2] && line[1] === line[line.length - 1];

describe("contours of values on a grid", () => {
  test("a peak has one closed line with the right distance from it", () => {
    const lines = contourLines(
      grid(61, (x, y) => Math.exp(-(x * x + y * y) / 2)),
      Math.exp(-1 / 2),
    );
    assert.equal(lines.length, 1);
    const [line] = lines;
    assert.ok(isClosed(line!));
    for (let i = 0; i < line!.length; i += 2) {
      const radius = Math.hypot(line![i]!, line![i + 1]!);
      assert.ok(Math.abs(radius - 1) < 2e-3, `${radius}`);
    }
    assert.ok(Math.abs(area(line!) - Math.PI) < 0.02);
  });

  test("a ring has two lines, and two peaks have one each", () => {
    const ring = contourLines(
      grid(61, (x, y) => -Math.abs(Math.hypot(x, y) - 2)),
      -0.5,
    );
    assert.deepEqual(ring.map((line) => Math.sqrt(area(line) / Math.PI).toFixed(1)).sort(), ["1.5", "2.5"]);
    const peaks = grid(61, (x, y) => Math.exp(-((Math.abs(x) - 1.5) ** 2 + y * y) / 0.2));
    assert.equal(contourLines(peaks, 0.5).length, 2);
  });

  test("what reaches the edge of the grid is closed along it, and saddles do not join lines twice", () => {
    const half = contourLines(
      grid(31, (x) => x),
      0,
    );
    assert.equal(half.length, 1);
    assert.ok(isClosed(half[0]!) && Math.abs(area(half[0]!) - 18) < 1e-6, `${area(half[0]!)}`);
    const board = contourLines(
      grid(7, (x, y) => Math.cos(Math.PI * x) * Math.cos(Math.PI * y)),
      0.1,
    );
    assert.ok(board.length > 0 && board.every(isClosed));
    assert.deepEqual(
      contourLines(
        grid(5, () => 0),
        1,
      ),
      [],
    );
  });

  test("a level encloses the wanted fraction of the sum", () => {
    const { values } = grid(201, (x, y) => Math.exp(-(x * x + y * y) / 0.5));
    // Of a normal distribution of two dimensions a fraction f is within the radius where the density fell to 1 − f.
    for (const fraction of [0.5, 0.95]) {
      assert.ok(Math.abs(levelEnclosing(values, fraction) - (1 - fraction)) < 0.01);
    }
  });
});
