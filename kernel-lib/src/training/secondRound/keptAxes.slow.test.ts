import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { pearson } from "../../latent/statistics";
import { Run } from "../runs/run";
import type { TrainingSettings } from "../settings";
import { trainInThisThread } from "../train";
import { axis, checkPlaces, engine, magnitude, roundOf, sideOf } from "./placesOfRounds.test.helper";
import { twoMotions } from "./twoMotions.test.helper";

const data = twoMotions();
const round = roundOf(data);

describe("a second round with axes that go on", () => {
  test("goes on with the axis of the first round, and adds one in a mask", async (t) => {
    const folder = temporaryFolder(t);
    const run = await trainInThisThread(round(path.join(folder, "run2"), { axes: "kept" }));
    const before = await Run.open(data.run);
    const places = (await before.latents()).refined;
    const { latent, refined } = await run.latents();
    assert.deepEqual([latent, run.latent, run.record.options.latent], [2, 2, 1]);
    assert.deepEqual([run.record.from!.axes, run.record.from!.inherited], ["kept", 1]);
    const [old, added] = [axis(refined, 2, 0), axis(refined, 2, 1)];
    assert.ok(pearson(old, places) > 0.97, `the old axis keeps its sign: ${pearson(old, places)}`);
    assert.ok(magnitude(old, data.first) > 0.95, `first ${magnitude(old, data.first)}`);
    assert.ok(magnitude(added, data.second) > 0.93, `second ${magnitude(added, data.second)}`);
    assert.ok(magnitude(added, data.first) < 0.1, `leakage ${magnitude(added, data.first)}`);
    const { verdict, axes, kept, fixed, sentence } = await run.evidence();
    assert.deepEqual([verdict, axes.map(({ real }) => real), fixed], ["found", [true, true], undefined]);
    assert.equal(kept!.axes, 1);
    assert.ok(kept!.added.gain > 3 * kept!.added.standardError, sentence);
    assert.match(sentence, /^heterogeneity found: .*, 2 of 2 axes real; the new axis gains \+/);
    // The new axis moves what is in the mask, the old one what it moved before.
    const [low, high] = [run.decode([0.5, -1]), run.decode([0.5, 1])];
    const inMask = await readFile(path.join(run.folder, "free.txt"), "utf8");
    for (const [i, flag] of inMask.trim().split("\n").entries()) {
      if (flag === "0") assert.equal(low.params[i], high.params[i]);
    }
    assert.equal(run.free, undefined);
    assert.deepEqual(run.roles, { position: [0, 1], density: [] });
    const anew = await run.evidence({ particles: 20 });
    assert.equal(anew.kept!.axes, 1);
    assert.equal((await run.axes()).length, 2);
    await checkPlaces(run, refined);
    run.close();
    before.close();
    for (const axes of ["kept", "fixed"] as const) {
      const third = await trainInThisThread({
        ...{ from: { run: run.folder, axes }, engine, out: path.join(folder, `${axes}3`) },
        options: { latent: 1, epochs: 1, coarseEpochs: 0, vary: ["amplitude"] },
      });
      assert.deepEqual([third.latent, third.roles.position, third.roles.density], [3, [0, 1], [2]]);
      assert.equal(third.decode([0, 0, 0]).count, low.count);
      third.close();
    }
    const fixed3 = {
      from: { run: path.join(folder, "fixed3"), axes: "kept" },
      out: path.join(folder, "no"),
    } as const;
    await assert.rejects(
      trainInThisThread({ ...fixed3, engine }),
      /expected a run that trained all of its axes, for axes that go on .*, found one with 2 fixed/,
    );
  });

  test("goes on with an axis on selected particles, and resumes", async (t) => {
    const folder = temporaryFolder(t);
    const select = await sideOf(data);
    const options = { latent: 1, epochs: 3, coarseEpochs: 1 };
    const settings = (out: string) => round(path.join(folder, out), { axes: "kept", select }, { options });
    const whole = await trainInThisThread(settings("whole"));
    const controller = new AbortController();
    const stopped: TrainingSettings = {
      ...settings("stopped"),
      signal: controller.signal,
      onEpoch: ({ epoch }, latents) => {
        assert.equal(latents.length, 2 * select.length);
        if (epoch === 2) controller.abort(new Error("stopped by the test"));
      },
    };
    await assert.rejects(trainInThisThread(stopped), { message: "stopped by the test" });
    const resumed = await trainInThisThread({ out: stopped.out, resume: true, engine });
    const csv = (run: Run) => readFile(path.join(run.folder, "latents.csv"), "utf8");
    assert.equal(await csv(resumed), await csv(whole));
    // One side of the motion differs from the model of all, as with another pixel size: measured on all particles it holds.
    const before = await Run.open(data.run);
    assert.ok(before.record.fit);
    assert.deepEqual(whole.record.fit, before.record.fit);
    before.close();
    // The old axis has about unit variance in these particles, too, and goes on from where it was.
    const { refined } = await whole.latents();
    const old = axis(refined, 2, 0);
    const first = select.map((i) => data.first[i]!);
    assert.ok(magnitude(old, first) > 0.9, `${magnitude(old, first)}`);
    const variance = old.reduce((sum, z) => sum + z * z, 0) / old.length;
    assert.ok(variance > 0.6 && variance < 1.6, `${variance}`);
    whole.close();
    resumed.close();
  });

  test("with axes that go on at another resolution, the encoder is taught the old coordinates, and a survey counts new axes", async (t) => {
    const out = path.join(temporaryFolder(t), "run2");
    const first = await Run.open(data.run);
    const { apix, boxSize, rings } = first.record;
    const places = (await first.latents()).refined;
    first.close();
    const run = await trainInThisThread(
      round(
        out,
        { axes: "kept" },
        { resolution: (0.99 * apix * boxSize) / (rings - 2), options: { latent: "auto" } },
      ),
    );
    // A survey of this kind sees no motion that the axis describes already.
    assert.equal(run.record.options.latent, 1);
    assert.match(run.record.survey!.sentence, /^the latent space gets one new axis beside 1 that goes on/);
    assert.equal(run.record.rings, rings - 2);
    const { refined } = await run.latents();
    assert.ok(pearson(axis(refined, 2, 0), places) > 0.97, `${pearson(axis(refined, 2, 0), places)}`);
    assert.ok(magnitude(axis(refined, 2, 1), data.second) > 0.9);
    run.close();
  });
});
