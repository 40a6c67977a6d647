import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../tests/testing";
import { studyHalves } from "./studies";

const tomo = sharedData("tomo", "warptools_test_4-tomos_10-ptcls_box-32_angpix-12_optimisation_set.star");

test(
  "halves of an optimisation set of tilt series are refused before anything is written",
  skipIf(!tomo && "no data"),
  async (t) => {
    const out = path.join(temporaryFolder(t), "study");
    await assert.rejects(
      studyHalves({ particles: tomo!, resolution: 40, out }),
      /expected a row for each image .*, found an optimisation set/,
    );
    assert.ok(!existsSync(out));
  },
);
