import assert from "node:assert/strict";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData } from "../../../tests/testing";
import { InputError } from "../errors";
import { openMrc } from "../formats/mrc";
import { readMap } from "../maps/mapFile";
import { openParticles } from "./particleSet";
import { prepareTargets } from "./targets";

/**
 * Files from other programs, in the development data beside the repository. Expected values were computed from them with
 * NumPy 2 and mrcfile in double precision.
 */
const formats = sharedData("formats");
const skip = formats ? false : "the development data are missing";
const file = (name: string) => sharedData(...name.split("/"))!;

function assertNear(found: number, expected: number, tolerance = 1e-6): void {
  assert.ok(
    Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${found}, not ${expected}`,
  );
}

interface Expected {
  size: [number, number, number];
  apix: number | undefined;
  mean: number;
  deviation: number;
  /** x, y, section, value */
  samples: [number, number, number, number][];
}

const images: Record<string, Expected> = {
  "formats/empiar_10076_7.mrc": {
    size: [320, 320, 7],
    apix: undefined,
    mean: -0.00343437067,
    deviation: 1.00514186,
    samples: [
      [50, 100, 6, 1.3928334],
      [2, 0, 0, 0.24848367],
    ],
  },
  "formats/relion31.mrcs": {
    size: [256, 256, 5],
    apix: 1,
    mean: 0.0107661735,
    deviation: 1.01305056,
    samples: [[20, 10, 4, -0.7223852]],
  },
  "formats/hand-vol.mrc": {
    size: [64, 64, 64],
    apix: 1,
    mean: 0.00102928827,
    deviation: 0.104196078,
    samples: [
      [28, 30, 32, -1.1767496],
      [33, 40, 20, -0.036254436],
    ],
  },
  "formats/EMD-3197.map": {
    size: [20, 20, 20],
    apix: 11.4,
    mean: 0.783612034,
    deviation: 2.39995291,
    samples: [[11, 7, 3, 4.0759454]],
  },
  // Columns along Z, rows along X, sections along Y.
  "formats/EMD-3001.map": {
    size: [43, 25, 73],
    apix: 0.44825,
    mean: 0.000532966682,
    deviation: 0.157057221,
    samples: [
      [40, 20, 70, 0.04031675],
      [3, 2, 1, 0.061605357],
    ],
  },
  "adk/particles.mrcs": {
    size: [64, 64, 3000],
    apix: 1.5,
    mean: 0.000193277995,
    deviation: 3999.99893,
    samples: [
      [62, 63, 2999, -1305],
      [3, 2, 1, 747],
    ],
  },
  "adk/consensus.mrc": {
    size: [64, 64, 64],
    apix: 1.5,
    mean: 0.00148816008,
    deviation: 0.0293162739,
    samples: [[33, 31, 30, 0.13261558]],
  },
};

for (const [name, expected] of Object.entries(images)) {
  test(`${name} has the values that NumPy reads`, skipIf(skip), async (t) => {
    const mrc = await openMrc(file(name));
    t.onTestFinished(() => mrc.close());
    const [nx, ny, nz] = mrc.size;
    assert.deepEqual(mrc.size, expected.size);
    if (expected.apix === undefined) assert.equal(mrc.apix, undefined);
    else assertNear(mrc.apix!, expected.apix);
    const values = await mrc.readSections(0, nz);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    assertNear(mean, expected.mean);
    assertNear(Math.sqrt(variance), expected.deviation);
    for (const [x, y, z, value] of expected.samples) assertNear(values[x + nx * (y + ny * z)]!, value);
  });
}

test("maps are read as maps, and the skew cell of EMD-3001 is refused", skipIf(skip), async () => {
  const map = await readMap(file("formats/EMD-3197.map"));
  assertNear(map.apix, 11.4);
  for (const [i, expected] of [-22.8, 0, 0].entries()) assertNear(map.origin![i]!, expected);
  assert.deepEqual((await readMap(file("formats/hand-vol.mrc"))).size, [64, 64, 64]);
  assert.equal((await readMap(file("adk/consensus.mrc"))).apix, 1.5);
  await assert.rejects(readMap(file("formats/EMD-3001.map")), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /EMD-3001\.map: words 8–13: expected cubic voxels, found 0\.4483 × 0\.3925 × 0\.4587 Å/,
    );
    return true;
  });
  await assert.rejects(readMap(file("formats/relion31.mrcs")), /expected a map, found a stack of 5 images/);
  await assert.rejects(readMap(file("formats/empiar_10076_7.mrc")), /expected a cell size/);
});

test("adk/particles.star: 3,000 particles of RELION 3.1", skipIf(skip), async (t) => {
  const set = await openParticles(file("adk/particles.star"));
  t.onTestFinished(() => set.close());
  assert.deepEqual(
    [set.count, set.boxSize, set.apix, set.hasCtf, set.warnings.length],
    [3000, 64, 1.5, true, 0],
  );
  assertNear(set.shifts()[0]!, -0.305339);
  assertNear(set.shifts()[1]!, 1.026904);
  assertNear(set.ctf(0)!.defocusU, 9696.114702);
  await set.checkStacks();
});

test("formats/empiar_10076_7.star: RELION 3.0 without angles", skipIf(skip), async (t) => {
  const set = await openParticles(file("formats/empiar_10076_7.star"));
  t.onTestFinished(() => set.close());
  assert.deepEqual([set.count, set.boxSize, set.opticsGroups.length], [7, 320, 1]);
  assertNear(set.apix, 50000 / 38168);
  assertNear(set.ctf(6)!.defocusV, 14792.7);
  assertNear(set.ctf(0)!.angle, 5.28);
  assertNear((await set.readImages([6]))[100 * 320 + 50]!, 1.3928334);
  await assert.rejects(prepareTargets(set, { boxSize: 64, rings: 20 }), /the angle columns _rlnAngleRot/);
});

test(
  "formats/empiar_10076_7.cs: the same particles, which cryoSPARC marks as dark on light",
  skipIf(skip),
  async (t) => {
    const set = await openParticles(file("formats/empiar_10076_7.cs"));
    const star = await openParticles(file("formats/empiar_10076_7.star"));
    t.onTestFinished(async () => {
      await Promise.all([set.close(), star.close()]);
    });
    assert.deepEqual([set.count, set.boxSize], [7, 320]);
    assertNear(set.apix, star.apix);
    for (let i = 0; i < 7; i++) {
      const [a, b] = [set.ctf(i)!, star.ctf(i)!];
      for (const key of ["defocusU", "defocusV", "angle", "voltage", "sphericalAberration"] as const) {
        assertNear(a[key], b[key]);
      }
    }
    const [own, other] = [await set.readImages([6]), await star.readImages([6])];
    assert.deepEqual(
      own,
      other.map((v) => -v),
    );
  },
);

test("formats/relion31.star: optics table, origins in Å, and it becomes targets", skipIf(skip), async (t) => {
  const set = await openParticles(file("formats/relion31.star"));
  t.onTestFinished(() => set.close());
  assert.deepEqual([set.count, set.boxSize, set.apix], [5, 256, 2.806]);
  const { voltage, sphericalAberration, amplitudeContrast } = set.opticsGroups[0]!;
  assert.deepEqual([voltage, sphericalAberration, amplitudeContrast], [300, 0.01, 0.1]);
  assert.deepEqual(
    [...set.column("_rlnLogLikeliContribution")],
    [258678.9, 258746, 255589.5, 257457.4, 257077.5],
  );
  for (const [i, expected] of [-0.019324, 0.64686, 0.25248, -0.403454].entries())
    assertNear(set.shifts()[i]!, expected);
  assert.deepEqual([...set.randomSubset!], [1, 1, 1, 1, 1]);
  const targets = await prepareTargets(set, { boxSize: 64, rings: 30 });
  assert.ok((await targets.batch([0, 1, 2, 3, 4])).every(Number.isFinite));
});

test("formats/relion5.star: RELION 5 with aberrations, whose stacks are missing", skipIf(skip), async (t) => {
  const set = await openParticles(file("formats/relion5.star"));
  t.onTestFinished(() => set.close());
  assert.deepEqual([set.boxSize, set.apix, set.opticsGroup(0).ctfPremultiplied], [448, 0.89, false]);
  assert.equal(set.count, 17);
  assertNear(set.shifts()[2]!, -1.259694);
  assert.deepEqual(set.warnings, [
    "beam tilt and higher-order aberrations in the optics table are corrected in reconstructions and motion-corrected maps, not in trainings",
    "the anisotropic magnification in the optics table is corrected in reconstructions and motion-corrected maps, not in trainings",
    "2 of 17 rows name an image a second time: rows of one image stay in the same half",
  ]);
  assert.equal(set.rotations().length, 17 * 9);
  await assert.rejects(set.readImages([0]), /relion5\.star: expected the image stack toy_images_a\.mrcs/);
});

test(
  "formats/cryosparc_P12_J24_001_particles.cs: poses, shifts and CTF as NumPy computes them",
  skipIf(skip),
  async (t) => {
    const set = await openParticles(file("formats/cryosparc_P12_J24_001_particles.cs"));
    t.onTestFinished(() => set.close());
    assert.deepEqual([set.count, set.boxSize], [2019, 180]);
    assertNear(set.apix, 2.95);
    const rotations = set.rotations();
    const expected = [
      [
        0,
        [
          0.5816298557386014, -0.37730439582642505, -0.7206581046540379, 0.05683143902304977,
          -0.8649114776924018,
        ],
      ],
      [
        2018,
        [
          -0.8279832823353974, 0.46190748626060785, 0.3179389222940604, 0.03979423283867958,
          0.6139573339985716,
        ],
      ],
    ] as const;
    for (const [i, row] of expected) for (const [j, x] of row.entries()) assertNear(rotations[9 * i + j]!, x);
    const shifts = set.shifts();
    for (const [j, x] of [-33.43640899658203, 5.392968654632568].entries()) assertNear(shifts[j]!, x);
    for (const [j, x] of [10.70296859741211, -24.47578239440918].entries()) assertNear(shifts[4036 + j]!, x);
    assertNear(set.ctf(2018)!.angle, 6.554399791705976);
    assertNear(set.column("ctf/df1_A").reduce((sum, x) => sum + x, 0) / 2019, 24545.147739057084);
    assert.equal(set.randomSubset!.filter((x) => x === 2).length, 1009);
    assert.equal(set.textColumn("uid")[2018], "2601904955171077498");
  },
);
