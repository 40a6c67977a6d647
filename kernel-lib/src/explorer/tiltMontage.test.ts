import assert from "node:assert/strict";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { openParticles } from "../particles/particleSet";
import { simulateLinearMotion } from "../simulate/designs";
import type { ExploredRun } from "./exploredRun";
import { setMontage } from "./particleMontage";

test("the montage of a set of tilt series shows tilts of each particle beside the model, by their exposure", async (t) => {
  const { star, models } = await simulateLinearMotion({
    ...{ folder: temporaryFolder(t), tilts: 6, tiltDose: 10, ctf: {}, snr: 5 },
    ...{ states: 2, particlesPerState: 3, boxSize: 16, apix: 6 },
  });
  const particles = await openParticles(star);
  t.onTestFinished(() => particles.close());
  const explored = {
    requireParticles: () => particles,
    requireRun: () => ({ decode: () => models[0]! }),
    ...{ latents: new Float32Array(6), latent: 1 },
  } as unknown as ExploredRun;
  const svg = await (await setMontage(explored, { name: "some", rows: Int32Array.of(1, 4) } as never)).svg();
  const labels = [...svg.matchAll(/>([^<]*e\/Å²)</g)].map(([, label]) => label);
  assert.deepEqual(labels, [
    "1: 10 e/Å²",
    "20 e/Å²",
    "40 e/Å²",
    "50 e/Å²",
    "4: 10 e/Å²",
    "20 e/Å²",
    "40 e/Å²",
    "50 e/Å²",
  ]);
  assert.equal(svg.match(/>model</g)!.length, 8);
});
