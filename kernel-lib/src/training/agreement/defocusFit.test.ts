import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { disc, sampleIndex } from "../../fourier/disc";
import type { Ctf } from "../../optics/ctf";
import { ctfOnDisc, ringPower } from "../../optics/ctfDisc";
import { Random } from "../../random";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";
import { type DefocusData, fitDefocus } from "./defocusFit";

const RINGS = 14;
const BOX = 150;
const shape = disc(RINGS);

/** Amplitude of the model in each sample of the disc, and the mean power of each ring. */
const amplitudes = new Float64Array(shape.samples);
const modelPower = new Float64Array(RINGS + 1);
for (let kx = 0; kx <= RINGS; kx++) {
  for (let ky = -RINGS; ky <= RINGS; ky++) {
    const k = sampleIndex(RINGS, kx, ky);
    amplitudes[k] = Math.exp(-0.006 * (kx * kx + ky * ky));
    const r = shape.ring[k]!;
    modelPower[r]! += (shape.multiplicity[k]! * amplitudes[k]! ** 2) / (2 * shape.samplesInRing[r]! || 1);
  }
}

interface Simulated {
  /** What the defocus of the images is, relative to that of the file. */
  factor: number;
  count?: number;
  snr?: number;
  premultiplied?: boolean;
  seed?: number;
}

/**
 * The FRC of particles with a model of amplitudes exp(−0.006·|k|²), whose images have other CTFs than the file says: for each
 * sample of the disc, in double precision.
 */
function simulated({
  factor,
  count = 400,
  snr = 0.2,
  premultiplied = false,
  seed = 1,
}: Simulated): DefocusData {
  const random = new Random(seed);
  const width = RINGS + 1;
  const frc = new Float32Array(count * width);
  const ctfPower = new Float32Array(count * width);
  const ctfs = Array.from({ length: count }, (_, i) => {
    const ctf = drawCtf(random);
    const stated = ctfOnDisc(ctf, shape, BOX);
    ringPower(stated, shape, ctfPower, i * width);
    const { defocusU, defocusV } = ctf;
    const true_ = ctfOnDisc({ ...ctf, defocusU: factor * defocusU, defocusV: factor * defocusV }, shape, BOX);
    const [cross, power] = [new Float64Array(width), new Float64Array(width)];
    for (let k = 0; k < shape.samples; k++) {
      const m = shape.multiplicity[k]!;
      if (m === 0) continue;
      const weight = premultiplied ? stated[k]! : stated[k]! < 0 ? -1 : 1;
      // A sample of unit noise, and the model in phase with the signal; multiplicity 2 stands for two equal samples.
      const re = Math.sqrt(snr) * amplitudes[k]! * true_[k]! + random.normal() * Math.SQRT1_2;
      const im = random.normal() * Math.SQRT1_2;
      cross[shape.ring[k]!]! += m * weight * amplitudes[k]! * re;
      power[shape.ring[k]!]! += m * weight ** 2 * (re * re + im * im);
    }
    for (let r = 1; r <= RINGS; r++)
      frc[i * width + r] = cross[r]! / Math.sqrt(power[r]! * modelPower[r]! * 2 * shape.samplesInRing[r]!);
    return { ctf, premultiplied };
  });
  const particles = Int32Array.from({ length: count }, (_, i) => i);
  const meanFrc = meanFrcOf(frc, width, particles);
  const weights = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles: count });
  return { particles, frc, ctfs, weights, modelPower, boxLength: BOX };
}

function drawCtf(random: Random): Ctf {
  const mean = 8000 + 12000 * random.uniform();
  const half = 200 * random.uniform();
  return {
    ...{ defocusU: mean + half, defocusV: mean - half, angle: 180 * random.uniform(), phaseShift: 0 },
    ...{ voltage: 300, sphericalAberration: 2.7, amplitudeContrast: 0.1, bFactor: 0, scale: 1 },
  };
}

describe("the defocus that fits best", () => {
  const cases: [string, Simulated][] = [
    ["as in the file", { factor: 1 }],
    ["5 % larger", { factor: 1.05 }],
    ["5 % smaller", { factor: 0.95 }],
    ["2 % larger, as for a pixel size 1 % too large", { factor: 1.0201 }],
    ["12 % larger", { factor: 1.12 }],
    ["5 % larger, weak images", { factor: 1.05, snr: 0.1, count: 1200 }],
    ["5 % larger, images multiplied by their CTF", { factor: 1.05, premultiplied: true }],
  ];
  for (const [name, options] of cases) {
    test(`${name}: found to a few standard errors of less than 0.7 %`, () => {
      const { by, standardError } = fitDefocus(simulated(options))!;
      assert.ok(standardError > 0 && standardError < 0.007, `± ${standardError}`);
      assert.ok(Math.abs(by - options.factor) < 3.5 * standardError, `${by} ± ${standardError}`);
    });
  }

  test("the standard error is the scatter of repeated sets", () => {
    const found = Array.from(
      { length: 16 },
      (_, i) => fitDefocus(simulated({ factor: 1.02, count: 200, seed: 10 + i }))!,
    );
    const mean = found.reduce((sum, { by }) => sum + by / found.length, 0);
    const scatter = Math.sqrt(found.reduce((sum, { by }) => sum + (by - mean) ** 2 / (found.length - 1), 0));
    const stated = found.reduce((sum, { standardError }) => sum + standardError / found.length, 0);
    // 16 sets tell a standard deviation to 18 %.
    assert.ok(stated / scatter > 0.6 && stated / scatter < 1.6, `${stated} for ${scatter}`);
    assert.ok(Math.abs(mean - 1.02) < (4 * scatter) / Math.sqrt(16), `${mean}`);
  });

  test("noise, and too few particles, tell nothing or no more than their standard error", () => {
    assert.equal(fitDefocus(simulated({ factor: 1.05, count: 15 })), undefined);
    const none = fitDefocus(simulated({ factor: 1, snr: 0 }));
    assert.ok(none === undefined || Math.abs(none.by - 1) < 5 * none.standardError);
  });
});
