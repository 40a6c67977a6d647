import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { report } from "../../evidence/report";
import { measureEvidence, measureUntilDecided } from "./measureEvidence";
import { spreadOf } from "./population";
import { calibratedPosterior } from "./scatter";
import { gaussians, type SyntheticOptions, syntheticRun } from "./syntheticRun.test.helper";

/** Evidence of synthetic particles. */
async function evidenceOf(options: SyntheticOptions, region?: Uint8Array, reduce = false) {
  const run = await syntheticRun(options);
  try {
    return await measureEvidence(run.context, { region, reduce });
  } finally {
    await run.close();
  }
}

describe("evidence for heterogeneity", () => {
  test("a motion is found, on the axis that has it, in positions, in the domain that moves", async () => {
    const region = Uint8Array.from({ length: gaussians }, (_, i) => (i < gaussians / 3 ? 1 : 0));
    const evidence = await evidenceOf({ motion: 0.04 }, region);
    assert.equal(evidence.verdict, "found", evidence.sentence);
    assert.match(
      evidence.sentence,
      /^heterogeneity found: \+.* 1 of 2 axes real, seen to \d+ Å; decoded motion/,
    );
    assert.deepEqual(
      evidence.axes.map(({ real }) => real),
      [true, false],
    );
    assert.equal(evidence.realAxes, 1);
    assert.ok(evidence.axes[0]!.agreement > 0.5, `halves agree to ${evidence.axes[0]!.agreement}`);
    assert.ok(Math.abs(evidence.axes[1]!.agreement) < 0.35, `noise agrees to ${evidence.axes[1]!.agreement}`);
    const { position, amplitude } = evidence.kinds;
    assert.ok(position!.gain > 3 * position!.standardError);
    assert.ok(Math.abs(amplitude!.gain) < 1e-3, "the decoder changes no amplitudes");
    assert.ok(evidence.region!.gain > 3 * evidence.region!.standardError);
    const sum = evidence.axes.reduce((all, { gain }) => all + gain, 0);
    assert.ok(Math.abs(sum - evidence.gain.gain) < 1e-6, "axes add up to the gain");
    const rings = evidence.rings.reduce((all, { gain }) => all + gain, 0);
    assert.ok(Math.abs(rings - evidence.gain.gain) < 1e-6, "rings add up to the gain");
    assert.equal(evidence.block, 1);
  });

  test("one state only: none, whatever the decoder moves", async () => {
    for (const seed of [1, 2]) {
      const { verdict, sentence, gain, realAxes } = await evidenceOf({ seed });
      assert.equal(verdict, "none", sentence);
      assert.ok(gain.gain < 0.02, sentence);
      assert.equal(realAxes, 0);
      assert.match(sentence, /^no heterogeneity found: .* not to be trusted$/);
    }
  });

  test("one state only: of what the decoder moves, next to nothing is left", async () => {
    for (const seed of [1, 2, 3]) {
      const { sentence, motion, reduced } = await evidenceOf({ seed }, undefined, true);
      assert.ok(reduced!.from.rms > 0.8, "the decoder moves a domain");
      assert.ok(motion.rms < 0.3 * reduced!.from.rms, sentence);
      const size = `${motion.rms.toFixed(1)} of the ${reduced!.from.rms.toFixed(1)} Å`;
      assert.ok(
        sentence.includes(`held-out particles support ${size} that were trained, and no more is decoded`),
        sentence,
      );
    }
  });

  test("a motion that is there stays as it is, and what is learned beside it is taken back", async () => {
    for (const motion of [0.04, 0.015]) {
      const evidence = await evidenceOf({ motion, count: 400, frc: 0.5 }, undefined, true);
      assert.equal(evidence.verdict, "found", evidence.sentence);
      const [first, second] = evidence.reduced!.factors as [number, number];
      assert.equal(first, 1);
      assert.ok(second <= 0.25, `${second}`);
      assert.ok(evidence.motion.rms < evidence.reduced!.from.rms);
      assert.match(
        evidence.sentence,
        /; decoded motion .* Å RMS, since held-out particles support [\d.]+ of the [\d.]+ Å that were trained$/,
      );
      const line = report(evidence).find((text) => text.startsWith("trained: "));
      assert.match(line!, new RegExp(`support: ${100 * second} % along axis 2; places are as trained$`));
    }
  });

  test("a state that few particles have is found, on the axis that has it", async () => {
    const evidence = await evidenceOf({ motion: 0.03, rare: 0.03, count: 400, frc: 0.6 });
    assert.equal(evidence.verdict, "found", evidence.sentence);
    assert.equal(evidence.axes[0]!.real, true);
    assert.equal(evidence.axes[1]!.real, false);
    const { gain, standardError } = evidence.gain;
    assert.ok(gain < 3 * standardError, "not in the mean of all");
    const { particles, both, chance } = evidence.toldApart!;
    assert.ok(particles <= 7 && both >= 2, `${both} and ${particles} of 6`);
    assert.ok(chance < 1e-3, `${chance}`);
    assert.match(evidence.sentence, /of the \d that half of their image tells apart, 1 of 2 axes real/);
  });

  test("one state with wrong poses: no heterogeneity, but poses to be refined", async () => {
    const { verdict, sentence, table } = await evidenceOf({ turned: 0.06, shifted: 0.02, frc: 0.5 });
    assert.equal(verdict, "none", sentence);
    assert.match(sentence, /Poses are wrong: refining them gains \+/);
    assert.ok(table.motion.gain > 3 * table.motion.standardError, "taken for motion if poses are believed");
    assert.ok(table.poses.gain > table.motion.gain);
  });

  test("one state, masked images: the correlated noise is no evidence", async () => {
    const { verdict, sentence, block } = await evidenceOf({ mask: 0.6, count: 120 });
    assert.equal(block, 2);
    assert.equal(verdict, "none", sentence);
  });

  test("more particles are measured where few do not decide, and only there", async () => {
    const measured = async (options: SyntheticOptions, particles: number) => {
      const run = await syntheticRun(options);
      try {
        const few = await measureEvidence(run.context, { particles });
        return { few, evidence: await measureUntilDecided(run.context, { particles }) };
      } finally {
        await run.close();
      }
    };
    const small = await measured({ motion: 0.03 }, 20);
    assert.equal(small.few.verdict, "none", small.few.sentence);
    assert.equal(small.evidence.particles, 80);
    assert.ok(small.evidence.gain.standardError < small.few.gain.standardError);
    assert.equal((await measured({ motion: 0.04 }, 70)).evidence.particles, 70);
    assert.equal((await measured({}, 20)).evidence.particles, 20);
  });

  test("the same particles give the same numbers", async () => {
    assert.deepEqual(
      await evidenceOf({ motion: 0.04, count: 40 }),
      await evidenceOf({ motion: 0.04, count: 40 }),
    );
  });
});

