import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { modelDensity } from "../model/density";
import { openParticles } from "../particles/particleSet";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import { reconstruct } from "../reconstruction/reconstruct";
import { simulateLinearMotion } from "../simulate/designs";
import { correctMotion } from "./correctMotion";
import { joinedSource } from "./joinedSource";
import type { Motion } from "./motion";
import { prepareCorrection } from "./motionCorrection";
import { posedSource } from "./posedSource";

test("motion of tilt series is undone in all tilts of a particle, in one job and in parts", async (t) => {
  const folder = temporaryFolder(t);
  const states = 5;
  const { star, models, stateOf } = await simulateLinearMotion({
    ...{ folder, tilts: 5, tiltStep: 15, tiltDose: 4, missingTilts: 0.2, ctf: {}, shifts: 4 },
    ...{ states, particlesPerState: 30, boxSize: 32, apix: 4, range: 0.3, snr: 4, seed: 2 },
  });
  const set = await openParticles(star);
  t.onTestFinished(() => set.close());
  const motion: Motion = {
    ...{ latent: 1, places: Float32Array.from(stateOf) },
    decode: (place) => models[Math.min(states - 1, Math.max(0, Math.round(place[0]!)))]!,
  };
  const options = { cells: states };
  const last = states - 1;
  const { corrected, plain, particles, used } = await correctMotion(set, motion, [last], options);
  assert.deepEqual([particles, used], [set.count, set.count]);
  const truth = modelDensity(models[last]!);
  const agreement = (map: typeof truth) => {
    const { fsc } = fourierShellCorrelation(map, truth);
    return fsc.slice(1, 12).reduce((sum, x) => sum + x, 0) / 11;
  };
  const nearest = Array.from(stateOf.keys()).filter((i) => stateOf[i] === last);
  const near = await reconstruct(set, { indices: nearest });
  const found = { corrected: agreement(corrected.map), all: agreement(plain.map), near: agreement(near.map) };
  assert.ok(found.corrected > found.all + 0.03 && found.corrected > found.near + 0.03, JSON.stringify(found));
  // The control is what a reconstruction of all tilts gives.
  const whole = await reconstruct(set);
  const scale = Math.max(...whole.map.data);
  assert.ok(plain.map.data.every((x, i) => Math.abs(x - whole.map.data[i]!) < 1e-4 * scale));

  // Images of another file with these poses, tilt by tilt; and the same particles as two sets, each a half.
  const other = temporaryFolder(t);
  await set.writeStar(path.join(other, "turned.star"));
  const text = await readFile(path.join(other, "turned.star"), "utf8");
  const turned = text.replaceAll(/^(.*@.*)$/gm, (row) => row.replace(/-?\d+\.\d+/, "12.5"));
  assert.notEqual(turned, text);
  await writeFile(path.join(other, "turned.star"), turned);
  const images = await openParticles(path.join(other, "turned.star"), { dataFolder: folder });
  t.onTestFinished(() => images.close());
  const posed = await reconstruct(posedSource(images, set));
  const withOwn = await reconstruct(images);
  const differs = (map: typeof truth) =>
    map.data.some((x, i) => Math.abs(x - whole.map.data[i]!) > 0.1 * scale);
  assert.ok(differs(withOwn.map) && !differs(posed.map));
  assert.deepEqual(posed.map.data, whole.map.data);
  const second = await openParticles(star);
  t.onTestFinished(() => second.close());
  const halfOf = (of: typeof set, half: number) =>
    of.select(Array.from(stateOf.keys()).filter((i) => i % 2 === half));
  const both = await reconstruct(joinedSource(halfOf(set, 0), halfOf(second, 1)));
  assert.ok(both.map.data.every((x, i) => Math.abs(x - whole.map.data[i]!) < 1e-4 * scale));
  const first = await reconstruct(halfOf(set, 0), { halves: "none" });
  assert.ok(both.half1!.data.every((x, i) => Math.abs(x - first.map.data[i]!) < 1e-4 * scale));
  const shuffled = set.select(Array.from(stateOf.keys()).reverse());
  assert.throws(
    () => posedSource(set, shuffled),
    /particles\.star: particle 0.* the same (particles|images|tilts)/,
  );

  const kept = temporaryFolder(t);
  const missing = [];
  for (const number of [1, 2, 1]) {
    const part = await prepareCorrection(set, motion, { ...options, folder: kept, part: { number, of: 2 } });
    missing.push(part.missing);
    await part.close();
  }
  assert.deepEqual(missing, ["sums", "cells", undefined]);
  const joined = await prepareCorrection(set, motion, { ...options, folder: kept });
  t.onTestFinished(() => joined.close());
  const again = (await joined.state([last])).corrected.map.data;
  const largest = Math.max(...corrected.map.data);
  assert.ok(again.every((x, i) => Math.abs(x - corrected.map.data[i]!) < 1e-4 * largest));
});
