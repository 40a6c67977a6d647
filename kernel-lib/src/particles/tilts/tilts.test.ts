import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../../tests/testing";
import { createStack, openMrc } from "../../formats/mrc";
import { readMap } from "../../maps/mapFile";
import { fourierShellCorrelation } from "../../reconstruction/fsc";
import { reconstruct, unusedParticles } from "../../reconstruction/reconstruct";
import { simulateLinearMotion } from "../../simulate/designs";
import { alternateHalves } from "../halves";
import type { ParticleSet } from "../particleSet";
import { opened, refused } from "../particleSet.test.helper";
import { latentColumns, writeSelection } from "../writeSelection";

const [tilts, step, dose] = [5, 12, 4];
const size = 16;

/** Tilt series as a row for each image, with tilts that are missing. */
async function grouped(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const { star } = await simulateLinearMotion({
    ...{ folder, tilts, tiltStep: step, tiltDose: dose, missingTilts: 0.3, ctf: {}, shifts: 6 },
    ...{ states: 3, particlesPerState: 4, boxSize: size, apix: 8, snr: 2, seed: 3 },
  });
  return star;
}

const degreesOf = (i: number) => (i % 2 === 1 ? 1 : -1) * Math.ceil(i / 2) * step;
const text = (rows: readonly (string | number)[][]) => rows.map((row) => `${row.join(" ")}\n`).join("");
const loop = (block: string, labels: readonly string[], rows: readonly (string | number)[][]) =>
  `data_${block}\n\nloop_\n${labels.map((label) => `_${label}\n`).join("")}${text(rows)}\n`;

