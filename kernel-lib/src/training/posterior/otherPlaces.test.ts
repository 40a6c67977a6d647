import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { useBackend } from "../../compute/backends";
import { readMap } from "../../maps/mapFile";
import { growNeutralModel } from "../../model/growNeutralModel";
import { writeModelText } from "../../model/text";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import { simulateLinearOccupancy } from "../../simulate/designs";
import { placePart, placesInChunks, removeChunks } from "../runs/placesInChunks";
import { Run } from "../runs/run";
import { readArrays, writeArrays } from "../runs/weightsFile";
import { trainInThisThread } from "../train";
import type { Posterior } from "./posterior";

/** Places of particles of a run, found again as those of others. */

const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-places-"));
const at = (name: string) => path.join(folder, name);
const engine = { threads: 2 };
let set: ParticleSet;

beforeAll(async () => {
  await useBackend("wasm");
  const { consensus, star } = await simulateLinearOccupancy({
    ...{
      folder,
      states: 10,
      particlesPerState: 60,
      range: 0.25,
      boxSize: 32,
      apix: 4,
      snr: 0.3,
      seed: 5,
      ctf: {},
    },
  });
  const grown = await growNeutralModel(await readMap(consensus), {
    ...{ resolution: 14, gaussians: 40, startGaussians: 40, boxSize: 32 },
  });
  await writeModelText(at("neutral.txt"), grown.model);
  set = await openParticles(star);
});
afterAll(async () => {
  await set?.close();
  rmSync(folder, { recursive: true, force: true });
});

const trained = (out: string, latent: number, particles = at("particles.star")) =>
  trainInThisThread({
    ...{ particles, model: at("neutral.txt"), out: at(out), poses: "file", engine },
    options: { latent, epochs: 4, coarseEpochs: 2, batchSize: 16 },
  });

/**
 * Differences of some rows from those of others: of means in widths, and of widths as fractions, of nine in ten particles and of nearly
 * all. A projection engine rounds by the batch, and a search may end one step earlier or, rarely, in another maximum.
 */
function differences(
  found: Posterior,
  { mean, standardDeviation }: Posterior,
  rows: number[],
  latent: number,
) {
  const all = rows.map((row, i) => {
    let most = 0;
    for (let d = 0; d < latent; d++) {
      const [own, other] = [i * latent + d, row * latent + d];
      const width = standardDeviation[other]!;
      most = Math.max(most, Math.abs(found.mean[own]! - mean[other]!) / width);
      most = Math.max(most, Math.abs(found.standardDeviation[own]! / width - 1));
    }
    return most;
  });
  all.sort((one, other) => one - other);
  return { most: all[Math.floor(0.9 * all.length)]!, nearlyAll: all[Math.floor(0.97 * all.length)]! };
}

describe("particles of a run", () => {
  for (const [latent, particles, exact] of [
    [1, "all", 0.005],
    [2, "all", 0.05],
    [2, "few", 0.1],
  ] as const) {
    test(`on ${latent} axes (${particles}) have the places of its table, all together and in any part`, async (t) => {
      const own = particles === "all" ? set : set.select(Array.from({ length: 300 }, (_, i) => 2 * i));
      const star = at(`${particles}.star`);
      if (own !== set) await own.writeStar(star);
      const run = await trained(`run${latent}${particles}`, latent, own === set ? undefined : star);
      t.onTestFinished(() => run.close());
      assert.equal(run.record.intervals?.sampled, latent === 2 && own === set ? 512 : undefined);
      const { refined, standardDeviation } = await run.latents();
      const table = { mean: refined, standardDeviation };
      const rows = Array.from({ length: own.count }, (_, i) => i);
      const whole = differences(await run.placesOf(own, { engine }), table, rows, latent);
      assert.ok(whole.most < exact && whole.nearlyAll < 10 * exact, JSON.stringify(whole));
      const some = rows.slice(100, 130);
      const part = differences(await run.placesOf(own.select(some), { engine }), table, some, latent);
      assert.ok(part.most < exact && part.nearlyAll < 10 * exact, JSON.stringify(part));
    });
  }

  for (const latent of [1, 2]) {
    test(`on ${latent} axes have the same places in parts, bit for bit, as in one job and as a chunk alone`, async (t) => {
      const run = await Run.open(at(`run${latent}all`));
      t.onTestFinished(() => run.close());
      const some = set.select(Array.from({ length: 560 }, (_, i) => 2 * i));
      const placing = await run.placing();
      const task = { engine, images: 70 };
      const whole = await placesInChunks(placing, some, task);
      const alone = await run.placesOf(some.select(Array.from({ length: 70 }, (_, i) => 210 + i)), {
        engine,
      });
      assert.deepEqual(alone.mean, whole.mean.slice(210 * latent, 280 * latent));
      assert.deepEqual(alone.standardDeviation, whole.standardDeviation.slice(210 * latent, 280 * latent));

      const folder = at(`places${latent}_parts`);
      const part = (number: number, of = 3) =>
        placePart(placing, some, task, { folder, part: { number, of } });
      assert.deepEqual([await part(3), await part(1)], [210, 140]);
      const names = readdirSync(folder).sort();
      assert.deepEqual(
        names,
        [1, 2, 6, 7, 8].map((chunk) => `places_${chunk}_of_8.safetensors`),
      );
      // What is there stays, and is used; what is missing is made.
      const before = names.map((name) => statSync(path.join(folder, name)).ino);
      await part(1, 1);
      const after = names.map((name) => statSync(path.join(folder, name)).ino);
      assert.deepEqual(after, before);
      const used: string[] = [];
      const watched = { ...task, onProgress: ({ task: name }: { task: string }) => used.push(name) };
      assert.deepEqual(await placesInChunks(placing, some, watched, folder), whole);
      assert.deepEqual(used, []);
      // Of other particles nothing is taken.
      const turned = some.select(Array.from({ length: 140 }, (_, i) => 559 - i));
      const other = await placesInChunks(placing, turned, task, folder);
      assert.notDeepEqual(other.mean, whole.mean);
      assert.deepEqual(other, await placesInChunks(placing, turned, task));
      await removeChunks(folder);
      assert.equal(existsSync(folder), false);
    });
  }

  test("of an earlier version, without what it knew about them, are placed nearby, with a warning", async () => {
    const file = at("run1all/weights.safetensors");
    const { arrays, metadata } = await readArrays(file);
    const others = arrays.filter(({ name }) => !name.startsWith("placing."));
    assert.ok(others.length < arrays.length);
    const { checksum: _, ...rest } = metadata;
    await writeArrays(file, others, rest);
    const run = await Run.open(at("run1all"));
    const { refined, standardDeviation } = await run.latents();
    const warnings: string[] = [];
    const found = await run.placesOf(set, { engine, onWarning: (text) => warnings.push(text) });
    assert.match(warnings.join(), /trained by an earlier version/);
    const rows = Array.from({ length: set.count }, (_, i) => i);
    const { most } = differences(found, { mean: refined, standardDeviation }, rows, 1);
    assert.ok(most < 0.5, `${most}`);
    const kept = { folder: at("none"), part: { number: 1, of: 2 } };
    await assert.rejects(
      async () => placePart(await run.placing(), set, { engine }, kept),
      /weights\.safetensors: part: expected weights of this version, .* found a run of an earlier version/,
    );
    assert.equal(existsSync(at("none")), false);
    run.close();
  });
});
