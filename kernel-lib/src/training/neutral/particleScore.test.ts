import assert from "node:assert/strict";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { Row } from "../../model/gaussianModel";
import { allUnits } from "../../model/symmetricModel";
import { pointGroup } from "../../optics/symmetry";
import { openParticles } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import { ReferenceEngine } from "../../projection/reference";
import { Random } from "../../random";
import { moleculeWithDomains } from "../../simulate/molecule";
import { simulateFromModels } from "../../simulate/simulateParticles";
import { RingWeights } from "../weights";
import { earningCandidates, earningGaussians, withAmplitudes, withCandidates, worths } from "./candidates";
import { scaledLike } from "./modelScale";
import { ParticleScore, scoresOf } from "./particleScore";

const unit = moleculeWithDomains({ boxSize: 32, apix: 4 }, [[0.15, 0.1, 0]]);

/** Particles of a model of one unit, or of all its copies, and how they are scored. */
async function scoreOf(
  t: TestContext,
  { symmetry, count = 12 }: { symmetry?: string | undefined; count?: number },
) {
  const group = symmetry === undefined ? undefined : pointGroup(symmetry);
  const { star } = await simulateFromModels([group ? allUnits(unit, group) : unit], {
    ...{ folder: temporaryFolder(t), particles: count, snr: 1, seed: 4, ctf: {} },
  });
  const set = await openParticles(star);
  const targets = await prepareTargets(set, { boxSize: 32, rings: 8, threads: 1 });
  t.onTestFinished(() => Promise.all([set.close(), targets.dispose()]).then(() => undefined));
  const meanFrc = Float64Array.from({ length: 9 }, (_, r) => (r === 0 ? 0 : 0.8));
  const weights = new RingWeights({
    ...{ weighting: "information", meanFrc, ctfPower: targets.ctfPower, particles: count },
  });
  const particles = Int32Array.from({ length: count }, (_, i) => i);
  const score = new ParticleScore({ targets, engine: new ReferenceEngine(), group });
  return { score, particles, scoring: { weights, rings: 8 } };
}

/** The model with one parameter changed. */
function changed(i: number, by: number) {
  const model = { ...unit, params: unit.params.slice() };
  model.params[i]! += by;
  return model;
}

for (const symmetry of [undefined, "C3"]) {
  test(`gradients agree with finite differences, symmetry ${symmetry ?? "none"}`, async (t) => {
    const { score, particles, scoring } = await scoreOf(t, { symmetry });
    const batch = await score.read(particles);
    const gradient = new Float64Array(unit.params.length);
    const mean = await score.gradient({ batch, particles }, unit, scoring, gradient);
    const none = new Float64Array(gradient.length);
    const meanOf = (i: number, by: number) =>
      score.gradient({ batch, particles }, changed(i, by), scoring, none);
    for (let row = 0; row < 5; row++) {
      const i = row * unit.count + 2;
      const step = row < 3 ? 2e-3 : 2e-2;
      const expected = ((await meanOf(i, step)) - (await meanOf(i, -step))) / (2 * step);
      assert.ok(
        Math.abs(gradient[i]! - expected) < 0.02 * Math.abs(expected) + 0.02,
        `row ${row}: ${gradient[i]}, ${expected}`,
      );
    }
    const { gradient: sums } = await score.amplitudes(particles, unit, scoring);
    const own = gradient[Row.amplitude * unit.count + 2]!;
    assert.ok(Math.abs(sums[2]! / particles.length - own) < 1e-4 * (1 + Math.abs(own)));
    const scores = scoresOf(await score.frc(particles, unit), particles, scoring.weights);
    assert.ok(Math.abs(scores.reduce((a, b) => a + b, 0) / particles.length - mean) < 1e-3);
  });
}

test("candidates earn amplitude where particles have density that the model lacks, and nowhere else", async (t) => {
  const { score, particles, scoring } = await scoreOf(t, { count: 60 });
  // Without its last twelve Gaussians, the small domain at (0.15, 0.1, 0)
  const own = withAmplitudes(
    unit,
    Array.from({ length: unit.count - 12 }, (_, i) => i),
    [],
  );
  const inside = (x: number, y: number, z: number) => Math.hypot(x, y, z) < 0.5;
  const all = withCandidates(own, {
    ...{ count: 200, sigma: 1, inside, radius: 0.35, random: new Random(1) },
  });
  assert.equal(all.count, own.count + 200);
  const sums = await score.amplitudes(particles, all, scoring);
  const found = earningCandidates(all, own.count, sums);
  assert.ok(found.length > 0);
  const [best] = found;
  const place = [0, 1, 2].map((axis) => all.params[axis * all.count + best!.index]!);
  assert.ok(Math.hypot(place[0]! - 0.15, place[1]! - 0.1, place[2]!) < 0.07, `${place}`);
  assert.ok(best!.amplitude > 0);
  assert.ok(found.every(({ gain }, i) => gain >= 4.5 && (i === 0 || gain <= found[i - 1]!.gain)));
  const more = withAmplitudes(all, [0, 1], found.slice(0, 1));
  assert.equal(more.count, 3);
  assert.equal(more.params[Row.amplitude * 3 + 2], Math.fround(best!.amplitude));

  // Gaussians of the molecule are worth more than those without amplitude.
  const worth = worths(all, sums);
  const earning = earningGaussians(worth);
  assert.ok(earning.length > 0.6 * own.count && earning.every((i) => i < own.count));
});

test("the scale of a model does not change by what is added", () => {
  const bright = {
    ...unit,
    params: unit.params.map((v, i) => (Math.floor(i / unit.count) === Row.amplitude ? 3 * v : v)),
  };
  const scaled = scaledLike(bright, unit);
  for (const [i, value] of scaled.params.entries()) assert.ok(Math.abs(value - unit.params[i]!) < 1e-5);
});
