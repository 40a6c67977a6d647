import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { useBackend } from "../compute/backends";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateComposition } from "../simulate/designs";
import type { Run } from "../training/runs/run";
import { trainInThisThread } from "../training/train";
import { matchLabels } from "./match";
import { particleSets } from "./particleSets";

/** A training of seconds on particles with and without each of two parts. */
let folder: string;
let run: Run;
let truth: number[];
beforeAll(async () => {
  await useBackend("wasm");
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-sets-"));
  const at = (name: string) => path.join(folder, name);
  const data = await simulateComposition({
    ...{ folder, particlesPerState: 75, boxSize: 32, apix: 4, snr: 1, ctf: {}, seed: 5 },
  });
  const { model } = await growNeutralModel(await readMap(data.consensus), {
    ...{ resolution: 12, gaussians: 32, startGaussians: 32, boxSize: 32 },
  });
  await writeModelText(at("neutral.txt"), model);
  run = await trainInThisThread({
    ...{ particles: data.star, model: at("neutral.txt"), out: at("run"), poses: "file" },
    options: { latent: 2, vary: ["amplitude"], epochs: 8, coarseEpochs: 3, batchSize: 8, hidden: [24, 24] },
    engine: { threads: 2 },
  });
  const [header, ...lines] = (await readFile(data.truth, "utf8")).trim().split("\n");
  const column = header!.split(",").indexOf("state");
  truth = lines.map((line) => Number(line.split(",")[column]));
});
afterAll(() => {
  run.close();
  rmSync(folder, { recursive: true, force: true });
});

const agreement = (indices: Int32Array, labels: Int32Array) =>
  matchLabels(
    labels,
    indices.map((particle) => truth[particle]!),
  ).agreement;

describe("sets of the particles of a run", () => {
  test("groups are assigned by images as they are read, with the probability of each", async () => {
    const sets = await particleSets(run, { engine: { threads: 1 } });
    assert.equal(sets.by, "images", sets.advice);
    assert.equal(sets.sizes.length, 4, sets.advice);
    assert.ok(agreement(sets.indices, sets.labels) > 0.97, `${agreement(sets.indices, sets.labels)}`);
    assert.match(
      sets.advice,
      /^Separate groups.*\n.*\nParticles are assigned to the 4 groups by their images/,
    );
    sets.labels.forEach((label, i) => {
      const own = sets.probabilities.subarray(4 * i, 4 * i + 4);
      assert.equal(own[label], sets.certainty[i]);
      assert.ok(Math.abs(own.reduce((a, b) => a + b) - 1) < 1e-4);
    });
  });

  test("groups are assigned by places if asked", async () => {
    const sets = await particleSets(run, { by: "places" });
    assert.equal(sets.by, "places");
    assert.doesNotMatch(sets.advice, /images/);
    assert.ok(agreement(sets.indices, sets.labels) > 0.9);
  });

  test("groups of other particles are refused", async () => {
    const mixture = {
      ...{ weights: Float64Array.of(1), means: Float64Array.of(0), covariances: Float64Array.of(1) },
      responsibilities: new Float32Array(7).fill(1),
    };
    const groups = { mixture, groupOf: Int32Array.of(0), tied: true };
    await assert.rejects(
      run.assignByImages(groups),
      /groups: expected probabilities of 300 particles, found 7/,
    );
  });
});
