import assert from "node:assert/strict";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { createStack } from "../formats/mrc";
import { readMap } from "../maps/mapFile";
import { openParticles } from "../particles/particleSet";
import { Random } from "../random";
import { fourierShellCorrelation } from "./fsc";
import { reconstruct } from "./reconstruct";
import { randomPoses, writeStar } from "./relionStar.test.helper";

const skip = haveProgram("relion_reconstruct") ? false : "RELION is not installed";
const [size, apix] = [32, 1.5];

/** RELION interpolates in the transform to apply operators, here images are added in all orientations: what is low in it differs. */
const least = 0.97;

/** Noise in random orientations, as a STAR file that RELION reads and opened here. */
async function noiseParticles(t: TestContext) {
  const folder = temporaryFolder(t);
  const poses = randomPoses(120, 3);
  const random = new Random(2);
  const stack = await createStack(path.join(folder, "noise.mrcs"), { size: [size, size], apix });
  await stack.append(Float32Array.from({ length: poses.length * size * size }, () => random.normal()));
  await stack.close();
  writeStar(path.join(folder, "noise.star"), poses, "noise.mrcs", { apix, size });
  const particles = await openParticles(path.join(folder, "noise.star"));
  t.onTestFinished(() => particles.close());
  return { folder, particles };
}

test("maps with point groups are those of relion_reconstruct --sym", skipIf(skip), async (t) => {
  const { folder, particles } = await noiseParticles(t);
  for (const symmetry of ["C4", "D2", "D3", "T", "O", "I1", "I2", "I3", "I4"]) {
    const args = ["--i", "noise.star", "--o", "relion.mrc", "--ctf", "--skip_gridding", "--sym", symmetry];
    runProgram("relion_reconstruct", args, folder);
    const theirs = await readMap(path.join(folder, "relion.mrc"), { apix });
    const { map } = await reconstruct(particles, { halves: "none", symmetry });
    const { fsc } = fourierShellCorrelation(map, theirs);
    for (let r = 3; r <= 11; r++) assert.ok(fsc[r]! > least, `${symmetry}, shell ${r}: ${fsc.join(" ")}`);
  }
});

test(
  "maps with helical symmetry are those of relion_reconstruct --nr_helical_asu",
  skipIf(skip),
  async (t) => {
    const { folder, particles } = await noiseParticles(t);
    for (const helix of [
      { units: 5, rise: 2.4, twist: 37 },
      { units: 3, rise: 4.1, twist: -95 },
    ]) {
      const options = [
        "--nr_helical_asu",
        helix.units,
        "--helical_rise",
        helix.rise,
        "--helical_twist",
        helix.twist,
      ];
      const args = [
        "--i",
        "noise.star",
        "--o",
        "relion.mrc",
        "--ctf",
        "--skip_gridding",
        ...options.map(String),
      ];
      runProgram("relion_reconstruct", args, folder);
      const theirs = await readMap(path.join(folder, "relion.mrc"), { apix });
      const { map } = await reconstruct(particles, { halves: "none", helix });
      const { fsc } = fourierShellCorrelation(map, theirs);
      for (let r = 3; r <= 11; r++)
        assert.ok(fsc[r]! > least, `${JSON.stringify(helix)}, shell ${r}: ${fsc.join(" ")}`);
    }
  },
);
