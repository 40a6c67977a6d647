import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { useBackend } from "../compute/backends";
import { StoppedError } from "../errors";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { openParticles } from "../particles/particleSet";
import { simulateLinearMotion } from "../simulate/designs";
import { openRun } from "../training/runs/openRun";
import type { TrainingSettings } from "../training/settings";
import { readStudy, studyHalves, studyOptions, studySeeds } from "./studies";

/** 12 states × 120 particles of 32² pixels, of which a half shows the motion clearly, and a neutral model. */
const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-study-"));
const data = {
  particles: path.join(folder, "particles.star"),
  model: path.join(folder, "model.txt"),
  truth: [] as number[],
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await useBackend("wasm");
  const { consensus } = await simulateLinearMotion({
    ...{ folder, states: 12, particlesPerState: 120, range: 0.25, boxSize: 32, apix: 4, snr: 2, seed: 5 },
  });
  const size = { resolution: 12, gaussians: 48, startGaussians: 48, boxSize: 32 };
  await writeModelText(data.model, (await growNeutralModel(await readMap(consensus), size)).model);
  const lines = readFileSync(path.join(folder, "truth.csv"), "utf8").trim().split("\n").slice(1);
  data.truth = lines.map((line) => Number(line.split(",")[2]));
});

const options: NonNullable<TrainingSettings["options"]> = {
  ...{ latent: 1, vary: ["position"], epochs: 15, coarseEpochs: 4, batchSize: 8 },
  ...{ hidden: [64, 64], featureSize: 32, heldOut: 0.2 },
};
const common = () => ({
  particles: data.particles,
  options,
  engine: { engine: "wasm" as const, threads: 2 },
});

describe("a study", { timeout: 600_000 }, () => {
  test("of halves finds the motion again, part by part, stops and continues, and places what a half has not seen", async (t) => {
    const out = path.join(temporaryFolder(t), "study");
    const halves = { ...common(), out, resolution: 12, gaussians: 48 };
    assert.equal(await studyHalves({ ...halves, part: 2 }), undefined);
    assert.ok(existsSync(path.join(out, "half2/run/latents.csv")) && !existsSync(path.join(out, "half1")));
    const made = () => statSync(path.join(out, "half2/run/run.json")).mtimeMs;
    const before = made();

    const controller = new AbortController();
    const stop = () => controller.abort(new Error("enough"));
    const stopped = studyHalves({
      ...halves,
      signal: controller.signal,
      onProgress: ({ task }) => /epoch 2/.test(task) && stop(),
    });
    await assert.rejects(stopped, StoppedError);
    assert.ok(!existsSync(path.join(out, "study.json")));

    const report = (await studyHalves(halves))!;
    assert.equal(made(), before);
    assert.notEqual(report.verdict, "not", report.sentence);
    const [comparison] = report.comparisons;
    assert.ok(comparison!.space.axes[0][0]!.told.value > 0.85, report.sentence);
    assert.ok(comparison!.changes[0]!.motion > 0.6 && comparison!.changes[0]!.density > 0.7, report.sentence);
    assert.deepEqual(
      report.parts.map(({ name, gaussians }) => [name, gaussians]),
      [
        ["half1", 48],
        ["half2", 48],
      ],
    );
    const rows = ["half1", "half2"].map((half) =>
      readFileSync(path.join(out, half, "particles.star"), "utf8"),
    );
    const images = rows.map((text) => text.match(/\d+@\S+/g)!);
    assert.equal(new Set(images.flat()).size, 1440);
    assert.equal(images[0]!.length + images[1]!.length, 1440);

    assert.deepEqual(await readStudy(out), JSON.parse(JSON.stringify(report)));
    const again = await studyHalves(halves);
    assert.deepEqual(again, JSON.parse(JSON.stringify(report)));
    await assert.rejects(
      studyHalves({ ...halves, gaussians: 50 }),
      /gaussians: expected 48, as the study was started with/,
    );

    // Places of the other half, which this one has not seen, follow the truth as its own do.
    const run = await openRun(path.join(out, "half1/run"));
    const all = await openParticles(data.particles);
    t.onTestFinished(() => all.close());
    const { mean, standardDeviation } = await run.placesOf(all, { engine: { threads: 2 } });
    const { refined } = await run.latents();
    const seen = images[0]!.map((image) => Number(image.split("@")[0]) - 1);
    const unseen = images[1]!.map((image) => Number(image.split("@")[0]) - 1);
    assert.ok(
      pearson(
        refined,
        seen.map((i) => mean[i]!),
      ) > 0.99,
    );
    const truthOf = (rows: number[]) =>
      Math.abs(
        pearson(
          rows.map((i) => mean[i]!),
          rows.map((i) => data.truth[i]!),
        ),
      );
    assert.ok(
      truthOf(unseen) > 0.8 && truthOf(unseen) > truthOf(seen) - 0.1,
      `${truthOf(unseen)} ${truthOf(seen)}`,
    );
    assert.ok(standardDeviation.every((deviation) => deviation > 0));
    run.close();
  });

  test("of seeds and of options compares each part with the first", async (t) => {
    const folder = temporaryFolder(t);
    const settings = { ...common(), model: data.model };
    const seeds = (await studySeeds({
      ...settings,
      out: path.join(folder, "seeds"),
      seeds: [1, 2],
      jobs: 2,
    }))!;
    assert.deepEqual(
      seeds.parts.map(({ label }) => label),
      ["seed 1", "seed 2"],
    );
    assert.ok(seeds.comparisons[0]!.space.axes[0][0]!.told.value > 0.85, seeds.sentence);
    assert.equal(seeds.comparisons[0]!.averages, undefined);
    const sets = { one: {}, two: { latent: 2 }, few: { epochs: 5 } };
    const found = (await studyOptions({ ...settings, out: path.join(folder, "options"), sets }))!;
    assert.deepEqual(
      found.parts.map(({ axes }) => axes),
      [1, 2, 1],
    );
    assert.deepEqual(
      found.comparisons.map(({ parts }) => parts),
      [
        ["options_one", "options_two"],
        ["options_one", "options_few"],
      ],
    );
    assert.match(found.sentence, /of 2 parts find again what options_one found/);
  });

  test("refuses what it cannot do, before it trains", async (t) => {
    const out = path.join(temporaryFolder(t), "study");
    const halves = { ...common(), out };
    await assert.rejects(studyHalves(halves), /resolution: expected a resolution in Å .*, found neither/);
    const complete = { ...halves, resolution: 12 };
    await assert.rejects(
      studyHalves({ ...complete, part: 3 }),
      /part: expected an integer from 1 to 2, found 3/,
    );
    await assert.rejects(studyHalves({ ...complete, clusters: 0 }), /clusters: expected auto, or an integer/);
    const symmetric = { ...complete, symmetry: "C3" };
    await assert.rejects(studyHalves(symmetric), /symmetry: expected none/);
    const training = { ...common(), out, model: data.model };
    await assert.rejects(
      studySeeds({ ...training, seeds: [4, 4] }),
      /seeds: expected two different integers/,
    );
    await assert.rejects(
      studyOptions({ ...training, sets: { a: {}, "../b": {} } }),
      /sets: expected names of letters/,
    );
    await assert.rejects(
      studyOptions({ ...training, sets: { a: {}, b: { latnet: 1 } as never } }),
      /sets: b: expected options of a training: .*, found latnet/,
    );
    const other = path.join(temporaryFolder(t), "other");
    mkdirSync(other);
    writeFileSync(path.join(other, "mine.txt"), "");
    await assert.rejects(studyHalves({ ...complete, out: other }), /a new or empty folder, found 1 files/);
  });
});
