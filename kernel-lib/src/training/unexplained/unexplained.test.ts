import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { disc } from "../../fourier/disc";
import { rotationFromEuler } from "../../optics/pose";
import { Random } from "../../random";
import { robustResiduals } from "./robustFit";
import { normalScores } from "./skew";
import { type ExplainedData, judgeUnexplained, upperTail } from "./unexplained";

const rings = 20;
const count = 1500;

/**
 * Particles whose FRC scatters about what their CTF and signal let expect. Views along z show less of the molecule. The first `rare`
 * agree by `agreement` times as much with the model as they should.
 */
function particles(seed: number, rare = 0, agreement = 1): ExplainedData {
  const random = new Random(seed);
  const { samplesInRing } = disc(rings);
  const frc = new Float32Array(count * (rings + 1));
  const ctfPower = new Float32Array(count * (rings + 1));
  const rotations = new Float32Array(9 * count);
  const places = Float32Array.from({ length: count }, () => random.normal());
  for (let i = 0; i < count; i++) {
    const tilt = (Math.acos(2 * random.uniform() - 1) * 180) / Math.PI;
    rotationFromEuler([360 * random.uniform(), tilt, 360 * random.uniform()], rotations, 9 * i);
    const shown = 1 - 0.3 * rotations[9 * i + 8]! ** 2;
    const phase = 3 * random.uniform();
    for (let r = 1; r <= rings; r++) {
      const power = Math.sin(phase + r ** 2 / 40) ** 2;
      ctfPower[i * (rings + 1) + r] = power;
      const snr = 2 * Math.exp(-r / 5) * power * shown;
      const f = Math.sqrt(snr / (1 + snr)) * (i < rare ? agreement : 1);
      const scatter = (1 - f * f) / Math.sqrt(2 * samplesInRing[r]!);
      frc[i * (rings + 1) + r] = f + scatter * random.normal();
    }
  }
  const members = Int32Array.from({ length: count }, (_, i) => i);
  return { count, rings, frc, ctfPower, rotations, places, members };
}

describe("particles that the model does not explain", () => {
  test("are none where all agree as their CTF, signal and view let expect", () => {
    let found = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { particles: reported, misfit } = judgeUnexplained(particles(seed));
      found += reported.length;
      const square = misfit.reduce((sum, x) => sum + x * x, 0) / count;
      assert.ok(square > 0.88 && square < 1.15, `${square}`);
    }
    // 5 % of 40 sets have one by chance.
    assert.ok(found <= 6, `${found}`);
  });

  test("are those that agree half as much, 2 % of the set, with few others", () => {
    let [right, wrong] = [0, 0];
    for (let seed = 1; seed <= 10; seed++) {
      const { particles: reported, sentence, judged } = judgeUnexplained(particles(seed, 30, 0.5));
      right += reported.filter((i) => i < 30).length;
      wrong += reported.filter((i) => i >= 30).length;
      assert.equal(judged, count);
      assert.match(sentence, new RegExp(`^${reported.length} of 1500 particles \\(`));
    }
    assert.ok(right >= 0.9 * 300, `${right} of 300`);
    assert.ok(wrong <= 0.1 * right, `${wrong} of ${right + wrong}`);
  });

  test("a view that shows less is no misfit, and particles that were left out are not judged", () => {
    const data = particles(3);
    const { misfit } = judgeUnexplained(data);
    const along = Array.from({ length: count }, (_, i) => i).filter(
      (i) => Math.abs(data.rotations[9 * i + 8]!) > 0.9,
    );
    const mean = along.reduce((sum, i) => sum + misfit[i]! / along.length, 0);
    assert.ok(Math.abs(mean) < 0.25, `${mean}`);
    const half = particles(4, 30, 0.2);
    const found = judgeUnexplained({ ...half, members: half.members.filter((i) => i >= 30) });
    assert.deepEqual(
      [...found.particles].filter((i) => i < 30),
      [],
    );
    assert.equal(found.judged, count - 30);
    assert.ok(found.misfit.subarray(0, 30).every((value) => value === 0));
  });
});