/** The same particles as RELION 5 has them: a stack of its visible tilts for each, and the tilts of their tomogram in a file of its own. */
async function stacked(
  star: string,
  flat: ParticleSet,
  { allTilts = false, columns = "angles" } = {},
): Promise<string> {
  const folder = path.dirname(star);
  mkdirSync(path.join(folder, "tilts"), { recursive: true });
  const images = flat.tilts();
  const order = Array.from({ length: tilts }, (_, i) => i);
  const particles: (string | number)[][] = [];
  const stack = await openMrc(path.join(folder, "particles.mrcs"));
  // The rotation of a particle is that of its image without its tilt; what is drawn with it follows from two of its images.
  const rotations = images.rotations();
  for (let p = 0; p < flat.count; p++) {
    const own = Array.from(images.particleOf!.keys()).filter((i) => images.particleOf![i] === p);
    const tiltOf = own.map((i) => images.ctf(i)!.dose! / dose - 1);
    const angle = (-degreesOf(tiltOf[0]!) * Math.PI) / 180;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const r = rotations.subarray(9 * own[0]!, 9 * own[0]! + 9);
    const m = [0, 1, 2].map((j) => c * r[j]! + s * r[6 + j]!);
    const bottom = [0, 1, 2].map((j) => -s * r[j]! + c * r[6 + j]!);
    const degree = 180 / Math.PI;
    const tilt = Math.atan2(Math.hypot(bottom[0]!, bottom[1]!), bottom[2]!) * degree;
    const euler = [Math.atan2(bottom[1]!, bottom[0]!) * degree, tilt, Math.atan2(r[5]!, -m[2]!) * degree];
    const [, y] = images.shifts().subarray(2 * own[0]!, 2 * own[0]! + 2);
    const x = images.shifts()[2 * own[0]!]! / Math.cos(angle);
    const height = images.ctf(own.at(-1)!)!.defocusU - images.ctf(own[0]!)!.defocusU;
    const sines = [own.length - 1, 0].map((k) => Math.sin((degreesOf(tiltOf[k]!) * Math.PI) / 180));
    const distance = own.length > 1 ? height / (sines[0]! - sines[1]!) : 0;
    const central = images.ctf(own[0]!)!.defocusU - distance * sines[1]!;
    const name = `tilts/${p + 1}_stack2d.mrcs`;
    const writer = await createStack(path.join(folder, name), { size: [size, size], apix: 8 });
    for (const i of order) {
      const at = tiltOf.indexOf(i);
      if (at >= 0) await writer.append(await stack.readSections(images.image(own[at]!).section, 1));
      else if (allTilts) await writer.append(new Float32Array(size * size));
    }
    await writer.close();
    const astigmatism = images.ctf(own[0]!)!.defocusU - images.ctf(own[0]!)!.defocusV;
    writeFileSync(
      path.join(folder, "tilts", `tomo${p}.star`),
      loop(
        `tomo${p}`,
        columns === "angles"
          ? [
              "rlnTomoXTilt",
              "rlnTomoYTilt",
              "rlnTomoZRot",
              "rlnDefocusU",
              "rlnDefocusV",
              "rlnDefocusAngle",
              "rlnCtfScalefactor",
              "rlnMicrographPreExposure",
            ]
          : [
              "rlnTomoProjX",
              "rlnTomoProjY",
              "rlnTomoProjZ",
              "rlnDefocusU",
              "rlnDefocusV",
              "rlnDefocusAngle",
              "rlnCtfScalefactor",
              "rlnMicrographPreExposure",
            ],
        order.map((i) => {
          const [cos, sin] = [
            Math.cos((degreesOf(i) * Math.PI) / 180),
            Math.sin((degreesOf(i) * Math.PI) / 180),
          ];
          const place =
            columns === "angles"
              ? [0, degreesOf(i), 0]
              : [`[${cos},0,${sin},0]`, "[0,1,0,0]", `[${-sin},0,${cos},0]`];
          return [...place, central, central - astigmatism, images.ctf(own[0]!)!.angle, cos, (i + 1) * dose];
        }),
      ),
    );
    const visible = `[${order.map((i) => Number(tiltOf.includes(i))).join(",")}]`;
    particles.push([`tomo${p}`, `tomo${p}/1`, ...euler, -x, -y!, 0, distance - x, -y!, 0, visible, 1, name]);
  }
  await stack.close();
  const labels = ["rlnTomoName", "rlnTomoParticleName", "rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"];
  const origins = ["rlnOriginXAngst", "rlnOriginYAngst", "rlnOriginZAngst"];
  const centred = ["X", "Y", "Z"].map((axis) => `rlnCenteredCoordinate${axis}Angst`);
  const optics =
    "rlnOpticsGroup rlnOpticsGroupName rlnVoltage rlnSphericalAberration rlnAmplitudeContrast rlnImagePixelSize rlnImageSize rlnImageDimensionality rlnTomoTiltSeriesPixelSize rlnTomoSubtomogramBinning";
  writeFileSync(
    path.join(folder, "tomo_particles.star"),
    `data_general\n\n_rlnTomoSubTomosAre2DStacks 1\n\n${loop("optics", optics.split(" "), [[1, "group1", 300, 2.7, 0.1, 8, size, 2, 4, 2]])}` +
      loop(
        "particles",
        [...labels, ...origins, ...centred, "rlnTomoVisibleFrames", "rlnOpticsGroup", "rlnImageName"],
        particles,
      ),
  );
  const global = ["rlnTomoName", "rlnTomoHand", "rlnTomoTiltSeriesPixelSize", "rlnTomoTiltSeriesStarFile"];
  writeFileSync(
    path.join(folder, "tomograms.star"),
    loop(
      "global",
      global,
      particles.map((_, p) => [`tomo${p}`, -1, 4, `tilts/tomo${p}.star`]),
    ),
  );
  const set = path.join(folder, "optimisation_set.star");
  writeFileSync(
    set,
    "data_\n\n_rlnTomoParticlesFile tomo_particles.star\n_rlnTomoTomogramsFile tomograms.star\n",
  );
  return set;
}

const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string) => {
  assert.equal(a.length, b.length, what);
  for (let i = 0; i < a.length; i++)
    assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance, `${what} ${i}: ${a[i]}, ${b[i]}`);
};