describe("scatter of the halves", () => {
  test("is 1 where the weights are right, and tells by how much they are wrong", async () => {
    const factors = async (options: SyntheticOptions) =>
      (await evidenceOf({ motion: 0.04, count: 400, ...options })).axes.map(({ variance }) => variance);
    const [large, right] = (await factors({})) as [number, number];
    assert.ok(right > 0.7 && right < 1.3, `${right}`);
    // Half the signal is assumed: places are told more exactly than that by a factor of up to 2.
    const ratio = (await factors({ assumed: 0.5 }))[0]! / large;
    assert.ok(ratio > 0.45 && ratio < 0.8, `${ratio}`);
  });

  test("widths follow a factor that is certainly above 1, up to the width of the prior, which stays", () => {
    const population = {
      ...{ latent: 1, members: Int32Array.of(0, 1, 2, 3) },
      mean: Float32Array.of(-1, 1, -1, 1),
      standardDeviation: Float32Array.of(0.1, 0.1, 0.1, 3),
    };
    const { deviation } = spreadOf(population);
    // The logarithm of the factor counts less 0.25² / itself.
    const wider = calibratedPosterior(population, [2], deviation).standardDeviation;
    const information = 1 / 0.1 ** 2 - 1 / deviation[0]! ** 2;
    const expected =
      1 / Math.sqrt(information / Math.exp(Math.log(2) - 0.0625 / Math.log(2)) + 1 / deviation[0]! ** 2);
    assert.ok(Math.abs(wider[0]! - expected) < 1e-6, `${wider[0]}`);
    for (const factor of [1.2, 0.4]) {
      const same = calibratedPosterior(population, [factor], deviation).standardDeviation;
      assert.ok(same.every((value, i) => Math.abs(value - population.standardDeviation[i]!) < 1e-6));
    }
    assert.equal(wider[3], 3, "wider than the prior: the image tells nothing");
  });
});
