import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { pearson } from "../../latent/statistics";
import { openParticles } from "../../particles/particleSet";
import { Run } from "../runs/run";
import { openRunParticles } from "../runs/runParticles";
import { trainInThisThread } from "../train";
import { axis, checkPlaces, engine, magnitude, roundOf, sideOf } from "./placesOfRounds.test.helper";
import { twoMotions } from "./twoMotions.test.helper";

/** Second rounds of tilt series: every image changes the model of its particle. */

const data = twoMotions({ tilts: 3, tiltStep: 20, missingTilts: 0.2, ctf: {}, snr: 8 }, 12);
const round = roundOf(data);

test("a second round of tilt series finds in a mask what the first left, and keeps the axis of the first", async (t) => {
  const run = await trainInThisThread(round(path.join(temporaryFolder(t), "run2")));
  t.onTestFinished(() => run.close());
  const first = await Run.open(data.run);
  t.onTestFinished(() => first.close());
  const before = await first.latents();
  assert.ok(magnitude(before.refined, data.first) > 0.95, `first ${magnitude(before.refined, data.first)}`);
  const { latent, encoder, refined, standardDeviation } = await run.latents();
  assert.deepEqual([latent, refined.length], [2, 2 * data.first.length]);
  for (const [own, old] of [
    [encoder, before.encoder],
    [refined, before.refined],
    [standardDeviation, before.standardDeviation],
  ]) {
    assert.deepEqual(axis(own!, 2, 0), old);
  }
  const found = axis(refined, 2, 1);
  assert.ok(magnitude(found, data.second) > 0.95, `second ${magnitude(found, data.second)}`);
  assert.ok(magnitude(found, data.first) < 0.15, `leakage ${magnitude(found, data.first)}`);
  const evidence = (await run.storedEvidence())!;
  assert.deepEqual([evidence.verdict, evidence.fixed], ["found", 1], evidence.sentence);
  const anew = await run.evidence({ particles: 40 });
  assert.ok(Math.abs(anew.gain.gain - evidence.gain.gain) < 3 * evidence.gain.standardError, anew.sentence);
  await checkPlaces(run, refined);
});

test("axes of tilt series go on, and selected particles have all of their tilts", async (t) => {
  const folder = temporaryFolder(t);
  const select = await sideOf(data);
  const run = await trainInThisThread(round(path.join(folder, "kept"), { axes: "kept", select }));
  t.onTestFinished(() => run.close());
  const { latent, refined } = await run.latents();
  const before = await Run.open(data.run);
  const places = (await before.latents()).refined;
  before.close();
  assert.deepEqual([latent, refined.length], [2, 2 * select.length]);
  const own = select.map((i) => places[i]!);
  assert.ok(pearson(axis(refined, 2, 0), own) > 0.9, `${pearson(axis(refined, 2, 0), own)}`);
  const second = select.map((i) => data.second[i]!);
  assert.ok(magnitude(axis(refined, 2, 1), second) > 0.8, `${magnitude(axis(refined, 2, 1), second)}`);

  const [chosen, all] = [await openRunParticles(run.record.inputs), await openParticles(data.particles)];
  t.onTestFinished(async () => {
    await chosen.close();
    await all.close();
  });
  assert.equal(chosen.tilts().count, all.select(select).tilts().count);
  const last = chosen.tilts().count - 1;
  const [image, same] = [chosen.tilts(), all.select(select).tilts()];
  assert.deepEqual(await image.readImages([0, last]), await same.readImages([0, last]));

  const dropped = await trainInThisThread({
    ...{ from: { run: data.run, axes: "drop" }, engine, out: path.join(folder, "drop") },
    options: { latent: 1, epochs: 1, coarseEpochs: 0 },
  });
  assert.equal((await dropped.latents()).refined.length, data.first.length);
  dropped.close();
  const recorded = JSON.parse(await readFile(path.join(folder, "kept/run.json"), "utf8"));
  assert.equal(recorded.images, chosen.tilts().count);
});
