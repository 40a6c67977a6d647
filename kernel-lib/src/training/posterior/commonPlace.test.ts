import assert from "node:assert/strict";
import { test } from "vitest";
import { syntheticRun } from "../evidence/syntheticRun.test.helper";
import { commonPlace } from "./commonPlace";
import { someAxes } from "./decoders";

test("the common place of particles is the mean of their true places, far from the middle too", async () => {
  const { context, truth, close } = await syntheticRun({ count: 300, motion: 0.04, frc: 0.5 });
  try {
    const { targets, neutral, engine, weights } = context;
    const decoder = someAxes(context.decoder, [0], [0, 0]);
    const near = (t: number) => Int32Array.from(truth.keys()).filter((i) => Math.abs(truth[i]! - t) < 0.25);
    for (const t of [-1.5, 0, 1.5]) {
      const particles = near(t);
      const mean = particles.reduce((sum, i) => sum + truth[i]! / particles.length, 0);
      const [found] = await commonPlace(
        { targets, neutral, engine, weights, decoder, particles, start: [0] },
        {},
      );
      assert.ok(Math.abs(found! - mean) < 0.1, `${found} for ${mean}, ${particles.length} particles`);
    }
  } finally {
    await close();
  }
});
