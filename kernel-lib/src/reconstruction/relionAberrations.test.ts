import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
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
const [size, apix] = [48, 1.1];

interface Case {
  columns: Record<string, string | number>;
  /** Least FSC with RELION's map in shells 4 to 16. */
  least: number;
}

/**
 * Aberrations that turn phases by a radian and more within the band. RELION adds the tilt to coefficients 3 and 4 of the antisymmetric
 * polynomials from version 4 on, and 3.1 replaces them: files have zeros there.
 */
const odd = "[0.4,-0.3,9,0,0,7]";
const even = "[0.2,4,-3,2,20,-30,15,25,-18]";
const tilt = { BeamTiltX: 0.7, BeamTiltY: -0.5 };
const stretch = { MagMat00: 1.03, MagMat01: 0.012, MagMat10: -0.008, MagMat11: 0.97 };
const cases: Record<string, Case> = {
  "a beam tilt is": { columns: tilt, least: 0.999 },
  "antisymmetric Zernike polynomials are": {
    columns: { OddZernike: "[0.4,-0.3,9,-8,6,7]" },
    least: 0.999,
  },
  "symmetric Zernike polynomials are": { columns: { EvenZernike: even }, least: 0.999 },
  "a magnification is": { columns: { MagMat00: 1.03, MagMat11: 1.03 }, least: 0.999 },
  // RELION also uses samples beyond the Nyquist circle of the image where the matrix shrinks them into that of the map.
  "an anisotropic magnification is": { columns: stretch, least: 0.99 },
  "all aberrations together are": {
    columns: { ...tilt, OddZernike: odd, EvenZernike: even, ...stretch },
    least: 0.99,
  },
};

for (const [name, { columns, least }] of Object.entries(cases)) {
  test(`${name} taken back as by relion_reconstruct`, skipIf(skip), async (t) => {
    const folder = temporaryFolder(t);
    const poses = randomPoses(250, 5);
    const random = new Random(6);
    // Noise has signal in all shells.
    const images = Float32Array.from({ length: poses.length * size * size }, () => random.normal());
    const stack = await createStack(path.join(folder, "noise.mrcs"), { size: [size, size], apix });
    await stack.append(images);
    await stack.close();
    const map = async (star: string, more: typeof columns) => {
      writeStar(path.join(folder, star), poses, "noise.mrcs", { apix, size }, more);
      const particles = await openParticles(path.join(folder, star));
      t.onTestFinished(() => particles.close());
      return (await reconstruct(particles, { halves: "none" })).map;
    };
    const [corrected, ignored] = [await map("aberrated.star", columns), await map("plain.star", {})];
    const args = ["--i", "aberrated.star", "--o", "relion.mrc", "--ctf", "--skip_gridding"];
    runProgram("relion_reconstruct", args, folder);
    const theirs = await readMap(path.join(folder, "relion.mrc"), { apix });
    const { fsc } = fourierShellCorrelation(corrected, theirs);
    for (let r = 4; r <= 16; r++) assert.ok(fsc[r]! > least, `shell ${r}: ${fsc.join(" ")}`);
    const without = fourierShellCorrelation(ignored, theirs).fsc;
    assert.ok(without[18]! < 0.95, `ignored: ${without.join(" ")}`);
  });
}

test("numbers that no microscope has are refused, and what is not corrected is said", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "particles.star");
  const opened = (more: Record<string, string | number>) => {
    writeStar(file, randomPoses(2, 1), "none.mrcs", { apix, size }, more);
    return openParticles(file);
  };
  await assert.rejects(opened({ BeamTiltX: "much" }), /_rlnBeamTiltX: expected numbers, found "much"/);
  await assert.rejects(opened({ MagMat00: 1.9 }), /expected a matrix near 1, 0, 0, 1, found 1.9, 0, 0, 1/);
  assert.equal((await opened({ OddZernike: "[0,0]", MagMat00: 1 })).opticsGroup(0).aberrations, undefined);
  assert.match((await opened({ BeamTiltX: 0.1 })).warnings.join(), /not in trainings/);
  writeStar(file, randomPoses(2, 1), "none.mrcs", { apix, size });
  const text = readFileSync(file, "utf8").replace("_rlnAngleRot", "_rlnBeamTiltX");
  writeFileSync(file, text);
  assert.match(
    (await openParticles(file)).warnings.join(),
    /beam tilt in the particle table is not corrected/,
  );
});