test("a row for each image: rows of one group are a particle, which stands for its image of the lowest dose", async (t) => {
  const star = await grouped(t);
  const flat = await opened(t, star);
  const images = flat.tilts();
  assert.equal(flat.count, 12);
  const rows = readFileSync(star, "utf8")
    .split("\n")
    .filter((line) => line.includes("@"));
  assert.equal(images.count, rows.length);
  assert.deepEqual([...new Set(images.particleOf)], [...Array(12).keys()]);
  assert.equal(images.tilts(), images);
  for (let p = 0; p < 12; p++) {
    const own = Array.from(images.particleOf!.keys()).filter((i) => images.particleOf![i] === p);
    const least = Math.min(...own.map((i) => images.ctf(i)!.dose!));
    assert.equal(flat.ctf(p)!.dose, least);
  }
  const halves = alternateHalves(Int32Array.from(images.particleOf!.keys()), images.count, images.images);
  assert.deepEqual(
    [...halves],
    Array.from(images.particleOf!, (p) => 1 + (p % 2)),
    "halves are divided by particle",
  );
  const some = flat.select([7, 2]).tilts();
  assert.deepEqual([...new Set(some.particleOf)], [0, 1]);
});

for (const layout of ["angles", "matrices"]) {
  test(`tilt series of RELION 5 (${layout}) have the images, poses, defoci and weights of the same as rows`, async (t) => {
    const star = await grouped(t);
    const flat = await opened(t, star);
    const set = await opened(
      t,
      await stacked(star, flat, { columns: layout, allTilts: layout === "matrices" }),
    );
    const [a, b] = [set.tilts(), flat.tilts()];
    assert.deepEqual([...a.particleOf!], [...b.particleOf!]);
    near(a.rotations(), b.rotations(), 2e-5, "rotation");
    near(a.shifts(), b.shifts(), 1e-3, "shift");
    const all = Array.from(a.particleOf!.keys());
    for (const name of ["defocusU", "defocusV", "scale", "dose"] as const) {
      // A particle that is seen once does not tell its height above the tilt axis from its defocus: both are right.
      near(
        all.map((i) => a.ctf(i)![name]!),
        all.map((i) => b.ctf(i)![name]!),
        0.05,
        name,
      );
    }
    near(await a.readImages(all), await b.readImages(all), 1e-6, "pixel");
  });
}

test("a selection of tilt series is written with all rows of its particles", async (t) => {
  const star = await grouped(t);
  const flat = await opened(t, star);
  const target = path.join(path.dirname(star), "chosen.star");
  await flat.select([3, 8]).writeStar(target);
  const again = await opened(t, target);
  assert.equal(again.count, 2);
  near(again.tilts().rotations(), flat.select([3, 8]).tilts().rotations(), 0, "rotation");
  const set = await opened(t, await stacked(star, flat));
  await set.select([3, 8]).writeStar(path.join(path.dirname(star), "tomo_chosen.star"));
  const rows = readFileSync(path.join(path.dirname(star), "tomo_chosen.star"), "utf8");
  assert.equal(rows.split("\n").filter((line) => line.includes("stack2d")).length, 2);
});

