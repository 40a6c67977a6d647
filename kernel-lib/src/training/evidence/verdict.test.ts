import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Evidence, EvidenceGain, RingGain, ToldApart } from "./evidence";
import { finestRing, isUndecided, sentenceOf, verdictOf } from "./verdict";

const gainOf = (gain: number, standardError: number): EvidenceGain => ({ gain, standardError });

describe("verdict", () => {
  test("needs three standard errors, and a gain that matters", () => {
    assert.equal(verdictOf(gainOf(12, 0.7)), "found");
    assert.equal(verdictOf(gainOf(0.05, 0.01)), "weak");
    assert.equal(verdictOf(gainOf(0.05, 0.02)), "none");
    assert.equal(verdictOf(gainOf(0.015, 0.001)), "none");
    assert.equal(verdictOf(gainOf(-0.06, 0.02)), "none");
    assert.equal(verdictOf(gainOf(Number.NaN, 1)), "none");
  });

  test("is also found in few particles that are told apart: by Student's t, or where halves agree on them", () => {
    const all = gainOf(0.3, 0.2);
    const apart = (particles: number, errors: number, chance: number): ToldApart => ({
      ...{ particles, gain: errors, standardError: 1, both: 3, chance },
    });
    assert.equal(verdictOf(all, apart(1000, 3.1, 1)), "found");
    assert.equal(verdictOf(all, apart(1000, 2.9, 1)), "none");
    // t with 8 degrees of freedom exceeds 4.28 as seldom as a normal deviate exceeds 3.
    assert.equal(verdictOf(all, apart(9, 4.4, 1)), "found");
    assert.equal(verdictOf(all, apart(9, 4.1, 1)), "none");
    assert.equal(verdictOf(all, apart(9, 4.1, 1e-6)), "found");
    assert.equal(verdictOf(all, apart(9, 1.5, 1e-6)), "none");
    assert.equal(verdictOf(all, apart(2, 100, 1e-6)), "none");
    assert.equal(verdictOf(gainOf(-0.1, 0.2), apart(9, 10, 1e-6)), "none");
  });

  test("is open where a gain is positive, but not by three standard errors", () => {
    const undecided = (gain: EvidenceGain, ...axes: EvidenceGain[]) =>
      isUndecided({
        ...{ gain, verdict: verdictOf(gain) },
        axes: axes.map((axis) => ({ ...axis, real: false, told: 0.9, agreement: 0.9, variance: 1 })),
      });
    assert.equal(undecided(gainOf(0.26, 0.13)), true);
    assert.equal(undecided(gainOf(0.12, 0.13)), false);
    assert.equal(undecided(gainOf(0.4, 0.13)), false);
    assert.equal(undecided(gainOf(0.015, 0.006)), false);
    assert.equal(undecided(gainOf(-0.26, 0.13)), false);
    assert.equal(undecided(gainOf(-0.26, 0.13), gainOf(0.3, 0.2)), true, "the first axis may be worth more");
    const [none, noise] = [gainOf(-0.3, 0.1), gainOf(-0.5, 0.1)];
    assert.equal(undecided(none, noise, gainOf(0.13, 0.05)), true, "so may one beside axes of noise");
    assert.equal(undecided(none, noise, gainOf(0.08, 0.05)), false);
  });

  test("says gain, axes, resolution and size of the motion, and when poses are wrong", () => {
    const of = (gain: EvidenceGain, poses: EvidenceGain) =>
      sentenceOf({
        ...{ gain, verdict: verdictOf(gain), realAxes: 1, finest: 7.4 },
        ...{ poses, table: { motion: gain, poses, both: gain } },
        axes: [{ ...gain, real: true, told: 0.9, agreement: 0.9, variance: 1 }],
        motion: { rms: 2.86, large: 4, rigid: { shift: 0, angle: 0 }, mass: 0 },
      });
    assert.equal(
      of(gainOf(12.34, 0.7), gainOf(-0.4, 0.02)),
      "heterogeneity found: +12.34 ± 0.70 nats per particle held out, 1 of 1 axis real, seen to 7 Å; decoded motion 2.9 Å RMS",
    );
    assert.match(
      of(gainOf(0.05, 0.01), gainOf(0, 0.1)),
      /^weak heterogeneity: \+0\.05 ± 0\.01 .* part is noise$/,
    );
    const rare = { particles: 6, gain: 20, standardError: 3, both: 5, chance: 1e-9 };
    const gain = gainOf(0.32, 0.2);
    assert.match(
      sentenceOf({
        ...{ gain, toldApart: rare, verdict: verdictOf(gain, rare), realAxes: 1 },
        ...{ poses: gainOf(0, 1), table: { motion: gain, poses: gainOf(0, 1), both: gain } },
        axes: [{ ...gain, toldApart: rare, real: true, told: 0.9, agreement: 0.9, variance: 1 }],
        motion: { rms: 2.86, large: 4, rigid: { shift: 0, angle: 0 }, mass: 0 },
      }),
      /^heterogeneity found: \+0\.32 ± 0\.20 nats per particle held out, \+20\.00 ± 3\.00 of the 6 that half of their image tells apart, 1 of 1 axis real/,
    );
    assert.match(
      of(gainOf(-0.06, 0.02), gainOf(8.8, 0.15)),
      /^no heterogeneity found: −0\.06 ± 0\.02 .*\. Poses are wrong: refining them gains \+8\.80 ± 0\.15$/,
    );
  });

  test("says how much of what was trained held-out particles support, in Å or of the density", () => {
    const size = (rms: number, mass: number) => ({
      rms,
      large: 2 * rms,
      rigid: { shift: 0, angle: 0 },
      mass,
    });
    const of = (gain: EvidenceGain, motion: Evidence["motion"], from: Evidence["motion"]) =>
      sentenceOf({
        ...{ gain, verdict: verdictOf(gain), realAxes: 1 },
        ...{ poses: gainOf(0, 1), table: { motion: gain, poses: gainOf(0, 1), both: gain } },
        axes: [{ ...gain, real: true, told: 0.9, agreement: 0.9, variance: 1 }],
        ...{ motion, reduced: { factors: [0.5], centre: [0], from } },
      });
    assert.match(
      of(gainOf(-1, 0.1), size(0.2, 0), size(1.53, 0.02)),
      /one model for all; held-out particles support 0\.2 of the 1\.5 Å that were trained, and no more is decoded$/,
    );
    assert.match(
      of(gainOf(2, 0.1), size(0, 0.21), size(0, 0.3)),
      /; decoded motion 0\.0 Å RMS, since held-out particles support 21\.0 of the 30\.0 % of density that were trained$/,
    );
    assert.match(of(gainOf(2, 0.1), size(2.51, 0), size(2.54, 0)), /; decoded motion 2\.5 Å RMS$/);
  });

  test("says what did not fit, and doubts what was found because of it", () => {
    const of = (gain: EvidenceGain) =>
      sentenceOf({
        ...{ gain, verdict: verdictOf(gain), realAxes: 1 },
        ...{ poses: gainOf(0, 1), table: { motion: gain, poses: gainOf(0, 1), both: gain } },
        axes: [{ ...gain, real: true, told: 0.9, agreement: 0.9, variance: 1 }],
        motion: { rms: 2.86, large: 4, rigid: { shift: 0, angle: 0 }, mass: 0 },
        misfit: ["the map is too large", "the defocus is too small"],
      });
    assert.match(
      of(gainOf(2, 0.1)),
      /^heterogeneity found: .* RMS\. Particles and model do not fit, which training may take for heterogeneity: the map is too large; the defocus is too small$/,
    );
    assert.match(
      of(gainOf(-1, 0.1)),
      /^no heterogeneity found: .*\. Particles and model do not fit: the map is too large; the defocus is too small$/,
    );
  });

  test("says what new axes add beside those that went on", () => {
    const of = (axes: number, added: EvidenceGain) => {
      const gain = gainOf(12, 0.7);
      const axis = { ...gain, real: true, told: 0.9, agreement: 0.9, variance: 1 };
      return sentenceOf({
        ...{ gain, verdict: "found" as const, realAxes: axes, poses: gainOf(-0.4, 0.1) },
        ...{
          table: { motion: gain, poses: gain, both: gain },
          axes: Array.from({ length: axes }, () => axis),
        },
        motion: { rms: 2.86, large: 4, rigid: { shift: 0, angle: 0 }, mass: 0 },
        kept: { axes: 1, added },
      });
    };
    assert.match(of(2, gainOf(3, 0.2)), /, 2 of 2 axes real; the new axis gains \+3\.00 ± 0\.20; decoded/);
    assert.match(of(3, gainOf(0.1, 0.2)), /; the 2 new axes gain \+0\.10 ± 0\.20, which is none; decoded/);
  });

  test("the finest ring has a gain with its neighbours, and outwards: one ring by chance is none", () => {
    const gains = [0, 0.5, 2, 3, 1, 0.3, -0.1, -0.1, 0.25, -0.2, -0.1];
    const rings: RingGain[] = gains.map((gain, i) => ({
      ...{ ring: i + 1, resolution: 100 / (i + 1), gain, standardError: 0.1 },
    }));
    const sum = (from: number, to: number): EvidenceGain => {
      const part = gains.slice(from - 1, to);
      return gainOf(
        part.reduce((a, b) => a + b, 0),
        0.1 * Math.sqrt(part.length),
      );
    };
    assert.equal(finestRing(rings, sum), 100 / 5);
    assert.equal(
      finestRing(rings, () => gainOf(0, 0.1)),
      undefined,
    );
  });
});
