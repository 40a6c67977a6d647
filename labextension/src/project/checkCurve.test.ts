import assert from "node:assert/strict";
import { test } from "vitest";
import { checkSeries } from "./checkCurve.js";

test("the curves of a check are over frequency, that of the map only where there is one", () => {
  const rings = [
    { ring: 1, resolution: 100, particles: 0.9, map: 0.99 },
    { ring: 2, resolution: 50, particles: 0.7 },
  ];
  const [map, particles] = checkSeries(rings);
  assert.deepEqual(map!.points, [[0.01, 0.99]]);
  assert.deepEqual(particles!.points, [
    [0.01, 0.9],
    [0.02, 0.7],
  ]);
  assert.deepEqual(
    checkSeries([rings[1]!]).map(({ label }) => label),
    ["particles with the model"],
  );
  assert.deepEqual(checkSeries([]), []);
});
