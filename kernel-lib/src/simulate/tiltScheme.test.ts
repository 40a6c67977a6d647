import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { readMap } from "../maps/mapFile";
import { product, transposed } from "../optics/symmetry";
import { openParticles } from "../particles/particleSet";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import { reconstruct } from "../reconstruction/reconstruct";
import { simulateLinearMotion } from "./designs";

const design = { ctf: {}, states: 4, particlesPerState: 30, boxSize: 32, apix: 4, seed: 2 };

test("a simulated tilt series turns about the y axis, and its images reconstruct the mean density at its scale", async (t) => {
  const folder = temporaryFolder(t);
  const scheme = { tilts: 5, tiltStep: 20, tiltDose: 8, missingTilts: 0.2 };
  const data = await simulateLinearMotion({ folder, ...design, ...scheme, shifts: 4, snr: 20 });
  const set = await openParticles(data.star);
  t.onTestFinished(() => set.close());
  const images = set.tilts();
  assert.equal(set.count, 120);
  assert.ok(images.count > 430 && images.count < 530, "a fifth of the tilts is missing");
  assert.equal(readFileSync(data.truth, "utf8").trim().split("\n").length, 121, "truth is of particles");
  const rotations = images.rotations();
  for (let i = 1; i < 60; i++) {
    if (images.particleOf![i] !== images.particleOf![i - 1]) continue;
    const [a, b] = [i - 1, i].map((k) => rotations.subarray(9 * k, 9 * k + 9));
    const way = product(b!, transposed(a!));
    assert.ok(Math.abs(way[4]! - 1) < 1e-5, "the y axis stays");
    const angles = [i - 1, i].map((k) => (images.ctf(k)!.dose! / 8 - 1) | 0);
    const tilt = angles.map((k) => (k % 2 === 1 ? 1 : -1) * Math.ceil(k / 2) * 20);
    assert.ok(Math.abs(way[0]! - Math.cos(((tilt[1]! - tilt[0]!) * Math.PI) / 180)) < 1e-4);
  }
  const { map } = await reconstruct(set, { halves: "none" });
  const mean = await readMap(path.join(folder, "consensus.mrc"));
  const { fsc } = fourierShellCorrelation(map, mean);
  assert.ok(
    [1, 2, 3, 4, 5, 6, 7, 8].every((k) => fsc[k]! > 0.97),
    String(fsc),
  );
  let [dot, square] = [0, 0];
  map.data.forEach((x, i) => {
    dot += x * mean.data[i]!;
    square += mean.data[i]! ** 2;
  });
  // Without weights of the exposure and the tilt it is 0.8.
  assert.ok(Math.abs(dot / square - 1) < 0.03, String(dot / square));
});

test("the noise of tilts is that of one image with all of the exposure, divided among them", async (t) => {
  const of = async (scheme: object) =>
    (await simulateLinearMotion({ folder: temporaryFolder(t), ...design, ...scheme, snr: 0.5 })).noise;
  const [single, tilts] = [await of({}), await of({ tilts: 4 })];
  assert.ok(Math.abs(tilts / single - 2) < 1e-6);
});

test("impossible tilt schemes are refused", async (t) => {
  const refused = async (scheme: object, pattern: RegExp) => {
    await assert.rejects(
      simulateLinearMotion({ folder: temporaryFolder(t), ...design, ...scheme }),
      (error) => error instanceof InputError && pattern.test(error.message),
    );
  };
  await refused({ tilts: 1 }, /tilts: expected a whole number of 2 or more/);
  await refused({ tilts: 41, tiltStep: 5 }, /tiltStep: expected an angle above 0° with tilts up to 80°/);
  await refused({ tilts: 5, ctf: "none" }, /tilts: expected needs a CTF|tilts: needs a CTF/);
  await refused({ tiltDose: 3 }, /tiltDose: expected `tilts` with it/);
  // Rows without exposure would be read as single particles.
  await refused({ tilts: 5, tiltDose: 0 }, /tiltDose: expected 0.001 e\/Å² or more, found 0/);
  await refused({ tilts: 5, bFactor: 50 }, /bFactor/);
  await refused({ tilts: 5, missingTilts: 1 }, /missingTilts/);
});
