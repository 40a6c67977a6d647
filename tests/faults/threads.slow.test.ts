import assert from "node:assert/strict";
import { test } from "vitest";
import { growImages, growNetworks, growProjection } from "./growingPools";

for (const [name, grow, pools] of [
  ["projection", growProjection, 60],
  ["networks", growNetworks, 60],
  ["images", growImages, 25],
] as const) {
  test(`${pools} pools, each growing its memory at 16 jobs, give correct results: ${name}`, async () => {
    let jobs = 0;
    for (let pool = 0; pool < pools; pool++) jobs += await grow(16);
    assert.equal(jobs, 16 * pools);
  });
}
