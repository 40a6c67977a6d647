import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { openMrc } from "../formats/mrc";
import { disc } from "../fourier/disc";
import { fftTransform } from "../fourier/imageTransform";
import { writeMap } from "../maps/mapFile";
import { ctfOnDisc } from "../optics/ctfDisc";
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
 * Projects a map of Gaussians by RELION, reads the images as particles, and returns the correlation of each with the
 * analytical projection.
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
  t.onTestFinished(() => set.close());
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
      boxLength: size * apix,
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

test("projections by RELION, read as particles, equal the analytical ones", skipIf(skip), async (t) => {
  assertAllAbove(await compareWithRelion(t, randomParticles(1, 8, { shifted: false }), {}), 0.999);
});

test("shifts have RELION's sign and unit", skipIf(skip), async (t) => {
  assertAllAbove(await compareWithRelion(t, randomParticles(2, 8), {}), 0.999);
});

test("phase flipping undoes RELION's CTF with astigmatism", skipIf(skip), async (t) => {
  const particles = randomParticles(3, 8, { ctf: true });
  assertAllAbove(await compareWithRelion(t, particles, { ctf: true }), 0.999);
});

test("a phase plate, no amplitude contrast and another Cs agree with RELION", skipIf(skip), async (t) => {
  const particles = randomParticles(4, 8, { ctf: true, phaseShift: 70 });
  assertAllAbove(await compareWithRelion(t, particles, { ctf: true, cs: 1.2, contrast: 0 }), 0.999);
});

test("poses along the poles (tilt 0 and 180) agree with RELION", skipIf(skip), async (t) => {
  const particles = randomParticles(5, 4);
  particles[0]!.angles = [30, 0, -70];
  particles[1]!.angles = [30, 180, 55];
  particles[2]!.angles = [0, 0, 0];
  particles[3]!.angles = [-135, 90, 180];
  assertAllAbove(await compareWithRelion(t, particles, {}), 0.999);
});

test("box sizes that are not powers of two agree with RELION", skipIf(skip), async (t) => {
  const particles = randomParticles(6, 4, { ctf: true });
  assertAllAbove(await compareWithRelion(t, particles, { size: 52, ctf: true, rings: 15 }), 0.999);
});

test(
  "the CTF itself is RELION's to 1e-6, with astigmatism, phase plate, B factor and scale",
  skipIf(skip),
  async (t) => {
    const [size, apix, rings] = [64, 1.5, 25];
    const folder = temporaryFolder(t);
    const data = new Float32Array(size ** 3);
    data[size / 2 + size * (size / 2 + (size * size) / 2)] = 1;
    await writeMap(path.join(folder, "point.mrc"), { data, size: [size, size, size], apix });
    const particle: MadeParticle = {
      angles: [0, 0, 0],
      origin: [0, 0],
      defocus: [9000, 8000, 30],
      phaseShift: 20,
      image: "1@with.mrcs",
    };
    const star = relionStar([particle], { apix, size })
      .replace("_rlnPhaseShift #9", "_rlnPhaseShift #9\n_rlnCtfBfactor #10\n_rlnCtfScalefactor #11")
      .replace(" 30 20 ", " 30 20 60 0.7 ");
    writeFileSync(path.join(folder, "poses.star"), star);
    const args = ["--i", "point.mrc", "--ang", "poses.star", "--angpix", String(apix)];
    runProgram("relion_project", [...args, "--o", "with", "--ctf"], folder);
    runProgram("relion_project", [...args, "--o", "without"], folder);
    const layout = disc(rings);
    const [affected, plain] = await Promise.all(
      ["with.mrcs", "without.mrcs"].map(async (name) => {
        const mrc = await openMrc(path.join(folder, name));
        const transform = new Float32Array(2 * layout.samples);
        fftTransform(size, layout).run(await mrc.readSections(0, 1), 0, transform, 0);
        await mrc.close();
        return transform;
      }),
    );
    const set = await openParticles(path.join(folder, "poses.star"));
    t.onTestFinished(() => set.close());
    const own = ctfOnDisc(set.ctf(0)!, layout, size * apix);
    for (let i = 0; i < layout.samples; i++) {
      if (layout.ring[i] === 0) continue;
      const relion = affected![2 * i]! / plain![2 * i]!;
      assert.ok(Math.abs(relion - own[i]!) < 1e-6, `sample ${i}: ${relion} and ${own[i]}`);
    }
  },
);
