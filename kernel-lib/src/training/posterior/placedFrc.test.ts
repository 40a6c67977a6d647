import assert from "node:assert/strict";
import { test } from "vitest";
import { gatherRows } from "../batches";
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

test("of tilt series the gain is that of all images, not of the first of each particle", async () => {
  const run = await syntheticRun({ motion: 0.08, count: 120, frc });
  try {
    const { targets: own, neutral, engine, decoder } = run.context;
    const n = own.count;
    // The first image of each particle is its own, the second shows another one: nothing is gained there.
    const shown = Int32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? i / 2 : ((i >> 1) + 7) % n));
    const particleOf = Int32Array.from({ length: 2 * n }, (_, i) => i >> 1);
    const targets = {
      ...own,
      ...{ count: 2 * n, particleOf, images: undefined },
      rotations: gatherRows(own.rotations, 9, particleOf),
      shifts: gatherRows(own.shifts, 2, particleOf),
      batch: (indices: ArrayLike<number>) => own.batch(Array.from(indices, (i) => shown[i]!)),
    };
    const width = targets.rings + 1;
    const weights = new RingWeights({
      ...{ weighting: "information", meanFrc: new Float64Array(width).fill(frc), particles: 2 * n },
      ctfPower: new Float32Array(2 * n * width).fill(1),
    });
    const found = async (context: typeof run.context, images: number) => {
      const used = Int32Array.from({ length: n }, (_, i) => images * i);
      const start = Float32Array.from({ length: 2 * images * n }, (_, i) =>
        i % 2 === 0 ? run.truth[Math.floor(i / 2 / images)]! : 0,
      );
      const nothing = new Float64Array(width);
      const given = { context, decoder, weights, meanFrc: nothing, places: start, heldOut: used, used };
      const gain = await placedFrc(given, {});
      return gain.reduce((sum, x) => sum + x, 0) / (width - 1);
    };
    const single = await found(run.context, 1);
    const pairs = await found({ ...run.context, targets, neutral, engine }, 2);
    assert.ok(single > 0.05, `${single}`);
    assert.ok(pairs < 0.65 * single, `${pairs} of ${single}`);
  } finally {
    await run.close();
  }
});
