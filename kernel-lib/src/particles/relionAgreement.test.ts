import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { writeMap } from "../maps/mrc";
import { disc } from "../projection/disc";
import { haveProgram, runProgram, temporaryFolder } from "../testing";
import { openParticles } from "./particleSet";
import {
  correlation,
  gaussianMap,
  type MadeParticle,
  projectionTransform,
  randomGaussians,
  randomParticles,
  relionStar,
} from "./synthetic.test.helper";
import { prepareTargets } from "./targets";

const skip = haveProgram("relion_project") ? false : "RELION is not installed";

/**
 * Lets RELION project a map of Gaussians, reads its images as particles, and returns the correlation of each with
 * the closed formula.
 */
async function compareWithRelion(
  t: TestContext,
  particles: MadeParticle[],
  options: { size?: number; apix?: number; rings?: number; ctf?: boolean; cs?: number; contrast?: number },
): Promise<number[]> {
  const { size = 64, apix = 1.5, rings = 18, ctf = false } = options;
  const folder = temporaryFolder(t);
  const gaussians = randomGaussians(7);
  await writeMap(path.join(folder, "map.mrc"), gaussianMap(gaussians, size, apix));
  const optics = {
    apix,
    size,
    ...(options.cs !== undefined && { cs: options.cs }),
    ...(options.contrast !== undefined && { contrast: options.contrast }),
  };
  writeFileSync(path.join(folder, "poses.star"), relionStar(particles, optics));
  const args = [
    "--i",
    "map.mrc",
    "--ang",
    "poses.star",
    "--o",
    "images",
    "--angpix",
    String(apix),
    "--pad",
    "2",
  ];
  runProgram("relion_project", ctf ? [...args, "--ctf"] : args, folder);

  const set = await openParticles(path.join(folder, "poses.star"));
  t.after(() => set.close());
  const targets = await prepareTargets(set, { boxSize: size, rings });
  const transforms = await targets.batch(set.rows);
  const layout = disc(rings);
  return particles.map((_, i) => {
    const expected = projectionTransform(gaussians, {
      size,
      disc: layout,
      rotation: targets.rotations.subarray(9 * i, 9 * i + 9),
      shift: [targets.shifts[2 * i]!, targets.shifts[2 * i + 1]!],
      ctf: ctf ? set.ctf(i) : undefined,
      physicalBox: size * apix,
    });
    return correlation(transforms, expected, layout, i * 2 * layout.samples);
  });
}

function assertAllAbove(correlations: number[], least: number): void {
  assert.ok(
    Math.min(...correlations) >= least,
    `correlations ${correlations.map((c) => c.toFixed(5)).join(" ")}`,
  );
}

test("projections by RELION, read as particles, are those of the closed formula", { skip }, async (t) => {
  assertAllAbove(await compareWithRelion(t, randomParticles(1, 8, { shifted: false }), {}), 0.999);
});

test("shifts have RELION's sign and unit", { skip }, async (t) => {
  assertAllAbove(await compareWithRelion(t, randomParticles(2, 8), {}), 0.999);
});

test("phase flipping undoes RELION's CTF with astigmatism", { skip }, async (t) => {
  const particles = randomParticles(3, 8, { ctf: true });
  assertAllAbove(await compareWithRelion(t, particles, { ctf: true }), 0.999);
});

test("a phase plate, no amplitude contrast and another Cs are RELION's too", { skip }, async (t) => {
  const particles = randomParticles(4, 8, { ctf: true, phaseShift: 70 });
  assertAllAbove(await compareWithRelion(t, particles, { ctf: true, cs: 1.2, contrast: 0 }), 0.999);
});

test("poses along the poles (tilt 0 and 180) agree with RELION", { skip }, async (t) => {
  const particles = randomParticles(5, 4);
  particles[0]!.angles = [30, 0, -70];
  particles[1]!.angles = [30, 180, 55];
  particles[2]!.angles = [0, 0, 0];
  particles[3]!.angles = [-135, 90, 180];
  assertAllAbove(await compareWithRelion(t, particles, {}), 0.999);
});

test("box sizes that are no power of two agree with RELION", { skip }, async (t) => {
  const particles = randomParticles(6, 4, { ctf: true });
  assertAllAbove(await compareWithRelion(t, particles, { size: 52, ctf: true, rings: 15 }), 0.999);
});