test("a selection of an optimisation set has a set of its own, by which it is opened, in the project and outside", async (t) => {
  const star = await grouped(t);
  const project = path.dirname(star);
  const source = path.join(project, "run_optimisation_set.star");
  renameSync(await stacked(star, await opened(t, star)), source);
  const before = readFileSync(source, "utf8");
  const set = await opened(t, source);
  const chosen = set.select([3, 8]);
  mkdirSync(path.join(project, "Select/job007"), { recursive: true });
  const outside = temporaryFolder(t);
  for (const folder of [path.join(project, "Select/job007"), outside]) {
    const target = path.join(folder, "particles.star");
    await writeSelection(target, set, {
      rows: [3, 8],
      columns: latentColumns(new Float32Array(set.count), 1),
    });
    assert.equal(set.openedAs(target), path.join(folder, "particles_optimisation_set.star"));
    const again = await opened(t, set.openedAs(target), project);
    near(again.tilts().rotations(), chosen.tilts().rotations(), 0, "rotation");
    near(again.numericColumn("e2gmmLatent1")!, [0, 0], 0, "latent");
  }
  const written = (folder: string) =>
    Object.fromEntries(
      readFileSync(path.join(folder, "particles_optimisation_set.star"), "utf8")
        .split("\n")
        .filter((line) => line.startsWith("_"))
        .map((line) => line.split(/\s+/) as [string, string]),
    );
  // As RELION has them: relative to its project.
  assert.deepEqual(written(path.join(project, "Select/job007")), {
    _rlnTomoParticlesFile: "Select/job007/particles.star",
    _rlnTomoTomogramsFile: "tomograms.star",
  });
  assert.deepEqual(written(outside), {
    _rlnTomoParticlesFile: path.join(outside, "particles.star"),
    _rlnTomoTomogramsFile: path.join(project, "tomograms.star"),
  });
  // A name whose set would be the one that was read.
  await refused(
    chosen.writeStar(path.join(project, "run.star")),
    /run_optimisation_set\.star: another file than the one that the particles were read from/,
  );
  assert.equal(readFileSync(source, "utf8"), before);
  assert.deepEqual(set.tomogramFiles.slice(0, 2), [
    path.join(project, "tomograms.star"),
    path.join(project, "tilts/tomo0.star"),
  ]);
});

test("a reconstruction uses every tilt of a particle, and keeps particles in their halves", async (t) => {
  const star = await grouped(t);
  const flat = await opened(t, star);
  const chosen = [0, 2, 4, 6, 8, 10];
  const { map } = await reconstruct(flat, { indices: chosen, halves: "none" });
  const images = flat.tilts();
  const own = Array.from(images.particleOf!.keys()).filter((i) => chosen.includes(images.particleOf![i]!));
  const same = await reconstruct(images, { indices: own, halves: "none" });
  near(map.data, same.map.data, 0, "voxel");
});

test("a particle is left out of a map if all of its tilts are", async (t) => {
  const set = await opened(t, await grouped(t));
  const { particleOf } = set.tilts();
  const all = [...particleOf!].filter((particle) => particle === 2);
  const leftOut = [...all, 4].map((index) => ({ index, reason: "all its pixels are 0" }));
  assert.ok(all.length > 1);
  assert.deepEqual([...unusedParticles(set, leftOut)], [2]);
});

test("the stacks of a set are those of all of its tilts", async (t) => {
  const star = await grouped(t);
  const file = path.join(path.dirname(star), "several.star");
  let row = 0;
  // The second row is a tilt of the first particle, not that of the lowest dose.
  const stackOf = () => (row++ === 1 ? "@second.mrcs" : "@first.mrcs");
  writeFileSync(file, readFileSync(star, "utf8").replace(/@\S*particles\.mrcs/g, stackOf));
  assert.deepEqual((await opened(t, file)).stackNames().sort(), ["first.mrcs", "second.mrcs"]);
});

test("helical symmetry is refused, as only one tilt of each particle would be used", async (t) => {
  const set = await opened(t, await grouped(t));
  await refused(
    reconstruct(set, { helix: { rise: 5, twist: 20, units: 3 } }),
    /helical symmetry.*tilt series/,
  );
});

test("particles that have several rows of one group, but no exposure, are single particles", async (t) => {
  const star = await grouped(t);
  const rows = readFileSync(star, "utf8").replace(
    /-\d+\.0000 (0\.\d+|1\.0+) tomogram/g,
    "100.0000 $1 tomogram",
  );
  const other = path.join(path.dirname(star), "single.star");
  writeFileSync(other, rows);
  const single = await opened(t, other);
  assert.equal(single.tilts(), single);
  assert.equal(single.ctf(0)!.bFactor, 100);
});

