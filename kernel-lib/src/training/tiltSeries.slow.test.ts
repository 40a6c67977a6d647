import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { openParticles } from "../particles/particleSet";
import { simulateLinearMotion } from "../simulate/designs";
import { train } from "./background";
import { Run } from "./runs/run";

beforeAll(() => useBackend("wasm"));

test("a run of tilt series has one place for each particle, which follows the truth, and evidence counted by particle", async (t) => {
  const folder = temporaryFolder(t);
  const { star, consensus, truth } = await simulateLinearMotion({
    ...{ folder, tilts: 4, tiltStep: 15, tiltDose: 5, missingTilts: 0.2, ctf: {} },
    ...{ states: 10, particlesPerState: 16, boxSize: 32, apix: 4, range: 0.3, snr: 4, seed: 1 },
  });
  const grown = await growNeutralModel(await readMap(consensus), {
    ...{ resolution: 12, gaussians: 32, boxSize: 32 },
  });
  const model = path.join(folder, "neutral.txt");
  await writeModelText(model, grown.model);
  const out = path.join(folder, "run");
  const options = { latent: 1, vary: ["position" as const], epochs: 12, hidden: [32, 32], seed: 1 };
  const run = await train({
    ...{ particles: star, model, out, options },
    engine: { engine: "wasm", threads: 2 },
  });
  t.onTestFinished(() => run.close());
  const { record } = run;
  const set = await openParticles(star);
  t.onTestFinished(() => set.close());
  assert.deepEqual([record.particles, record.images], [160, set.tilts().count]);
  assert.match(record.poses!.sentence, /poses of tilt series are not refined/);
  const { refined, standardDeviation } = await run.latents();
  assert.equal(refined.length, 160);
  assert.equal(run.encoderLatents!.length, 160);
  const states = readFileSync(truth, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => Number(line.split(",")[1]));
  assert.ok(Math.abs(pearson(refined, Float64Array.from(states))) > 0.65);
  assert.ok(standardDeviation.every((x) => x > 0 && Number.isFinite(x)));
  const evidence = (await run.storedEvidence())!;
  assert.ok(Math.abs(evidence.particles - 16) <= 3, "a tenth of the particles, not of the images");
  assert.equal(evidence.verdict, "found");
  const places = await run.placesOf(set.select([4, 9, 17]));
  assert.equal(places.mean.length, 3);
  const again = await run.evidence({ particles: 5 });
  assert.ok(again.gain.gain > 0 && again.prior.rotation >= 0);
  assert.ok(!existsSync(path.join(out, "unexplained.csv")));
  const refused = (promise: Promise<unknown>) =>
    assert.rejects(promise, (error) => error instanceof InputError && /tilt series/.test(error.message));
  await refused(run.unexplained());
  await refused(run.refinePoses());
  await refused(run.regionMotion([[-1], [1]], { centre: [0, 0, 0], radius: 0.5 }));
  const resumed = await Run.open(out);
  resumed.close();
});
