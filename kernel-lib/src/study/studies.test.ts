import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../tests/testing";
import { openParticles } from "../particles/particleSet";
import { studyHalves } from "./studies";

const tomo = sharedData("tomo", "warptools_test_4-tomos_10-ptcls_box-32_angpix-12_optimisation_set.star");

test(
  "a half of an optimisation set has a set of its own, with the tomograms of all",
  skipIf(!tomo && "no data"),
  async (t) => {
    const out = path.join(temporaryFolder(t), "study");
    const options = { latent: 1, epochs: 1, coarseEpochs: 0, starts: 1, hidden: [8], featureSize: 8 };
    await studyHalves({
      particles: tomo!,
      resolution: 60,
      gaussians: 16,
      out,
      part: 1,
      poses: "file",
      options,
    });
    const whole = await openParticles(tomo!);
    t.onTestFinished(() => whole.close());
    const half = await openParticles(path.join(out, "half1/particles_optimisation_set.star"), {
      dataFolder: path.dirname(tomo!),
    });
    t.onTestFinished(() => half.close());
    assert.equal(half.count, 20);
    assert.deepEqual(half.tomogramFiles, whole.tomogramFiles);
  },
);