test("tilt series that cannot be read are refused in a sentence", async (t) => {
  const star = await grouped(t);
  const flat = await opened(t, star);
  const set = await stacked(star, flat);
  const folder = path.dirname(star);
  await refused(
    opened(t, path.join(folder, "tomo_particles.star")),
    /expected the optimisation set .* found the particles alone/,
  );
  const file = path.join(folder, "tomo_particles.star");
  const right = readFileSync(file, "utf8");
  const changed = async (from: string | RegExp, to: string, pattern: RegExp) => {
    writeFileSync(file, right.replace(from, to));
    await refused(opened(t, set), pattern);
  };
  await changed(
    /\[[01],/,
    "[",
    /row 1 .*_rlnTomoVisibleFrames: expected a number for each of the 5 tilts of tomo0, found 4/,
  );
  await changed(/\[[01,]+\]/, "[0,0,0,0,0]", /expected a visible tilt, found none/);
  await changed(/\[[01,]+\]/, "visible", /expected numbers in brackets/);
  await changed("tomo0 ", "tomo99 ", /tomograms\.star: expected the tomogram tomo99 of the particles/);
  writeFileSync(
    file,
    right.replace("2DStacks 1", "2DStacks 0").replace("_rlnTomoVisibleFrames", "_rlnOther"),
  );
  await refused(opened(t, set), /expected tilt series as 2-D stacks .* found subtomograms that are volumes/);
  writeFileSync(file, right);
  const tilted = path.join(folder, "tilts/tomo0.star");
  const scaled = readFileSync(tilted, "utf8");
  writeFileSync(
    tilted,
    scaled.replace(/^(?:\S+ ){7}\S+$/gm, (line) => line.replace(/\S+(?= \S+$)/, "0")),
  );
  await refused(
    opened(t, set),
    /row 1 .*expected a visible tilt with a scale factor that is not 0, found none/,
  );
  writeFileSync(tilted, scaled);
  const tomograms = path.join(folder, "tomograms.star");
  const known = readFileSync(tomograms, "utf8");
  writeFileSync(tomograms, known.replace(" -1 4 ", " 0 4 "));
  await refused(opened(t, set), /_rlnTomoHand 1 or -1, found 0/);
});

const data = sharedData("tomo", "warptools_test_4-tomos_10-ptcls_box-32_angpix-12_optimisation_set.star");
const average = sharedData("tomo", "warptools_test_box-32_angpix-12_reconstruct.mrc");

test(
  "the tilt series of WarpTools have the images that are visible, and agree with the average of the set",
  skipIf((!data || !average) && "no data"),
  async (t) => {
    const set = await opened(t, data!);
    const images = set.tilts();
    const visible = set.textColumn("rlnTomoVisibleFrames").map((flags) => flags.split("1").length - 1);
    assert.deepEqual([set.count, images.count], [40, visible.reduce((a, b) => a + b)]);
    const found = visible.map((_, p) => images.particleOf!.filter((of) => of === p).length);
    assert.deepEqual(found, visible);
    const pixels = await images.readImages(Array.from(images.particleOf!.keys()));
    for (let i = 0; i < images.count; i++) {
      assert.ok(
        pixels.subarray(1024 * i, 1024 * (i + 1)).some((x) => x !== 0),
        `image ${i} is one that was recorded`,
      );
    }
    const { map, fsc } = await reconstruct(set);
    // Halves of 20 particles each. With a transposed pose of particle or tilt the fourth shell is at 0.2 to 0.4.
    assert.ok(fsc!.fsc[4]! > 0.5 && fsc!.fsc[9]! > 0.1, String(fsc!.fsc));
    // The average that lies beside the set is mirrored along z; a mirror image is all that projections cannot tell.
    const there = await readMap(average!);
    const mirrored = there.data.map((_, i) => there.data[1024 * ((32 - (i >> 10)) % 32) + (i & 1023)]!);
    const agreement = fourierShellCorrelation(map, { ...there, data: mirrored, apix: map.apix });
    assert.ok(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].every((k) => agreement.fsc[k]! > 0.5),
      String(agreement.fsc),
    );
  },
);
