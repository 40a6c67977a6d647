import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { populationPlaces } from "./population";

test("places of a population are particles, with weights as large as what they stand for", async () => {
  const random = new Random(3);
  // Three quarters around (-2, 0), one quarter around (3, 1)
  const points = Float32Array.from({ length: 2000 }, (_, k) => {
    const few = Math.floor(k / 2) % 4 === 0;
    return 0.2 * random.normal() + (k % 2 === 0 ? (few ? 3 : -2) : few ? 1 : 0);
  });
  const { places, weights, particles } = await populationPlaces(points, 2, 2, { seed: 1 });
  assert.deepEqual(Array.from(weights), [0.75, 0.25]);
  assert.ok(Math.abs(places[0]! + 2) < 0.1 && Math.abs(places[2]! - 3) < 0.1);
  assert.deepEqual(places.subarray(2, 4), points.subarray(2 * particles[1]!, 2 * particles[1]! + 2));
  assert.deepEqual(await populationPlaces(points, 2, 2, { seed: 1 }), { places, weights, particles });
  await assert.rejects(populationPlaces(points, 2, 1001), /1001/);
});
