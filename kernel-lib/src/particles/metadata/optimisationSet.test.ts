import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../../tests/requirement";
import { sharedData } from "../../../../tests/testing";
import { opened, project, refused } from "../particleSet.test.helper";

test("an optimisation set stands for the particles that it names, relative to the project", async (t) => {
  const particles = await project(t, ["1@images.mrcs", "3@images.mrcs"]);
  const folder = path.dirname(particles);
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at("Refine3D/job002"), { recursive: true });
  renameSync(particles, at("Refine3D/job002/run_data.star"));
  const set = at("Refine3D/job002/run_optimisation_set.star");
  const write = (name: string) =>
    writeFileSync(set, `\ndata_\n\n_rlnTomoParticlesFile   ${name}\n_rlnTomoReferenceFscFile fsc.star\n`);
  write("Refine3D/job002/run_data.star");
  const one = await opened(t, set);
  assert.deepEqual([one.count, one.file], [2, at("Refine3D/job002/run_data.star")]);
  assert.equal((await one.readImages([1]))[0], 2);
  write("none.star");
  await refused(opened(t, set), /run_optimisation_set\.star: expected the particles none\.star/);
  // Its own name ends in no circle.
  write("Refine3D/job002/run_optimisation_set.star");
  await refused(opened(t, set), /expected the particles/);
});

const tomo = sharedData("tomo", "warptools_test_4-tomos_10-ptcls_box-32_angpix-12_optimisation_set.star");
test("the optimisation set of WarpTools leads to its tilt series", skipIf(!tomo && "no data"), async (t) => {
  const error = await opened(t, tomo!).catch((found) => found);
  // Tilt series are read, or refused as such; not as an optimisation set.
  if (error instanceof Error) assert.match(error.message, /particles of tilt series/);
});
