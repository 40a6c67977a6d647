import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { checkSameParticleFile, checkSameParticles, fileState } from "./inputFiles";

test("the particle file of a run is compared where it is now, that of an optimisation set by the particles that it names", async (t) => {
  const folder = temporaryFolder(t);
  const [old, moved, set] = ["old.star", "moved.star", "optimisation_set.star"].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  writeFileSync(old, "data_\n\nloop_\n_rlnImageName\n1@a.mrcs\n");
  const started = { particles: await fileState(old), model: await fileState(old), stacks: [] };
  renameSync(old, moved);
  writeFileSync(set, "data_\n\n_rlnTomoParticlesFile moved.star\n");
  for (const file of [moved, set, old]) await checkSameParticleFile(file, started);
  writeFileSync(moved, "data_\n\nloop_\n_rlnImageName\n2@a.mrcs\n");
  for (const file of [moved, set])
    await assert.rejects(
      checkSameParticleFile(file, started),
      /moved\.star: expected the content that the run/,
    );
});

test("a tomogram that has changed is noticed, one that was moved is not taken for another", async (t) => {
  const folder = temporaryFolder(t);
  const [tilts, moved] = ["tilts.star", "moved.star"].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  writeFileSync(tilts, "data_tomo1\n");
  const particles = await fileState(tilts);
  const started = { particles, model: particles, stacks: [], tomograms: [particles] };
  renameSync(tilts, moved);
  const now = async () => ({ particles, stacks: [], tomograms: [await fileState(moved)] });
  assert.deepEqual(checkSameParticles("a.star", started, await now()), []);
  writeFileSync(moved, "data_tomo2\n");
  const changed = await now();
  assert.throws(
    () => checkSameParticles("a.star", started, changed),
    /moved\.star: expected the content that the run was started with/,
  );
  // Runs of earlier versions have no record of them.
  const { tomograms: _, ...before } = started;
  assert.deepEqual(checkSameParticles("a.star", before, changed), []);
});
