import assert from "node:assert/strict";
import { cp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { pearson } from "../../latent/statistics";
import { Row } from "../../model/gaussianModel";
import { openParticles } from "../../particles/particleSet";
import { train } from "../background";
import { Run } from "../runs/run";
import { openRunParticles } from "../runs/runParticles";
import type { StartingRun, TrainingSettings } from "../settings";
import { trainInThisThread } from "../train";
import { axis, checkPlaces, engine, magnitude, roundOf, sideOf } from "./placesOfRounds.test.helper";
import { twoMotions } from "./twoMotions.test.helper";

const data = twoMotions();
const round = roundOf(data);
const oneSide = () => sideOf(data);

describe("a second round", () => {
  test("finds in a mask what the first round left, and keeps the axis of the first", async (t) => {
    const run = await trainInThisThread(round(path.join(temporaryFolder(t), "run2")));
    const first = await Run.open(data.run);
    const before = await first.latents();
    const { latent, encoder, refined, standardDeviation } = await run.latents();
    assert.equal(latent, 2);
    assert.equal(run.latent, 2);
    for (const [own, old] of [
      [encoder, before.encoder],
      [refined, before.refined],
      [standardDeviation, before.standardDeviation],
    ]) {
      assert.deepEqual(axis(own!, 2, 0), old);
    }
    assert.ok(magnitude(before.refined, data.first) > 0.95, `first ${magnitude(before.refined, data.first)}`);
    const found = axis(refined, 2, 1);
    assert.ok(magnitude(found, data.second) > 0.93, `second ${magnitude(found, data.second)}`);
    assert.ok(magnitude(found, data.first) < 0.1, `leakage ${magnitude(found, data.first)}`);
    // Options that are not given anew are those of the first round.
    assert.deepEqual(
      [run.record.options.epochs, run.record.options.vary, run.record.rings],
      [6, ["position"], first.record.rings],
    );
    assert.deepEqual(run.record.from, {
      ...{ run: data.run, started: first.record.started, checksum: first.record.checksum },
      ...{ axes: "fixed", inherited: 1 },
    });
    const evidence = await run.evidence();
    assert.equal(evidence.verdict, "found", evidence.sentence);
    assert.match(evidence.sentence, /^further heterogeneity found.* 1 of 1 new axis real/);
    assert.equal(evidence.fixed, 1);
    const anew = await run.evidence({ particles: 50 });
    assert.ok(Math.abs(anew.gain.gain - evidence.gain.gain) < 3 * evidence.gain.standardError, anew.sentence);
    // The new axis only moves what is in the mask; the old one does what it did.
    const [one, other] = [run.decode([0.8, -1]), run.decode([0.8, 1])];
    const old = first.decode([0.8]);
    for (let i = 0; i < one.count; i++) {
      for (const row of [Row.x, Row.y, Row.z]) {
        const at = row * one.count + i;
        if (!run.free![i]) assert.ok(Math.abs(one.params[at]! - old.params[at]!) < 1e-6, `Gaussian ${i}`);
        if (!run.free![i]) assert.equal(one.params[at], other.params[at]);
      }
    }
    assert.deepEqual(run.decodeMany(Float32Array.of(0.8, -1)), one.params);
    assert.deepEqual(run.roles, { position: [0, 1], density: [] });
    first.close();
    await checkPlaces(run, refined);
    const poses = await run.refinePoses({ engine, prior: { rotation: 1, shift: 1 } });
    assert.equal(poses.places.length, 2 * 500);
    assert.equal(poses.report.verdict, "leave", poses.report.sentence);
    assert.ok(pearson(axis(poses.places, 2, 1), found) > 0.97);
    run.close();
  });

  test("trains on the selected particles, resumes, and needs the first run no more", async (t) => {
    const folder = temporaryFolder(t);
    const moved = path.join(folder, "run");
    await cp(data.run, moved, { recursive: true });
    const side = await oneSide();
    const select = path.join(folder, "set_1.txt");
    await writeFile(select, side.map((i) => `${i}\n`).join(""));
    const whole = await train(round(path.join(folder, "whole"), { run: moved, select: side } as StartingRun));
    const controller = new AbortController();
    const stopped = round(path.join(folder, "stopped"), { run: moved, select } as StartingRun, {
      signal: controller.signal,
      onEpoch: ({ epoch }, latents) => {
        assert.equal(latents.length, 2 * side.length);
        if (epoch === 2) controller.abort(new Error("stopped by the test"));
      },
    });
    await assert.rejects(trainInThisThread(stopped), { message: "stopped by the test" });
    await rm(moved, { recursive: true });
    const resumed = await train({ out: stopped.out, resume: true, engine });
    const csv = (run: Run) => readFile(path.join(run.folder, "latents.csv"), "utf8");
    assert.equal(await csv(resumed), await csv(whole));
    const { refined } = await whole.latents();
    const second = side.map((i) => data.second[i]!);
    assert.ok(magnitude(axis(refined, 2, 1), second) > 0.9, `${magnitude(axis(refined, 2, 1), second)}`);
    whole.close();
    resumed.close();
    // The run can be moved. Its particles are those that were selected, by number and by image.
    const elsewhere = path.join(folder, "elsewhere");
    await rename(resumed.folder, elsewhere);
    const run = await Run.open(elsewhere);
    const selection = run.record.from!.selection!;
    assert.deepEqual([selection.count, selection.of, selection.file], [side.length, 500, select]);
    assert.match(selection.sha256!, /^[0-9a-f]{64}$/);
    assert.equal(await readFile(path.join(elsewhere, "selection.txt"), "utf8"), `${side.join("\n")}\n`);
    const own = await openRunParticles(run.record.inputs);
    const all = await openParticles(data.particles);
    assert.equal(own.count, side.length);
    for (const i of [0, 7, side.length - 1]) assert.deepEqual(own.image(i), all.image(side[i]!));
    assert.deepEqual(await own.readImages([3]), await all.readImages([side[3]!]));
    await own.close();
    await all.close();
    assert.equal((await run.evidence({ particles: 20 })).fixed, 1);
    run.close();
  });

  test("without the old axes starts from the state of the selected particles; a third round can follow", async (t) => {
    const folder = temporaryFolder(t);
    const side = await oneSide();
    const all = await openParticles(data.particles);
    const select = path.join(folder, "side.star");
    await all.select(side.slice().reverse()).writeStar(select);
    await all.close();
    const run = await trainInThisThread(round(path.join(folder, "run2"), { select, axes: "drop" }));
    const { latent, refined } = await run.latents();
    assert.equal(latent, 1);
    const second = side.map((i) => data.second[i]!);
    assert.ok(magnitude(refined, second) > 0.9, `r ${magnitude(refined, second)}`);
    // The neutral model is decoded at the particle nearest to the middle of this side.
    const first = await Run.open(data.run);
    const places = (await first.latents()).refined;
    const mean = side.reduce((sum, i) => sum + places[i]! / side.length, 0);
    const away = (i: number) => Math.abs(places[i]! - mean);
    const nearest = side.reduce((a, b) => (away(b) < away(a) ? b : a));
    const state = first.decode([places[nearest]!]).params;
    assert.ok(run.neutral.params.every((value, k) => Math.abs(value - state[k]!) < 1e-5));
    assert.ok(state.some((value, k) => Math.abs(value - first.neutral.params[k]!) > 0.02));
    first.close();
    run.close();
    const third = await trainInThisThread({
      ...{ from: { run: run.folder, select: [...side.keys()].slice(0, 60) }, engine },
      ...{ out: path.join(folder, "run3"), options: { latent: 1, epochs: 1, coarseEpochs: 0 } },
    });
    assert.equal(third.latent, 2);
    assert.deepEqual(third.free, run.free);
    third.close();
    const fourth = await trainInThisThread({
      ...{ from: { run: third.folder }, engine },
      ...{ out: path.join(folder, "run4"), options: { latent: 1, epochs: 1, coarseEpochs: 0 } },
    });
    assert.deepEqual([fourth.latent, fourth.record.particles], [3, 60]);
    assert.equal((await fourth.latents()).refined.length, 180);
    fourth.close();
  });

  test("refuses what does not belong to the run, and leaves nothing behind", async (t) => {
    const folder = temporaryFolder(t);
    const out = path.join(folder, "run2");
    const text = async (name: string, content: string) => {
      await writeFile(path.join(folder, name), content);
      return path.join(folder, name);
    };
    const star = await readFile(data.particles, "utf8");
    const cases: [Partial<TrainingSettings> & { from: StartingRun }, RegExp][] = [
      [
        round(out, { select: await text("empty.txt", "# none\n") }),
        /empty\.txt: expected at least one particle/,
      ],
      [
        round(out, { select: await text("out.txt", "1\n500\n") }),
        /line 2: expected a particle index from 0 to 499, found "500"/,
      ],
      [
        round(out, { select: await text("few.txt", "1\n2\n") }),
        /few\.txt: expected at least 10 particles to train on, found 2/,
      ],
      [
        round(out, { select: await text("other.star", star.replaceAll("@particles", "@others")) }),
        /other\.star: particle 0: expected an image of .*particles\.star, found 000001@others\.mrcs/,
      ],
      [
        round(out, { select: await text("coarse.star", star.replace(" 0.1 4 32 2", " 0.1 5 32 2")) }),
        /coarse\.star: expected images of 32 pixels of 4 Å, as in .*particles\.star, found 32 pixels of 5 Å/,
      ],
      [round(out, { select: [1, 1] }), /from\.select: expected every particle once, found 1 again/],
      [round(out, {}, { particles: data.particles }), /particles: expected nothing: a second round has it/],
      [round(out, { axes: "keep" as "drop" }), /from\.axes: expected fixed, kept or drop, found keep/],
      [
        round(out, { axes: "kept" }, { rigid: [data.mask] }),
        /rigid: expected nothing where axes go on: the rigid bodies are those of the run/,
      ],
      [
        round(out, { axes: "kept" }, { options: { hidden: [32] } }),
        /options\.hidden: expected 256,256,256, the layers of the run, whose weights go on, found 32/,
      ],
      [round(out, {}, { from: { run: folder } }), /expected a run folder with run\.json in it/],
      [round(out, {}, { mask: path.join(folder, "none.mrc") }), /none\.mrc/],
    ];
    for (const [settings, message] of cases) {
      await assert.rejects(trainInThisThread(settings as TrainingSettings), message);
      assert.deepEqual((await readdir(folder)).includes("run2"), false, String(message));
    }
    await assert.rejects(train({ out }), /particles: expected a particle file, or `from`, found neither/);
  });
});
