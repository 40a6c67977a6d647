import assert from "node:assert/strict";
import { test } from "vitest";
import { syntheticRun } from "../evidence/syntheticRun.test.helper";
import { meanFrcOf, neutralFrc } from "../neutralFrc";
import { RingWeights } from "../weights";
import { placedFrc } from "./placedFrc";
import { PlaceSearch } from "./placePosterior";

const count = 600;
const frc = 0.5;

/** Particles of a large motion; half of them are held out. */
async function largeMotion() {
  const run = await syntheticRun({ motion: 0.05, count, frc });
  const { targets, neutral, engine, decoder, heldOut } = run.context;
  const context = { targets, neutral, engine };
  const used = Int32Array.from({ length: count }, (_, i) => i);
  const width = targets.rings + 1;
  const meanFrc = meanFrcOf(await neutralFrc(context), width, used);
  const weightsFor = (mean: Float64Array) =>
    new RingWeights({
      weighting: "information",
      ...{ meanFrc: mean, ctfPower: new Float32Array(count * width).fill(1), particles: count },
    });
  // As an encoder's, near the true ones: motions are large enough for second peaks.
  const places = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? run.truth[i / 2]! : 0));
  const placed = await placedFrc(
    { context, decoder, weights: weightsFor(meanFrc), meanFrc, places, heldOut, used },
    {},
  );
  /** Fractions of the true places within one and within 1.96 standard deviations. */
  const coverage = async (mean: Float64Array) => {
    const search = new PlaceSearch({ ...context, decoder, weights: weightsFor(mean) });
    const { mean: found, standardDeviation } = await search.find(used, places);
    const errors = run.truth.map((z, i) => Math.abs(found[2 * i]! - z) / standardDeviation[2 * i]!);
    return [1, 1.96].map((limit) => errors.filter((error) => error <= limit).length / count) as [
      number,
      number,
    ];
  };
  return { meanFrc, placed, coverage, close: run.close };
}

test("the FRC of particles with the models at their places is that of their signal, and intervals from it hold", async () => {
  const { meanFrc, placed, coverage, close } = await largeMotion();
  try {
    const meanOver = (values: Float64Array) =>
      values.slice(1).reduce((sum, x) => sum + x, 0) / (values.length - 1);
    assert.ok(meanOver(meanFrc) < 0.9 * frc, `the neutral model has less: ${meanFrc}`);
    assert.ok(Math.abs(meanOver(placed) - frc) < 0.03, `${placed}`);
    const [within68, within95] = await coverage(placed);
    assert.ok(
      Math.abs(within68 - 0.683) < 0.05 && Math.abs(within95 - 0.95) < 0.03,
      `${within68}, ${within95}`,
    );
    const [before] = await coverage(meanFrc);
    assert.ok(before > within68 + 0.04, `from the neutral model intervals are too wide: ${before}`);
  } finally {
    await close();
  }
});
