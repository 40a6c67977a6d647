import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { disc } from "../../fourier/disc";
import { Random } from "../../random";
import { type AgreementData, judgeAgreement } from "./agreement";

const RINGS = 12;
const { samplesInRing } = disc(RINGS);

interface Simulated {
  count: number;
  /** Signal-to-noise ratio in ring r for a CTF of 1. */
  snr?: (ring: number) => number;
  /** Factor on the correlation of particle i in ring r: 1 as expected, −1 inverted, 0 noise. */
  factor?: (i: number, ring: number, random: Random) => number;
  /** Standard deviation of the FRC of noise, relative to independent samples. */
  correlated?: number;
  seed?: number;
}

/** Simulates the FRC of particles with this signal: f with a standard deviation of (1 − f²)/√(2n). */
function simulated(options: Simulated): AgreementData {
  const { count, snr = (r) => 20 / r ** 2, factor = () => 1, correlated = 1 } = options;
  const random = new Random(options.seed ?? 1);
  const width = RINGS + 1;
  const frc = new Float32Array(count * width);
  const ctfPower = Float32Array.from({ length: count * width }, () => 0.05 + random.uniform());
  for (let i = 0; i < count; i++) {
    for (let r = 1; r <= RINGS; r++) {
      const power = snr(r) * ctfPower[i * width + r]!;
      const f = factor(i, r, random) * Math.sqrt(power / (1 + power));
      frc[i * width + r] =
        f + ((correlated * (1 - f * f)) / Math.sqrt(2 * samplesInRing[r]!)) * random.normal();
    }
  }
  return { count, rings: RINGS, frc, ctfPower };
}

const weak = (r: number) => 0.4 / r ** 2;
const part = (indices: number[], every: number) => indices.filter((i) => i % every === 0).length;

describe("agreement of particles with the model", () => {
  const verdicts: [string, Simulated, ReturnType<typeof judgeAgreement>["verdict"]][] = [
    ["a good set", { count: 1000 }, "agrees"],
    ["twelve good particles", { count: 12 }, "agrees"],
    ["a weak set", { count: 5000, snr: weak }, "agrees"],
    ["without the first three rings", { count: 500, factor: (_, r) => (r > 3 ? 1 : 0) }, "agrees"],
    ["signal in one ring only", { count: 500, factor: (_, r) => (r === 7 ? 1 : 0) }, "agrees"],
    ["noise", { count: 1000, factor: () => 0 }, "none"],
    ["twelve particles of noise", { count: 12, factor: () => 0 }, "none"],
    ["noise of masked images", { count: 3000, factor: () => 0, correlated: 2 }, "none"],
    ["an inverted set", { count: 1000, factor: () => -1 }, "inverted"],
    ["a weak inverted set", { count: 5000, snr: weak, factor: () => -1 }, "inverted"],
    ["half inverted", { count: 1000, factor: (i) => (i % 2 ? 1 : -1) }, "mixed"],
    ["a third inverted", { count: 999, factor: (i) => (i % 3 ? 1 : -1) }, "mixed"],
    ["four fifths inverted", { count: 1000, factor: (i) => (i % 5 ? -1 : 1) }, "inverted"],
    ["a fifth inverted", { count: 1000, factor: (i) => (i % 5 ? 1 : -1) }, "agrees"],
  ];
  for (const [name, options, verdict] of verdicts) {
    test(`${name}: ${verdict}`, () => {
      const found = judgeAgreement(simulated(options));
      assert.equal(found.verdict, verdict, `FRC ${found.frc} ± ${found.standardError}`);
      assert.ok([found.frc, found.standardError].every(Number.isFinite));
    });
  }

  const clean: [string, Simulated][] = [
    ["a set of one signal", { count: 20_000 }],
    ["a weak set", { count: 20_000, snr: weak }],
    ["a set of strong signal", { count: 20_000, snr: (r) => 2000 / r }],
    [
      "particles in ice of any thickness",
      { count: 20_000, factor: (_, __, random) => 0.7 + 0.3 * random.uniform() },
    ],
    ["a rare state of 0.6 of the agreement", { count: 20_000, factor: (i) => (i % 100 === 0 ? 0.6 : 1) }],
    ["twelve particles", { count: 12, seed: 3 }],
  ];
  for (const [name, options] of clean) {
    test(`${name} loses no more than one in a thousand`, () => {
      const { outliers, kept, verdict } = judgeAgreement(simulated(options));
      assert.equal(verdict, "agrees");
      assert.ok(outliers.length <= options.count / 1000, `${outliers.length} of ${options.count}`);
      assert.equal(kept.length + outliers.length, options.count);
    });
  }

  const broken: [string, (i: number, r: number, random: Random) => number, string, number][] = [
    ["inverted", () => -1, "inverted contrast", 0.95],
    ["noise", () => 0, "no agreement", 0.9],
    ["nearly noise", () => 0.1, "no agreement", 0.8],
  ];
  for (const [name, factor, reason, least] of broken) {
    for (const every of [4, 10, 50]) {
      test(`one in ${every} is ${name}, and is found`, () => {
        const count = 4000;
        const data = simulated({
          count,
          factor: (i, r, random) => (i % every === 0 ? factor(i, r, random) : 1),
        });
        const { outliers, verdict } = judgeAgreement(data);
        assert.equal(verdict, "agrees");
        const found = outliers.map(({ index }) => index);
        assert.equal(part(found, every), found.length, "only those that are");
        assert.ok(found.length >= (least * count) / every, `${found.length} of ${count / every}`);
        assert.ok(outliers.filter((o) => o.reason === reason).length >= 0.95 * found.length);
        for (const { score, expected } of outliers) assert.ok(score < expected / 2);
      });
    }
  }

  test("an image without signal in any ring is empty", () => {
    const data = simulated({ count: 100 });
    data.frc.fill(0, 7 * (RINGS + 1), 8 * (RINGS + 1));
    assert.deepEqual(
      judgeAgreement(data).outliers.map(({ index, reason }) => [index, reason]),
      [[7, "empty image"]],
    );
  });
});
