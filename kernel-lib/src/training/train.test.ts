import assert from "node:assert/strict";
import { copyFile, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { readModelText, writeModelText } from "../model/text";
import { openParticles } from "../particles/particleSet";
import { train } from "./background";
import { Run } from "./runs/run";
import type { TrainingSettings } from "./settings";
import { smallTraining } from "./smallTraining.test.helper";

const data = smallTraining();
const { settings } = data;

describe("training", () => {
  test("finds the simulated motion, and writes a complete run folder", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    const progress = new Set<string>();
    const run = await train({
      ...settings(out, { epochs: 12, coarseEpochs: 5 }),
      onProgress: ({ task }) => progress.add(task),
    });
    const { encoder, refined, standardDeviation } = await run.latents();
    assert.ok(Math.abs(pearson(refined, data.truth)) > 0.95, `refined ${pearson(refined, data.truth)}`);
    assert.ok(Math.abs(pearson(encoder, data.truth)) > 0.9, `encoder ${pearson(encoder, data.truth)}`);
    const [least, most] = [Math.min(...standardDeviation), Math.max(...standardDeviation)];
    assert.ok(least > 0 && most < 2, `standard deviations from ${least} to ${most}`);
    assert.deepEqual((await readdir(out)).sort(), [
      "evidence.json",
      "history.csv",
      "latents.csv",
      "leaks.json",
      "neutral.txt",
      "neutral_frc.csv",
      "places_frc.csv",
      "run.json",
      "unexplained.csv",
      "weights.safetensors",
    ]);
    assert.equal(run.record.status, "complete");
    assert.equal(run.record.options.seed, 1);
    assert.equal(run.history.length, 12);
    assert.ok(run.history.at(-1)!.validationFrc > run.history[0]!.validationFrc);
    // The small domain moves along y; the large one is held by the images.
    const [low, high] = [run.decode([-1.3]), run.decode([1.3])];
    let moved = 0;
    for (let i = 0; i < low.count; i++) {
      moved = Math.max(moved, Math.abs(low.params[low.count + i]! - high.params[low.count + i]!));
    }
    assert.ok(moved > 0.1, `largest movement ${moved} box`);
    const both = run.decodeMany(Float32Array.of(-1.3, 1.3));
    assert.equal(both.length, low.params.length + high.params.length);
    for (const [i, value] of [...low.params, ...high.params].entries()) {
      assert.ok(Math.abs(both[i]! - value) < 1e-6, `number ${i}: ${both[i]}, one by one ${value}`);
    }
    assert.throws(
      () => run.decodeMany(Float32Array.of(Number.NaN)),
      /points: expected rows of 1 finite numbers/,
    );
    assert.throws(() => run.decode([0, 1]), /z: expected 1 numbers, found \[0,1\]/);
    assert.ok([...progress].some((task) => task.startsWith("epoch 12 of 12")));
    assert.ok(progress.has("refining latents"));
    run.close();
  });

  test("says whether there is heterogeneity, and says the same when it is asked again", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    const run = await train(settings(out));
    const stored = await run.evidence();
    assert.equal(stored.verdict, "found", stored.sentence);
    assert.equal(stored.particles, 48);
    assert.deepEqual(run.record.evidence, {
      ...{ verdict: "found", sentence: stored.sentence, realAxes: 1 },
      ...stored.gain,
    });
    // Measured from the particles, opened anew: the division follows from the seed. The prior follows from widths that are
    // calibrated meanwhile.
    const again = await run.evidence({ particles: 48 });
    assert.ok(Math.abs(again.gain.gain - stored.gain.gain) < stored.gain.standardError, again.sentence);
    assert.equal((await run.evidence({ particles: 20 })).particles, 20);
    run.close();
    await writeFile(path.join(out, "evidence.json"), "{}\n");
    const damaged = await Run.open(out);
    await assert.rejects(damaged.evidence(), /evidence\.json: expected the field format, found none/);
    damaged.close();
  });

  test("a training that diverges is reported, and its weights are not written", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    await assert.rejects(
      train(settings(out, { learningRate: 1e30 })),
      /^InputError: options: learningRate: expected a rate with which training stays finite; it did not in epoch 1, .*found 1e\+30$/,
    );
    assert.equal((await readdir(out)).includes("weights.safetensors"), false);
  });

  test("an aborted and resumed run ends like an uninterrupted one, and a seed repeats a run", async (t) => {
    const folder = temporaryFolder(t);
    const options = { epochs: 4, coarseEpochs: 2 };
    const whole = await train(settings(path.join(folder, "whole"), options));
    const controller = new AbortController();
    const stopped = settings(path.join(folder, "stopped"), options);
    await assert.rejects(
      train({
        ...stopped,
        signal: controller.signal,
        onEpoch: ({ epoch }, latents) => {
          assert.equal(latents.length, data.truth.length);
          if (epoch === 2) controller.abort(new Error("stopped by the test"));
        },
      }),
      { name: "StoppedError", message: "stopped by the test" },
    );
    const half = await Run.open(stopped.out);
    assert.equal(half.record.status, "training");
    await assert.rejects(half.latents(), /expected a finished run, found one without latents.csv/);
    half.close();
    await assert.rejects(train(stopped), /expected a new or empty folder, or --resume/);
    const resumed = await train({ ...stopped, resume: true });
    const csv = (run: Run) => readFile(path.join(run.folder, "latents.csv"), "utf8");
    assert.equal(await csv(resumed), await csv(whole));
    const withoutSeconds = (run: Run) => run.history.map(({ seconds: _, ...rest }) => rest);
    assert.deepEqual(withoutSeconds(resumed), withoutSeconds(whole));
    whole.close();
    resumed.close();
  });

  test("without a number of epochs it ends once held-out particles are described no better; stopped, it decides the same", async (t) => {
    const folder = temporaryFolder(t);
    // Large batches: few steps in an epoch.
    const fast = { coarseEpochs: 1, batchSize: 200, hidden: [16], learningRate: 0.02 };
    const options = { ...fast, epochs: "auto" as const };
    const progress = new Set<string>();
    const onProgress = ({ task }: { task: string }) => progress.add(task);
    const whole = await train({ ...settings(path.join(folder, "whole"), options), onProgress });
    const { epochs, kept, sentence } = whole.record.schedule!;
    assert.equal(whole.record.options.epochs, "auto");
    assert.equal(whole.history.length, epochs);
    assert.ok(kept <= epochs && epochs < 100, sentence);
    assert.match(sentence, /held-out particles were described hardly better after epoch \d+/);
    assert.ok([...progress].some((task) => task.startsWith("epoch 1, rings")));
    assert.ok([...progress].some((task) => task.startsWith(`epoch ${epochs} of ${epochs}, rings`)));
    const controller = new AbortController();
    const stopped = settings(path.join(folder, "stopped"), options);
    const onEpoch = ({ epoch }: { epoch: number }) => {
      if (epoch === epochs - 8) controller.abort(new Error("stopped by the test"));
    };
    await assert.rejects(train({ ...stopped, signal: controller.signal, onEpoch }), /stopped by the test/);
    const resumed = await train({ ...stopped, resume: true });
    assert.deepEqual(resumed.record.schedule, whole.record.schedule);
    const csv = (run: Run) => readFile(path.join(run.folder, "latents.csv"), "utf8");
    assert.equal(await csv(resumed), await csv(whole));
    whole.close();
    resumed.close();
  });

  test("the weights of the epoch before held-out particles were described worse are used", async (t) => {
    const folder = temporaryFolder(t);
    // Few particles for networks that learn them by heart.
    const exact = {
      strainPenalty: 0,
      heldOut: 0.95,
      dropout: 0,
      latentNoise: 0,
      spreadPenalty: 0,
      weightDecay: 0,
    };
    const options = { ...exact, latent: 4, coarseEpochs: 0, coarseRing: 0, batchSize: 4, learningRate: 0.01 };
    const long = await train(settings(path.join(folder, "long"), { ...options, epochs: 14 }));
    const { epochs, kept, sentence } = long.record.schedule!;
    assert.equal(epochs, 14);
    assert.ok(kept < 14, sentence);
    assert.match(sentence, new RegExp(`the weights are those of epoch ${kept}, since .* fell by`));
    const scores = long.history.map(({ validationScore }) => validationScore);
    assert.ok(scores[kept - 1]! > scores.at(-1)!, `${scores}`);
    assert.deepEqual(
      (await readdir(long.folder)).filter((name) => name.startsWith("best")),
      [],
    );
    long.close();
  });

  test("the start with the best validation score is continued, and the choice is recorded", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    const run = await train(settings(out, { epochs: 3, coarseEpochs: 1, starts: 3 }));
    const { scores, chosen } = run.record.starts!;
    assert.equal(scores.length, 3);
    assert.equal(chosen, scores.indexOf(Math.max(...scores)));
    assert.deepEqual(
      run.history.map((h) => [h.start, h.epoch]),
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [chosen, 2],
        [chosen, 3],
      ],
    );
    run.close();
  });

  test("a training that ends before all rings are used says so, with the resolution that it reaches", async (t) => {
    const folder = temporaryFolder(t);
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    const short = { epochs: 2, coarseEpochs: 4, hidden: [16] };
    (await train({ ...settings(path.join(folder, "short"), short), onWarning })).close();
    assert.match(
      warnings.join("\n"),
      /the training ends at ring \d+ of \d+ \([\d.]+ Å in place of [\d.]+ Å\).*: train for at least 5 epochs, or for fewer coarse epochs/,
    );
    warnings.length = 0;
    const whole = { ...short, coarseEpochs: 1 };
    (await train({ ...settings(path.join(folder, "whole"), whole), onWarning })).close();
    assert.deepEqual(warnings, []);
  });

  test("a batch that does not fit into memory is made smaller, reported, recorded, and kept on resuming", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    // Half of it is for a step; networks of 3 × 16 leave room for some particles of 48 Gaussians.
    const base = settings(out, { epochs: 2, coarseEpochs: 0, batchSize: 64, hidden: [16, 16, 16] });
    const warnings: string[] = [];
    const notes = new Set<string | undefined>();
    const controller = new AbortController();
    const small = { ...base, memoryBudget: 1e6, onWarning: (warning: string) => warnings.push(warning) };
    await assert.rejects(
      train({
        ...small,
        onEpoch: () => controller.abort(new Error("enough")),
        signal: controller.signal,
        onProgress: ({ note }) => notes.add(note),
      }),
      /enough/,
    );
    const fitted = (await Run.open(out)).record.batchThatFitted!;
    assert.ok(fitted >= 2 && fitted < 64, `${fitted}`);
    assert.match(
      warnings[0]!,
      new RegExp(`^${fitted} particles per step instead of 64: more do not fit into `),
    );
    assert.ok(notes.has(warnings[0]));
    // With more memory, the resumed run keeps its batch size.
    const run = await train({ ...base, resume: true });
    assert.equal(run.record.options.batchSize, 64);
    assert.equal(run.record.batchThatFitted, fitted);
    run.close();
    await assert.rejects(
      train({ ...settings(`${out}2`), memoryBudget: 1e5 }),
      /memory: expected at least .* GiB for a step of two particles with 48 Gaussians, found/,
    );
  });

  test("Gaussians outside the mask never move", async (t) => {
    const folder = temporaryFolder(t);
    const mask = path.join(folder, "mask.mrc");
    const map = await readMap(path.join(data.folder, "consensus.mrc"));
    const half = map.data.map((_, i) => (i % 32 >= 20 ? 1 : 0));
    const { writeMap } = await import("../maps/mapFile");
    await writeMap(mask, { ...map, data: half });
    const run = await train({ ...settings(path.join(folder, "run"), { epochs: 2 }), mask });
    const { params, count } = run.neutral;
    const at = run.decode([1.5]).params;
    let held = 0;
    for (let i = 0; i < count; i++) {
      const outside = params[i]! < 20 / 32 - 0.5 - 0.04;
      if (!outside) continue;
      held++;
      for (let row = 0; row < 5; row++) assert.equal(at[row * count + i], params[row * count + i]);
    }
    assert.ok(held > 5 && held < count);
    assert.ok(run.free!.includes(1));
    run.close();
  });

  test("bad input is refused before anything is written", async (t) => {
    const folder = temporaryFolder(t);
    const out = path.join(folder, "run");
    const cases: Array<[Partial<TrainingSettings>, RegExp]> = [
      [{ options: { latent: 0 } }, /options: latent: expected an integer from 1 to 16, found 0/],
      [{ options: { vary: [] } }, /vary: expected one or more of position, amplitude, width, found nothing/],
      [{ options: { epochs: Number.NaN } }, /epochs: expected an integer of 1 or more, or auto, found NaN/],
      [{ resolution: 4000 }, /resolution: expected finer than 128 Å, found 4000 Å/],
      [{ resume: true }, /expected a run folder with run.json in it, found none/],
      [{ particles: path.join(folder, "none.star") }, /none\.star/],
    ];
    for (const [change, message] of cases) {
      const base = settings(out);
      await assert.rejects(
        train({ ...base, ...change, options: { ...base.options, ...change.options } }),
        message,
      );
    }
    const wide = path.join(folder, "wide.txt");
    await writeModelText(wide, { ...(await readModelText(data.model)), apix: 8 });
    await assert.rejects(
      train({ ...settings(out), model: wide }),
      /particles\.star: expected images as wide as the box of .*wide\.txt, 256\.0 Å, found 128\.0 Å/,
    );
    await assert.rejects(train({ ...settings(folder) }), /expected a new or empty folder, found other files/);
    assert.deepEqual(await readdir(folder), ["wide.txt"]);
  });

  test("a run folder of another version, or with a damaged file, is refused by name", async (t) => {
    const folder = temporaryFolder(t);
    const run = await train(settings(path.join(folder, "run"), { epochs: 1, coarseEpochs: 0 }));
    run.close();
    const record = path.join(run.folder, "run.json");
    const text = await readFile(record, "utf8");
    await writeFile(record, text.replace('"format": 1', '"format": 99'));
    await assert.rejects(Run.open(run.folder), /run\.json: expected format 1, found 99/);
    await writeFile(record, text);
    const weights = path.join(run.folder, "weights.safetensors");
    await copyFile(weights, path.join(folder, "kept"));
    await truncate(weights, 5000);
    await assert.rejects(Run.open(run.folder), /weights\.safetensors/);
    await copyFile(path.join(folder, "kept"), weights);
    (await Run.open(run.folder)).close();
  });
});

test("the particles of the test are as many as the truth has rows", async () => {
  const set = await openParticles(data.particles);
  assert.equal(set.count, data.truth.length);
  await set.close();
});