/** Gradients in 20 cells; those of the first `rare` particles have a common part, of so many standard deviations. */
function gradients(seed: number, rare: number, common: number) {
  const random = new Random(seed);
  const cells = 20;
  const scale = Array.from({ length: cells }, (_, c) => 3 / (1 + c));
  const shared = Array.from({ length: cells }, (_, c) => (c < 3 ? common / Math.sqrt(3) : 0));
  const values = Float32Array.from({ length: count * cells }, (_, k) => {
    const [i, c] = [Math.floor(k / cells), k % cells];
    return scale[c]! * (random.normal() + (i < rare ? shared[c]! : 0));
  });
  return { gradients: values, cells };
}

describe("with what particles would change in the model", () => {
  test("none are reported where there is nothing in common", () => {
    let found = 0;
    for (let seed = 1; seed <= 30; seed++) {
      found += judgeUnexplained({ ...particles(seed), ...gradients(seed, 0, 0) }).particles.length;
    }
    // The misfit alone has one in 5 % of the sets.
    assert.ok(found <= 4, `${found}`);
  });

  test("2 % of another state are found whose agreement alone does not tell them", () => {
    let [right, wrong, without] = [0, 0, 0];
    for (let seed = 1; seed <= 10; seed++) {
      const data = particles(seed, 30, 0.8);
      without += judgeUnexplained(data).particles.length;
      const { particles: reported, residual } = judgeUnexplained({ ...data, ...gradients(seed, 30, 6) });
      right += reported.filter((i) => i < 30).length;
      wrong += reported.filter((i) => i >= 30).length;
      assert.ok(residual.subarray(0, 30).reduce((sum, x) => sum + x / 30, 0) > 3);
    }
    assert.ok(without < 0.2 * 300, `${without} by agreement alone`);
    assert.ok(right >= 0.8 * 300, `${right} of 300`);
    assert.ok(wrong <= 0.12 * (right + wrong), `${wrong} of ${right + wrong}`);
  });
});

test("the tail of the normal distribution agrees with tabulated values", () => {
  // Abramowitz and Stegun, table 26.1
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.15865525393],
    [-1, 0.84134474607],
    [2, 0.0227501319482],
    [3, 0.00134989803163],
    [5, 2.86651571879e-7],
  ] as const) {
    assert.ok(Math.abs(upperTail(x) / p - 1) < 1e-8, `${x}`);
  }
});

test("skewed numbers become normal ones, whatever a few far away say", () => {
  const random = new Random(6);
  const normal = Float64Array.from({ length: 4000 }, () => random.normal()).sort();
  const middle = normal[2000]!;
  const skewed = normal.map((z) => (7 * Math.expm1(0.2 * (z - middle))) / 0.2);
  skewed.fill(1000, 3980);
  const found = normalScores(skewed);
  for (const at of [40, 400, 1000, 2000, 3000, 3600, 3950]) {
    assert.ok(Math.abs(found[at]! - normal[at]!) < 0.2, `${found[at]} and ${normal[at]}`);
  }
  assert.ok(found[3999]! > 10);
  const left = normalScores(skewed.map((x) => -x));
  assert.ok(left.every(Number.isFinite));
});

test("a robust regression finds its line whatever a few values far away say", () => {
  const random = new Random(2);
  const n = 400;
  const line = Float64Array.from({ length: n }, (_, i) => (2 * i) / (n - 1) - 1);
  const length = Math.sqrt(line.reduce((sum, x) => sum + x * x, 0));
  const values = line.map((x, i) => 3 + 5 * x + (i >= n - 20 ? -40 : 0.5 * random.normal()));
  const residuals = robustResiduals(values, [line.map((x) => x / length)]);
  const slope = (values[100]! - residuals[100]! - (values[0]! - residuals[0]!)) / (line[100]! - line[0]!);
  assert.ok(Math.abs(slope - 5) < 0.2, `${slope}`);
  assert.ok(residuals[n - 1]! < -39);
});
