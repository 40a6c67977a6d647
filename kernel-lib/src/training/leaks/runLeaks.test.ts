import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { pointGroup } from "../../optics/symmetry";
import { openParticles } from "../../particles/particleSet";
import { Random } from "../../random";
import { nuisancesOf } from "./nuisancesOf";
import { placedLeaks } from "./runLeaks";

const header = `
data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
_rlnImageDimensionality #8
one 1 300 2.7 0.1 2 32 2
two 2 300 2.7 0.1 2 32 2

data_particles

loop_
_rlnAngleRot #1
_rlnAngleTilt #2
_rlnAnglePsi #3
_rlnOriginXAngst #4
_rlnOriginYAngst #5
_rlnDefocusU #6
_rlnDefocusV #7
_rlnDefocusAngle #8
_rlnRandomSubset #9
_rlnOpticsGroup #10
_rlnMicrographName #11
_rlnIceThickness #12
_rlnImageName #13
`;

/** Particles of which every property is random. */
async function particles(t: TestContext, count: number, symmetry?: string) {
  const random = new Random(3);
  const within = (low: number, high: number) => (low + (high - low) * random.uniform()).toFixed(3);
  const rows = Array.from({ length: count }, (_, i) => {
    const tilt = (Math.acos(2 * random.uniform() - 1) * 180) / Math.PI;
    const pose = [within(-180, 180), tilt.toFixed(3), within(-180, 180), within(-3, 3), within(-3, 3)];
    const ctf = [within(9000, 20000), within(9000, 20000), within(0, 180)];
    const groups = [1 + random.integer(2), 1 + random.integer(2), `m${random.integer(40)}.mrc`];
    return [...pose, ...ctf, ...groups, within(20, 80), `${i + 1}@x.mrcs`].join(" ");
  });
  const file = path.join(temporaryFolder(t), "particles.star");
  writeFileSync(file, `${header}${rows.join("\n")}\n`);
  const set = await openParticles(file, symmetry === undefined ? {} : { symmetry });
  t.onTestFinished(() => set.close());
  return set;
}

/** Latents with so many axes, and a number added to the first. */
function latents(count: number, add: (i: number) => number) {
  const random = new Random(8);
  const refined = Float32Array.from({ length: count }, (_, i) => random.normal() + add(i));
  return { latent: 1, refined, standardDeviation: new Float32Array(count).fill(0.4) };
}

const task = {};

describe("leaks of a run", () => {
  test("are measured against all that the particle file tells, and named columns", async (t) => {
    const set = await particles(t, 400);
    const names = nuisancesOf(set, ["rlnIceThickness"]).map(({ name, kind }) => `${name}: ${kind}`);
    assert.deepEqual(names, [
      "view: direction",
      "in-plane angle: angle",
      "shift x: number",
      "shift y: number",
      "shift length: number",
      "defocus: number",
      "optics group: groups",
      "micrograph: groups",
      "random subset: groups",
      "rlnIceThickness: number",
    ]);
    // Looking along the beam, a molecule turned by tilt only is seen from (sin tilt, 0, cos tilt).
    const [view] = nuisancesOf(set.select([0]));
    const tilt = (set.column("rlnAngleTilt")[0]! * Math.PI) / 180;
    assert.ok(Math.abs(view!.values[2]! - Math.cos(tilt)) < 1e-5);
    assert.throws(() => nuisancesOf(set, ["rlnNothing"]), /rlnNothing/);
  });

  test("a planted dependence is found, of the particles that were not left out", async (t) => {
    const set = await particles(t, 400);
    const ice = set.column("rlnIceThickness");
    const dependent = latents(400, (i) => (ice[i]! - 50) / 20);
    const options = { ...task, columns: ["rlnIceThickness"] };
    const leaks = await placedLeaks({ set, latents: dependent, copies: 1, excluded: [] }, options);
    assert.equal(leaks!.leaks[0]!.name, "rlnIceThickness");
    assert.equal(leaks!.leaks[0]!.depends, "place");
    assert.equal(leaks!.leaks.filter(({ depends }) => depends !== "no").length, 1);
    // The dependence of some particles is gone with them.
    const half = (set.randomSubset ?? []) as Uint8Array;
    const onlyOne = latents(400, (i) => (half[i] === 1 ? (3 * (ice[i]! - 50)) / 20 : 0));
    const excluded = Array.from(half.keys()).filter((i) => half[i] === 1);
    const rest = await placedLeaks({ set, latents: onlyOne, copies: 1, excluded }, options);
    assert.equal(rest!.found, false, rest!.sentence);
  });

  test("of symmetry copies one of each particle counts", async (t) => {
    const set = await particles(t, 100, "C3");
    const copies = pointGroup("C3").order;
    const leaks = await placedLeaks({ set, latents: latents(300, () => 0), copies, excluded: [] }, task);
    assert.ok(leaks!.leaks.every((leak) => leak.particles <= 100));
    assert.equal(leaks!.found, false);
  });

  test("a handful of particles is not tested", async (t) => {
    const set = await particles(t, 12);
    const placed = { set, latents: latents(12, () => 0), copies: 1, excluded: [] };
    assert.equal(await placedLeaks(placed, task), undefined);
  });
});
