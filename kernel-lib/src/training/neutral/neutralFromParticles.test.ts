import assert from "node:assert/strict";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { InputError, StoppedError } from "../../errors";
import { sphericalMask } from "../../maps/mask";
import { type GaussianModel, pickGaussians, Row } from "../../model/gaussianModel";
import { allUnits, centreOf } from "../../model/symmetricModel";
import { pointGroup, turned } from "../../optics/symmetry";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import { moleculeWithDomains, type Place } from "../../simulate/molecule";
import { simulateFromModels } from "../../simulate/simulateParticles";
import { overlap } from "./modelScale";
import { neutralFromParticles, polishNeutralModel } from "./neutralFromParticles";

const engine = { engine: "wasm", threads: 2 } as const;
const box = { boxSize: 32, apix: 4 };
const shown: Place = [0.15, 0.1, 0];
const hidden: Place = [-0.05, -0.05, 0.2];
/** Of the small domains. */
const radius = 0.055;

async function particlesOf(
  t: TestContext,
  models: readonly GaussianModel[],
  { particles = 300, snr = 0.5 } = {},
): Promise<ParticleSet> {
  const { star } = await simulateFromModels(models, {
    ...{ folder: temporaryFolder(t), particles, snr, shifts: 4, seed: 3, ctf: {} },
  });
  const set = await openParticles(star);
  t.onTestFinished(() => set.close());
  return set;
}

const near = (model: GaussianModel, place: Place) =>
  Array.from({ length: model.count }, (_, i) => centreOf(model, i)).filter(
    (centre) => Math.hypot(...centre.map((c, axis) => c - place[axis]!)) < radius,
  ).length;

/** Correlation of two densities. */
const correlation = (one: GaussianModel, other: GaussianModel) =>
  overlap(one, other) / Math.sqrt(overlap(one, one) * overlap(other, other));

test("a domain that is missing from the model gets Gaussians, and the particles that were left out say so", async (t) => {
  const truth = moleculeWithDomains(box, [shown, hidden]);
  const set = await particlesOf(t, [truth]);
  const start = moleculeWithDomains(box, [shown]);
  assert.equal(near(start, hidden), 0);
  const { model, report } = await polishNeutralModel(set, start, { engine, resolution: 10 });
  assert.equal(report.verdict, "polished", report.sentence);
  assert.ok(report.gain > 5 * report.standardError, report.sentence);
  assert.ok(near(model, hidden) >= 2, `${near(model, hidden)}`);
  assert.ok(model.count <= Math.ceil(1.25 * start.count));
  assert.ok(correlation(model, truth) > correlation(start, truth) + 0.02);
  assert.equal(report.gaussians.after, model.count);
  assert.deepEqual(report.particles, { used: 270, heldOut: 30, outliers: 0 });
  const [lowest] = report.rings;
  assert.ok(lowest!.after > lowest!.before);
});

test("a domain outside the mask stays missing", async (t) => {
  const set = await particlesOf(t, [moleculeWithDomains(box, [shown, hidden])]);
  const start = moleculeWithDomains(box, [shown]);
  const mask = sphericalMask({ size: [32, 32, 32], apix: 4 }, { diameter: 128 });
  for (let i = 0; i < mask.data.length; i++) if (Math.floor(i / 1024) > 20) mask.data[i] = 0;
  const { model } = await polishNeutralModel(set, start, { engine, resolution: 10, mask });
  assert.equal(near(model, hidden), 0);
});

test("a domain that moves along a line is covered along its whole path", async (t) => {
  const places = [-0.15, -0.05, 0.05, 0.15].map((y): Place => [0.15, y, 0]);
  const states = places.map((place) => moleculeWithDomains(box, [place]));
  const set = await particlesOf(t, states, { particles: 400, snr: 1 });
  const start = moleculeWithDomains(box, []);
  const { model } = await polishNeutralModel(set, start, { engine, resolution: 10 });
  for (const place of places) assert.ok(near(model, place) > 0, `no Gaussian near ${place}`);
});

