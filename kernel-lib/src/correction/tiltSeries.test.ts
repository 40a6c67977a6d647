import assert from "node:assert/strict";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { modelDensity } from "../model/density";
import { openParticles } from "../particles/particleSet";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import { reconstruct } from "../reconstruction/reconstruct";
import { simulateLinearMotion } from "../simulate/designs";
import { correctMotion } from "./correctMotion";
import type { Motion } from "./motion";
import { prepareCorrection } from "./motionCorrection";

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
