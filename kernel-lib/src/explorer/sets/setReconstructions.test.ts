import assert from "node:assert/strict";
import { test } from "vitest";
import { skipIf } from "../../../../tests/requirement";
import { sharedData } from "../../../../tests/testing";
import { openParticles } from "../../particles/particleSet";
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