test("a symmetric model stays exactly symmetric, and gets the missing domain in each unit", async (t) => {
  const group = pointGroup("C3");
  const whole = (places: readonly Place[]) => {
    const unit = moleculeWithDomains(box, places);
    return allUnits({ ...unit, params: unit.params.map((v, i) => (i < unit.count ? v + 0.12 : v)) }, group);
  };
  const moved: Place = [hidden[0] + 0.12, hidden[1], hidden[2]];
  const set = await particlesOf(t, [whole([hidden])], { snr: 1 });
  const start = whole([]);
  const { model, unit, report } = await polishNeutralModel(set, start, {
    ...{ engine, resolution: 10, symmetry: "C3" },
  });
  assert.equal(report.verdict, "polished", report.sentence);
  assert.equal(model.count, 3 * unit!.gaussians);
  const first = pickGaussians(model, [...Array(unit!.gaussians).keys()]);
  for (const [i, value] of allUnits(first, group).params.entries()) {
    assert.ok(Math.abs(model.params[i]! - value) < 1e-5);
  }
  for (const operator of group.operators) assert.ok(near(model, turned(operator, [...moved])) > 0);
});

test("the true model stays as it was", async (t) => {
  const truth = moleculeWithDomains(box, [shown]);
  const set = await particlesOf(t, [truth]);
  const { model, report } = await polishNeutralModel(set, truth, { engine, resolution: 10 });
  assert.equal(report.verdict, "kept", report.sentence);
  assert.equal(model, truth);
  assert.match(report.sentence, /does not help/);
});

test("particles alone give their mean structure, on the scale of their back-projection, the same for equal seeds", async (t) => {
  const truth = moleculeWithDomains(box, [shown, hidden]);
  const set = await particlesOf(t, [truth], { snr: 1 });
  const options = { engine, resolution: 12, gaussians: 48 };
  const { model, rounds, report, trainingBox } = await neutralFromParticles(set, options);
  assert.equal(model.boxSize, trainingBox);
  const inBox = { ...truth, params: truth.params.slice(), boxSize: model.boxSize, apix: model.apix };
  for (let i = 0; i < truth.count; i++) {
    inBox.params[Row.sigma * truth.count + i]! *= model.boxSize / truth.boxSize;
  }
  assert.ok(correlation(model, inBox) > 0.95, `${correlation(model, inBox)}`);
  const scale = overlap(model, inBox) / overlap(inBox, inBox);
  assert.ok(scale > 0.7 && scale < 1.3, `${scale}`);
  assert.equal(rounds.at(-1)!.gaussians, 48);
  assert.ok(report.rings.every(({ mapBefore }) => mapBefore !== undefined));
  const again = await neutralFromParticles(set, { ...options, engine: { engine: "wasm", threads: 1 } });
  assert.equal(again.report.verdict, report.verdict);
  assert.ok(correlation(model, again.model) > 0.9999);
});

test("halves share no particles and give models of their own", async (t) => {
  const set = await particlesOf(t, [moleculeWithDomains(box, [shown])], { particles: 120, snr: 1 });
  const options = { engine, resolution: 16, gaussians: 24 };
  const one = await neutralFromParticles(set, { ...options, half: 1 });
  const two = await neutralFromParticles(set, { ...options, half: 2 });
  for (const { report } of [one, two])
    assert.deepEqual(report.particles, { used: 54, heldOut: 6, outliers: 0 });
  assert.notDeepEqual(one.model.params, two.model.params);
  assert.ok(correlation(one.model, two.model) > 0.9, `${correlation(one.model, two.model)}`);
});

test("bad input is refused, and the work can be stopped", async (t) => {
  const model = moleculeWithDomains(box, [shown]);
  const set = await particlesOf(t, [model], { particles: 40 });
  const refused = (work: Promise<unknown>, pattern: RegExp) =>
    assert.rejects(work, (error) => error instanceof InputError && pattern.test(error.message));
  await refused(
    polishNeutralModel(set, { ...model, apix: 5 }),
    /a box of 160.0 Å, as the model, found 128.0 Å/,
  );
  await refused(polishNeutralModel(set, model, { heldOut: 1 }), /heldOut: expected a fraction/);
  await refused(neutralFromParticles(set.select([1, 2, 3]), { resolution: 16 }), /at least 20 particles/);
  await refused(neutralFromParticles(set, { resolution: 500 }), /resolution/);
  const dark = { ...model, params: model.params.slice() };
  for (let i = 0; i < dark.count; i++) dark.params[Row.amplitude * dark.count + i]! *= -1;
  await refused(polishNeutralModel(set, dark, { engine }), /minus sign/);
  const controller = new AbortController();
  const onProgress = ({ task }: { task: string }) => {
    if (task.startsWith("polishing")) controller.abort();
  };
  await assert.rejects(
    polishNeutralModel(set, model, { engine, onProgress, signal: controller.signal }),
    StoppedError,
  );
});
