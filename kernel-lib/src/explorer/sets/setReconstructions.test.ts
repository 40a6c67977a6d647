import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../../tests/testing";
import { createStack } from "../../formats/mrc";
import { emptyModel } from "../../model/gaussianModel";
import { openParticles } from "../../particles/particleSet";
import { randomPoses, writeStar } from "../../reconstruction/relionStar.test.helper";
import { Workbench } from "../../workbench/workbench";
import type { Jobs } from "../backgroundJobs";
import { SetReconstructions } from "./setReconstructions";

const tomo = sharedData("tomo", "warptools_test_4-tomos_10-ptcls_box-32_angpix-12_optimisation_set.star");

test(
  "a set of tilt series is reconstructed from the optimisation set, which alone has the tomograms",
  skipIf(!tomo && "no data"),
  async (t) => {
    const particles = await openParticles(tomo!);
    t.onTestFinished(() => particles.close());
    const workbench = new Workbench(particles.count);
    const { name } = workbench.sets.add(Array.from({ length: 12 }, (_, i) => 3 * i));
    const asked: Jobs["reconstruct"]["given"][] = [];
    const parts = {
      ...{ workbench, sets: workbench.sets, page: { set: () => {}, closed: false }, viewer: {} },
      explored: { requireParticles: () => particles },
      jobs: {
        run: async (_: string, given: Jobs["reconstruct"]["given"]) => {
          asked.push(given);
          throw new Error("enough");
        },
      },
    };
    const reconstructions = new SetReconstructions(parts as never, {}, () => {});
    await assert.rejects(reconstructions.reconstruct(name), /enough/);
    const again = await openParticles(asked[0]!.source.file);
    assert.equal(again.tilts().count, particles.tilts().count);
    await again.close();
  },
);

test("a stored map is found by all that it was made from: another box or other poses have none", async (t) => {
  const folder = temporaryFolder(t);
  const star = path.join(folder, "particles.star");
  const stack = await createStack(path.join(folder, "noise.mrcs"), { size: [16, 16], apix: 4 });
  await stack.append(new Float32Array(20 * 16 * 16));
  await stack.close();
  writeStar(star, randomPoses(20, 2), "noise.mrcs", { apix: 4, size: 16 });
  const map = { data: new Float32Array(16 ** 3), size: [16, 16, 16], apix: 4 };
  const stateOf = async (mapBox: number, make = false) => {
    const particles = await openParticles(star);
    t.onTestFinished(() => particles.close());
    const workbench = new Workbench(particles.count);
    workbench.sets.add(
      Array.from({ length: 12 }, (_, i) => i),
      { name: "some" },
    );
    const kept = {
      folder: path.join(folder, "workbench"),
      sets: workbench.sets,
      onChange: () => {},
      touch: () => {},
    };
    const parts = {
      ...{ workbench: kept, sets: workbench.sets, page: { set: () => {}, closed: false } },
      viewer: { addMap: () => ({}) },
      explored: { requireParticles: () => particles, neutral: emptyModel(1, 16, 4) },
      jobs: { run: async () => ({ map, leftOut: [] }) },
    };
    let changed = () => {};
    const found = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const reconstructions = new SetReconstructions(parts as never, { mapBox }, () => changed());
    const [{ id } = { id: "" }] = [...workbench.sets];
    if (make) await reconstructions.reconstruct("some");
    else {
      reconstructions.setsChanged();
      await Promise.race([found, new Promise((resolve) => setTimeout(resolve, 300))]);
    }
    return reconstructions.state(id)?.status;
  };
  assert.equal(await stateOf(16, true), "done");
  assert.equal(await stateOf(16), "done");
  assert.equal(await stateOf(12), undefined);
  writeStar(star, randomPoses(20, 3), "noise.mrcs", { apix: 4, size: 16 });
  assert.equal(await stateOf(16), undefined);
});
