import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type GaussianModel, Row } from "../../model/gaussianModel";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import { type ParticleTargets, prepareTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { createEngine } from "../../projection/engines";
import { Random } from "../../random";
import { simulateFromModels } from "../../simulate/simulateParticles";
import { meanFrcOf, neutralFrc } from "../neutralFrc";
import { fixedModel } from "../posterior/decoders";
import { RingWeights } from "../weights";
import { measureUnexplained } from "./measureUnexplained";

/** 1,200 images of one molecule of 40 Gaussians, in the last 24 of which eight neighbours are missing. */

const count = 1200;
const rare = 24;
const gaussians = 40;

function molecule(missing: boolean): GaussianModel {
  const random = new Random(3);
  const params = new Float32Array(5 * gaussians);
  for (let i = 0; i < gaussians; i++) {
    // The last eight form a part of their own.
    const middle = i < gaussians - 8 ? 0 : 0.22;
    const wide = i < gaussians - 8 ? 0.3 : 0.1;
    for (const row of [Row.x, Row.y, Row.z])
      params[row * gaussians + i] = middle + wide * (random.uniform() - 0.5);
    params[Row.amplitude * gaussians + i] = missing && i >= gaussians - 8 ? 0 : 1;
    params[Row.sigma * gaussians + i] = 1.2;
  }
  return { count: gaussians, params, boxSize: 32, apix: 4 };
}

let folder: string;
let set: ParticleSet;
let targets: ParticleTargets;
let engine: ProjectionEngine;
let stateOf: ArrayLike<number>;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-unexplained-"));
  const data = await simulateFromModels([molecule(false), molecule(true)], {
    ...{ folder, particles: count, fractions: [1 - rare / count, rare / count], snr: 0.3, ctf: {}, seed: 2 },
  });
  stateOf = data.stateOf;
  set = await openParticles(data.star);
  targets = await prepareTargets(set, { boxSize: 32, rings: 14 });
  engine = await createEngine({ engine: "reference" });
});
afterAll(async () => {
  engine.dispose();
  await targets.dispose();
  await set.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("what a model does not explain", () => {
  test("are the particles of a rare state, and hardly others", async () => {
    const neutral = molecule(false);
    const context = { targets, neutral, engine };
    const frc = await neutralFrc(context);
    const members = Int32Array.from({ length: count }, (_, i) => i);
    const meanFrc = meanFrcOf(frc, targets.rings + 1, members);
    const { ctfPower } = targets;
    const weights = new RingWeights({
      weighting: "information",
      meanFrc,
      ctfPower,
      particles: count,
      members,
    });
    const model = {
      context,
      decoder: fixedModel(neutral.params),
      places: new Float32Array(),
      weights,
      members,
    };
    const { particles, misfit, residual } = await measureUnexplained(model, {});
    const right = particles.filter((i) => stateOf[i] === 1).length;
    assert.ok(right >= 0.8 * rare, `${right} of ${rare}, ${particles.length} in all`);
    assert.ok(particles.length - right <= 0.15 * particles.length, `${right} of ${particles.length}`);
    const mean = (values: Float32Array, state: number) => {
      const own = members.filter((i) => stateOf[i] === state);
      return own.reduce((sum, i) => sum + values[i]! / own.length, 0);
    };
    assert.ok(mean(misfit, 1) > mean(misfit, 0) + 1 && mean(residual, 1) > mean(residual, 0) + 2);
  });
});
