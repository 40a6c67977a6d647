import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { sharedData, temporaryFolder } from "../testing";
import { e2gmm, neutralModel, refuses, simulatedProject, succeed, words } from "./command";
import { correlation, densityOfModel, maskFile, readStack } from "./mrc";

/** From particles to maps: each command reads what the previous ones wrote. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-chain-"));
  simulatedProject(folder, "--snr", "5");
  neutralModel(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(folder, ...parts);
const text = (...parts: string[]) => readFileSync(at(...parts), "utf8");
const table = (content: string) =>
  content
    .trim()
    .split("\n")
    .map((line) => line.split(","));

/** Rows of an FSC table without shell 0: resolution in Å and correlation. */
function fscRows(content: string): { resolution: number; fsc: number }[] {
  return content
    .trim()
    .split("\n")
    .filter((line) => /^[1-9]/.test(line))
    .map((line) => line.split("\t").map(Number))
    .map(([, , resolution, fsc]) => ({ resolution: resolution!, fsc: fsc! }));
}

test("simulate writes particles, their mean map and the truth, reproducibly for a seed", () => {
  assert.deepEqual(readdirSync(at("sim")).sort(), [
    "consensus.mrc",
    "particles.mrcs",
    "particles.star",
    "truth.csv",
  ]);
  assert.equal(table(text("sim", "truth.csv")).length, 61);
  const again = mkdtempSync(path.join(tmpdir(), "e2gmm-again-"));
  try {
    simulatedProject(again, "--snr", "5");
    for (const name of readdirSync(at("sim"))) {
      assert.ok(readFileSync(at("sim", name)).equals(readFileSync(path.join(again, "sim", name))), name);
    }
  } finally {
    rmSync(again, { recursive: true });
  }
});

test("neutral writes the model, and the FRC of every round beside it", () => {
  assert.equal(text("model.txt").match(/^[^#]/gm)?.length, 24);
  const [header, ...rows] = table(text("model_frc.csv"));
  assert.deepEqual(header, words("round gaussians fitted_to_angstrom ring resolution_angstrom frc"));
  const last = rows.filter(([round]) => round === rows.at(-1)![0]);
  assert.deepEqual(
    last.map((row) => Number(row[3])),
    Array.from({ length: last.length }, (_, i) => i + 1),
  );
  assert.equal(Number(last.at(-1)![4]), 16);
  for (const row of last) assert.ok(Number(row[5]) > 0.8, row.join(" "));
});

describe("a trained run", () => {
  let printed: string;
  beforeAll(() => {
    const data = words("--particles sim/particles.star --model model.txt --out run --backend wasm");
    printed = succeed(folder, "train", ...data, "--latent", "2", "--vary", "position", "--epochs", "2");
  });

  test("train prints a line per epoch, and writes latent coordinates of every particle", () => {
    assert.match(printed, /^sim\/particles\.star: 60 particles, 32 pixels of 4 Å$/m);
    assert.deepEqual(
      printed.match(/^epoch \d of 2: rings to \d+, FRC 0\.\d+, validation 0\.\d+/gm)?.length,
      2,
    );
    const [header, ...rows] = table(text("run", "latents.csv"));
    assert.deepEqual(
      header,
      words("index z1 z2 z1_refined z1_deviation z2_refined z2_deviation z1_observability z2_observability"),
    );
    assert.deepEqual(
      rows.map((row) => Number(row[0])),
      Array.from({ length: 60 }, (_, i) => i),
    );
    assert.ok(rows.flat().every((value) => Number.isFinite(Number(value))));
    assert.equal(table(text("run", "history.csv")).length, 3);
    const record = JSON.parse(text("run", "run.json"));
    assert.equal(record.status, "complete");
    assert.deepEqual(record.options.vary, ["position"]);
    assert.equal(record.program.backend, "wasm");
  });

  test("correct writes the map of a state with its halves, the same without correction, and a table of shells", () => {
    writeFileSync(at("states.txt"), "0,0\n0.5,-0.5\n");
    const few = ["--cells", "2", "--box-size", "16", "--all-axes"];
    const both = [
      "correct",
      "run",
      "--path",
      "states.txt",
      "--out",
      "state.mrc",
      "--local",
      "--keep-cells",
      ...few,
    ];
    const printed = succeed(folder, ...both);
    assert.match(
      printed,
      /^state_2\.mrc: state 0\.5,-0\.5 from 60 particles in 2 cells of each half, \d+\.\d Å RMS of motion undone/m,
    );
    const names = readdirSync(folder).filter((name) => name.startsWith("state_2"));
    assert.deepEqual(
      names.sort(),
      words(
        "state_2.mrc state_2_fsc.txt state_2_half1.mrc state_2_half2.mrc state_2_local_filtered.mrc state_2_local_resolution.mrc " +
          "state_2_plain.mrc state_2_plain_fsc.txt state_2_plain_half1.mrc state_2_plain_half2.mrc " +
          "state_2_plain_local_resolution.mrc state_2_shells.csv",
      ),
    );
    assert.match(printed, /^state_1_local_resolution\.mrc: \d+\.\d Å in the median/m);
    // Finished states are not made again, further ones need no images.
    rmSync(at("state_2_fsc.txt"));
    const again = succeed(folder, ...both);
    assert.match(again, /^state_1\.mrc: state 0,0 was finished before$/m);
    assert.match(again, /^state_2\.mrc: state 0\.5,-0\.5 from 60 particles/m);
    succeed(folder, ...both.filter((word) => word !== "--keep-cells"));
    assert.ok(!readdirSync(folder).includes("state_cells"));
    // The evidence of this training finds no motion: then none is undone.
    const still = succeed(folder, "correct", "run", "--z=1,-0.5", "--out", "still.mrc", ...few.slice(0, -1));
    assert.match(
      still,
      /^note: run: the evidence does not call real: conformation 1, conformation 2; motion along/m,
    );
    assert.ok(readFileSync(at("still.mrc")).equals(readFileSync(at("still_plain.mrc"))));
    succeed(
      folder,
      "reconstruct",
      "--particles",
      "sim/particles.star",
      "--box-size",
      "16",
      "--out",
      "all.mrc",
    );
    // Of the same particles by the same sums.
    const [plain, all] = [fscRows(text("state_2_plain_fsc.txt")), fscRows(text("all_fsc.txt"))];
    assert.equal(plain.length, all.length);
    for (const [r, { fsc }] of plain.entries()) assert.equal(fsc, all[r]!.fsc, `shell ${r}`);
    const [header, ...rows] = table(text("state_2_shells.csv"));
    const curves = words("fsc fsc_plain fsc_in_mask fsc_with_nearest");
    assert.deepEqual(header!.slice(0, 6), [...words("shell resolution_angstrom"), ...curves]);
    assert.equal(rows.length, 9);
    // Poses of the run with images of another file of the same particles; others are refused.
    const own = ["--particles", "sim/particles.star", "--out", "own.mrc", "--z=0.5,-0.5", ...few];
    succeed(folder, "correct", "run", ...own);
    assert.ok(readFileSync(at("own.mrc")).equals(readFileSync(at("state_2.mrc"))));
    // The same in two jobs.
    const part = (number: number) =>
      succeed(folder, "correct", "run", "--part", `${number}/2`, "--z=0.5,-0.5", "--out", "jobs.mrc", ...few);
    assert.match(part(2), /^jobs_cells: part 2 of 2: its sums; .* give it again$/m);
    assert.match(part(1), /^jobs_cells: part 1 of 2: its cells; others are missing/m);
    succeed(folder, "correct", "run", "--z=0.5,-0.5", "--out", "jobs.mrc", ...few);
    assert.ok(correlation(readStack(at("jobs.mrc")).data, readStack(at("own.mrc")).data) > 0.999999);
    const fewer = text("sim", "particles.star").trimEnd().split("\n").slice(0, -1).join("\n");
    writeFileSync(at("sim", "fewer.star"), `${fewer}\n`);
    refuses(
      folder,
      ["correct", "run", "--particles", "sim/fewer.star", "--out", "none.mrc"],
      /fewer\.star: expected the 60 particles of .*particles\.star, found 59/,
    );
    refuses(folder, ["correct", "run", "--z=1", "--out", "none.mrc"], /--z 1: expected 2 numbers/);
    // Files of the run are never written.
    const before = readFileSync(at("sim", "particles.mrcs"));
    refuses(folder, ["correct", "run", "--out", "sim/particles.mrcs", ...few], /sim\/particles\.mrcs/);
    assert.ok(readFileSync(at("sim", "particles.mrcs")).equals(before));
    const lines = text("sim", "particles.star").trimEnd().split("\n");
    const firstRow = lines.findIndex((row) => /@/.test(row));
    const turned = [...lines.slice(0, firstRow), ...lines.slice(firstRow).reverse()];
    writeFileSync(at("sim", "turned.star"), `${turned.join("\n")}\n`);
    refuses(
      folder,
      ["correct", "run", "--particles", "sim/turned.star", "--out", "none.mrc"],
      /turned\.star: particle 0: expected .*the same particles in the same order/,
    );
  });

  test("train and evidence say whether there is heterogeneity", () => {
    const verdict =
      /^(heterogeneity found|weak heterogeneity|no heterogeneity found): [+−]\d.* nats per particle held out/m;
    assert.match(printed, verdict);
    const stored = succeed(folder, "evidence", "run");
    const { sentence, verdict: word } = JSON.parse(text("run", "run.json")).evidence;
    assert.equal(stored.split("\n")[0], sentence);
    assert.match(stored, /^measured on 6 particles/m);
    succeed(folder, "evidence", "run", "--anew", "--json", "evidence.json");
    const anew = JSON.parse(text("evidence.json"));
    assert.equal(anew.verdict, word);
    assert.equal(anew.axes.length, 2);
    assert.equal(anew.rings.length, 8);
  });

  test("evidence says how many particles the model does not explain, as train found, and lists them", () => {
    const rows = table(text("run", "unexplained.csv"));
    assert.deepEqual(rows[0], ["index", "score", "expected", "misfit", "residual", "judged", "unexplained"]);
    assert.equal(rows.length, 61);
    const flagged = rows.filter((row) => row[6] === "1").map((row) => row[0]);
    const printed = succeed(folder, "evidence", "run", "--unexplained", "unexplained.txt");
    assert.match(printed, flagged.length > 0 ? /^\d+ of 60 particles/m : /^the model fits every particle/m);
    assert.deepEqual(text("unexplained.txt").split("\n").slice(0, -1), flagged);
    writeFileSync(at("run", "kept.csv"), text("run", "unexplained.csv"));
    writeFileSync(at("run", "unexplained.csv"), text("run", "unexplained.csv").replace("\n1,", "\n2,"));
    refuses(folder, ["evidence", "run"], /unexplained\.csv: line 3: expected particle 1/);
    // Without the table, it is measured now.
    rmSync(at("run", "unexplained.csv"));
    const measured = succeed(folder, "evidence", "run");
    assert.equal(measured.trim().split("\n").at(-1), printed.trim().split("\n").at(-1));
    writeFileSync(at("run", "unexplained.csv"), text("run", "kept.csv"));
    rmSync(at("run", "kept.csv"));
  });

  test("evidence says whether places depend on what must not matter, as train measured it", () => {
    const stored = JSON.parse(text("run", "leaks.json"));
    const names = stored.leaks.map(({ name }: { name: string }) => name);
    for (const name of ["view", "in-plane angle", "shift x", "shift length"])
      assert.ok(names.includes(name), name);
    assert.ok(succeed(folder, "evidence", "run").split("\n").includes(stored.sentence));
    succeed(folder, "evidence", "run", "--column", "rlnAngleTilt", "--json", "leaks.json");
    const { leaks } = JSON.parse(text("leaks.json"));
    assert.ok(leaks.leaks.some(({ name }: { name: string }) => name === "rlnAngleTilt"));
    refuses(folder, ["evidence", "run", "--column", "rlnNothing"], /rlnNothing/);
  });

  test("after two epochs the centre of the latent space decodes to nearly the neutral model", () => {
    succeed(folder, "decode", "run", "--z", "0,0", "--model-out", "middle.txt");
    const numbers = (file: string) =>
      text(file)
        .split("\n")
        .filter((line) => /^[-\d]/.test(line))
        .flatMap((line) => line.split(" ").map(Number));
    const [neutral, middle] = [numbers("model.txt"), numbers("middle.txt")];
    assert.equal(middle.length, 5 * 24);
    for (const [i, value] of middle.entries()) {
      // Centres may have moved by a few of 32 pixels; amplitude and width are fixed.
      const most = i % 5 < 3 ? 0.1 : 1e-5 * Math.abs(neutral[i]!);
      assert.ok(Math.abs(value - neutral[i]!) <= most, `number ${i}: ${value}, neutral ${neutral[i]}`);
    }
  });

  test("several points are written as one PDB file with several models, and as numbered maps", () => {
    writeFileSync(at("points.txt"), "# z1, z2\n0.5 0.5\n");
    const points = ["--z=-1,0.5", "--z", "-1,0", "--path", "points.txt"];
    const out = succeed(
      folder,
      "decode",
      "run",
      ...points,
      "--model-out",
      "m.pdb",
      "--map-out",
      "m.mrc",
      "--box-size",
      "20",
    );
    assert.deepEqual(out.trim().split("\n"), ["m.pdb", "m_1.mrc", "m_2.mrc", "m_3.mrc"]);
    assert.equal(text("m.pdb").match(/^MODEL /gm)?.length, 3);
    const [first, second] = [readStack(at("m_1.mrc")), readStack(at("m_2.mrc"))];
    assert.deepEqual(first.size, [20, 20, 20]);
    assert.ok(Math.abs(first.apix - 6.4) < 1e-5);
    const same = correlation(first.data, second.data);
    assert.ok(same > 0.5 && same < 1, `${same}`);
  });

  test("points that no particles are around are named, also where a component of the motion does not reach", () => {
    const decode = (...points: string[]) =>
      e2gmm(folder, "decode", "run", ...points, "--model-out", "far.txt");
    assert.match(
      decode("--z=0,0", "--z=30,0").out,
      /^note: no particles are around 1 of 2 points \(30,0\); what is decoded there is extrapolated: the particles have z1 from -/m,
    );
    assert.doesNotMatch(decode("--z=0,0").out, /^note: no particles/m);
    refuses(
      folder,
      words("correct run --z=0,0 --z=30,0 --out far.mrc"),
      /states: expected ones that particles are around, which have z1 from .*, found 30,0$/m,
    );
    const { code, err } = decode("--pc=3=-400..400");
    assert.equal(code, 1);
    assert.match(
      err,
      /--pc: expected a score that a point of the latent space has along PC3 .*, found -400 Å, of which/,
    );
  });

  test("atoms carries a model along a path and to the population, as several models with a table", () => {
    succeed(folder, "decode", "run", "--z", "0,0", "--model-out", "gaussians.pdb");
    writeFileSync(at("start.pdb"), text("gaussians.pdb").replaceAll(/^REMARK.*\n/gm, ""));
    const model = ["atoms", "run", "--model", "start.pdb"];
    const along = words("--from=-1,0 --to=1,0 --frames 3 --start 0,0 --out motion.pdb --table motion.csv");
    const out = succeed(folder, ...model, ...along);
    assert.match(out, /^start: z = 0\.000, 0\.000, correlation 0\.9\d+$/m);
    // The model belongs between two frames that are its ends.
    const ends = succeed(folder, ...model, ...words("--from=-1,0 --to=1,0 --frames 2 --out ends.pdb"));
    assert.match(ends, /^start: z = -?0\.[0-4]\d\d, -?0\.000, correlation 0\.9\d+$/m);
    assert.match(out, /^motion\.pdb: 3 models of 24 atoms, /m);
    assert.equal(text("motion.pdb").match(/^MODEL/gm)!.length, 3);
    const [header, ...rows] = table(text("motion.csv"));
    assert.deepEqual(header!.slice(0, 4), words("model z1 z2 correlation"));
    assert.deepEqual(
      rows.map((row) => row.slice(1, 3).map(Number)),
      [
        [-1, 0],
        [0, 0],
        [1, 0],
      ],
    );
    succeed(folder, ...model, "--ensemble", "4", "--out", "ensemble.cif");
    const [names, ...members] = table(text("ensemble.csv"));
    assert.deepEqual(names!.slice(0, 5), words("model weight particle z1 z2"));
    const total = members.reduce((sum, row) => sum + Number(row[1]), 0);
    assert.ok(members.length === 4 && Math.abs(total - 1) < 1e-5);
    assert.equal(text("ensemble.cif").match(/^ATOM/gm)!.length, 4 * 24);
  });

  test("the axes are described, and latent writes places along them in Å", () => {
    const axis =
      /^z1: conformation 1 · 1 unit = [\d.]+ Å RMS \([\d.]+ Å RMS over 95 % of the particles\), (not )?real/m;
    assert.match(printed, axis);
    assert.match(succeed(folder, "evidence", "run"), /^ {2}z2: conformation 2 · /m);
    assert.match(succeed(folder, "latent", "run", "--angstrom", "--out", "places"), axis);
    succeed(folder, "latent", "run", "--population", "--out", "population");
    for (const name of ["population.svg", "population_z1_z2.svg"]) {
      assert.match(text("population", name), /^<svg .*>population, errors taken out<.*<\/svg>$/s);
    }
    const [columns, ...places] = table(text("population", "population.csv"));
    assert.deepEqual(columns, words("axis place length density standard_error"));
    const [first, second] = places as [string[], string[]];
    const step = Number(second[1]) - Number(first[1]);
    const ofFirst = places.filter(([axis]) => axis === "z1");
    const whole = ofFirst.reduce((sum, row) => sum + step * Number(row[3]), 0);
    assert.ok(Math.abs(whole - 1) < 0.1, `the whole population is ${whole}`);
    const [header, ...rows] = table(text("places", "angstrom.csv"));
    const of = (n: number) =>
      `conformation${n}_A conformation${n}_A_deviation conformation${n}_observability`;
    assert.deepEqual(header, words(`index ${of(1)} ${of(2)}`));
    assert.equal(rows.length, 60);
    const perUnit = Number(/1 unit = ([\d.]+)/.exec(printed)![1]);
    const latents = table(text("run", "latents.csv")).slice(1);
    for (const [i, row] of rows.entries()) {
      const [z, deviation] = [Number(latents[i]![3]), Number(latents[i]![4])];
      assert.ok(Math.abs(Number(row[1]) - perUnit * z) < 0.3 * perUnit + 0.1, `${row[1]} Å at ${z}`);
      assert.ok(Number(row[2]) > 0 && Number(row[2]) < 2 * perUnit * deviation + 0.1);
      assert.ok(Math.abs(Number(row[3]) - Number(latents[i]![7])) < 0.002);
    }
  });

  test("latent writes sets that decode and reconstruct can read", () => {
    const out = succeed(folder, "latent", "run", "--clusters", "2", "--out", "sets");
    assert.equal(out.match(/^set_\d: \d+ particles around z = /gm)?.length, 2);
    const sets = ["set_1", "set_2"].map((name) => text("sets", `${name}.txt`).trim().split("\n").map(Number));
    assert.deepEqual(
      sets.flat().sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, i) => i),
    );
    const rows = text("sim", "particles.star").match(/^.*@.*$/gm)!;
    for (const [i, members] of sets.entries()) {
      const kept = text("sets", `set_${i + 1}.star`).match(/^.*@.*$/gm);
      assert.deepEqual(
        kept,
        members.map((m) => rows[m]),
      );
    }
    succeed(folder, "decode", "run", "--path", "sets/centres.txt", "--model-out", "centres.pdb");
    const byList = ["--particles", "sim/particles.star", "--select", "sets/set_1.txt", "--out", "list.mrc"];
    const byStar = ["--particles", "sets/set_1.star", "--data-folder", "sim", "--out", "star.mrc"];
    assert.match(
      succeed(folder, "reconstruct", ...byList),
      new RegExp(`list\\.mrc: ${sets[0]!.length} particles`),
    );
    succeed(folder, "reconstruct", ...byStar);
    // Headers name the particle files.
    const values = (file: string) => readFileSync(at(file)).subarray(1024);
    assert.ok(values("list.mrc").equals(values("star.mrc")), "list and STAR file agree");
    const [header, ...particles] = table(text("sets", "particles.csv"));
    assert.deepEqual(header, words("index set certainty p1 p2"));
    for (const [index, set, certainty, ...probabilities] of particles) {
      assert.ok(sets[Number(set) - 1]!.includes(Number(index)), `particle ${index}`);
      assert.ok(Number(certainty) >= 0.5 && Number(certainty) <= 1);
      assert.equal(probabilities[Number(set) - 1], certainty);
      assert.ok(Math.abs(Number(probabilities[0]) + Number(probabilities[1]) - 1) < 2e-4);
    }
  });

  test("latent finds the number of sets by each method, and maps the particles", () => {
    const chosen = succeed(folder, "latent", "run", "--clusters", "auto", "--umap", "--out", "auto");
    assert.match(chosen, /^(No separate groups|A continuum, no separate groups|Separate groups.*): .*\.$/m);
    assert.match(chosen, /^\d+ Gaussians? describes? the particles best \(BIC.*\.$/m);
    assert.match(chosen, /^set_1: \d+ particles .*, \d+\.\d % of the population$/m);
    assert.equal(table(text("auto", "umap.csv")).length, 61);
    const kmeans = ["latent", "run", "--clusters", "auto", "--method", "kmeans", "--out", "kmeans"];
    assert.match(succeed(folder, ...kmeans), /^The gap statistic /m);
    const density = words("latent run --method density --min-cluster-size 10 --out density");
    assert.match(
      succeed(folder, ...density),
      /^HDBSCAN finds \d clusters? of at least 10 particles; \d+ particles/m,
    );
    succeed(folder, "latent", "run", "--umap", "--out", "map");
    assert.deepEqual(readdirSync(at("map")), ["umap.csv"]);
  });

  test("latent says that sets are no states if, and only if, the run found no heterogeneity", () => {
    const { verdict } = JSON.parse(text("run", "run.json")).evidence;
    const out = succeed(folder, ...words("latent run --clusters 2 --method kmeans --out noise"));
    const noise = /^note: the verdict of run is that no heterogeneity was found: the 2 sets divide noise/m;
    assert.equal(noise.test(out), verdict === "none", out);
  });

  test("motions measures the molecule and regions in Å, and writes paths that decode and region-motion read", () => {
    const [domain, knob] = [maskFile((_x, y) => y > 0.06, 32, 4), maskFile((_x, y) => y < -0.04, 32, 4)];
    writeFileSync(at("domain.mrc"), domain);
    writeFileSync(at("knob.mrc"), knob);
    const masks = words("--mask domain.mrc --mask knob.mrc");
    const out = succeed(
      folder,
      "motions",
      "run",
      ...masks,
      "--components",
      "2",
      "--stations",
      "3",
      "--out",
      "motions",
    );
    assert.match(out, /PC1 \d+\.\d\d Å, \d+ % of the motion, uncertainty \d+\.\d\d Å/);
    assert.match(
      out,
      /^region1, domain\.mrc: \d+ Gaussians move by \d+\.\d\d Å \(uncertainty .* particles along it$/m,
    );
    assert.match(out, /^region1 and region2: places along both motions correlate with r = -?\d\.\d\d$/m);
    const names = words("pc1 pc2 region1 region2 sum1_2 difference1_2");
    const rows = table(text("motions", "motions.csv"));
    assert.deepEqual(
      rows.map(([name]) => name),
      ["motion", ...names],
    );
    const column = (name: string) => rows[0]!.indexOf(name);
    assert.ok(Number(rows[1]![column("size_angstrom")]) >= Number(rows[2]![column("size_angstrom")]));
    assert.equal(rows[3]![column("mask")], "domain.mrc");
    const [header, ...particles] = table(text("motions", "particles.csv"));
    assert.deepEqual(header, ["index", ...names.slice(0, 4)]);
    assert.equal(particles.length, 60);
    for (const name of names) {
      succeed(folder, "decode", "run", "--path", `motions/${name}.txt`, "--model-out", "path.pdb");
      assert.equal(text("path.pdb").match(/^MODEL /gm)?.length, 3, name);
    }
    const turn = words(
      "region-motion run --mask knob.mrc --path motions/pc1.txt --reference rest --by density --out turn.csv",
    );
    // After two epochs a region may well be no rigid body.
    const { code, out: measured, err } = e2gmm(folder, ...turn);
    if (code === 0) {
      assert.match(measured, /: turn of \d+\.\d\d° about \(.*left over \d+\.\d\d Å$/m);
      assert.equal(table(text("turn.csv")).length, 3);
    } else {
      assert.match(
        err,
        /^e2gmm: knob\.mrc: expected a rigid body, of whose motion at most 50 % is left, found /,
      );
    }
    // By images, which after two epochs may well not tell the places.
    const shown = e2gmm(folder, ..."region-motion run --mask knob.mrc --from=-1,0 --to 1,0".split(" "));
    if (shown.code === 0) assert.match(shown.out, /: turn of \d+\.\d\d ± \d+\.\d\d° about \(/);
    else
      assert.match(
        shown.err,
        /^e2gmm: (latent space: expected an axis on which places|knob\.mrc: expected a rigid)/,
      );
  });
});

test("reconstruct writes the map, half maps and their FSC; the map agrees with the simulated one", () => {
  const data = ["--particles", "sim/particles.star", "--mask-diameter", "110", "--out", "rec.mrc"];
  const out = succeed(folder, "reconstruct", ...data);
  assert.match(out, /^FSC of the half maps in the sphere of 110 Å, not corrected .*, 0\.5 at \d+\.\d+ Å$/m);
  const halves = fscRows(text("rec_fsc.txt"));
  assert.equal(halves.length, 16);
  assert.equal(
    succeed(folder, "fsc", "rec_half1.mrc", "rec_half2.mrc").split("\n#")[0],
    text("rec_fsc.txt").trimEnd(),
  );
  const rows = fscRows(succeed(folder, "fsc", "rec.mrc", "sim/consensus.mrc", "--out", "table.txt"));
  for (const { resolution, fsc } of rows)
    if (resolution > 20) assert.ok(fsc > 0.9, `${resolution} Å: ${fsc}`);
  assert.deepEqual(fscRows(text("table.txt")), rows);
});

test("reconstruct names the stack whose particles have inverted contrast, and takes a helix as a whole", () => {
  const stack = readFileSync(at("sim/particles.mrcs"));
  for (let i = 1024; i < stack.length; i += 4) stack.writeFloatLE(-stack.readFloatLE(i), i);
  writeFileSync(at("sim/dark.mrcs"), stack);
  const lines = text("sim/particles.star").split("\n");
  const swapped = lines.map((line) => line.replace(/(\d*[02468]@)particles\.mrcs/, "$1dark.mrcs"));
  writeFileSync(at("sim/mixed.star"), swapped.join("\n"));
  assert.match(
    succeed(folder, ...words("reconstruct --particles sim/mixed.star --out mixed.mrc")),
    /mixed\.star: of \d+ particles .* only with inverted contrast, those of the stacks (particles|dark)\.mrcs: in the map/,
  );
  refuses(
    folder,
    words("reconstruct --particles sim/particles.star --helical-rise 4 --out helix.mrc"),
    /^e2gmm: helix: expected --helical-units, --helical-rise and --helical-twist together, found not all/,
  );
});

test("a reconstruction with an empty half has no half maps", () => {
  writeFileSync(at("one.txt"), "17\n");
  const data = words("--particles sim/particles.star --select one.txt --out one.mrc");
  assert.match(succeed(folder, "reconstruct", ...data), /^no half maps: one half has no particles$/m);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("one")),
    ["one.mrc", "one.txt"],
  );
});

test("fsc of a map with itself is 1 in every shell with signal, also with a mask", () => {
  const out = succeed(folder, "fsc", "sim/consensus.mrc", "sim/consensus.mrc");
  const rows = fscRows(out);
  assert.equal(rows.length, 16);
  for (const { fsc } of rows) assert.ok(Math.abs(fsc - 1) < 1e-5);
  assert.match(out, /^# FSC 0\.143 at 8\.00 Å or better/m);
});

test("projections reconstruct to the density of the projected model, with and without CTF, and with another engine", () => {
  const views = words("--states 2 --particles-per-state 300 --box 32 --apix 4 --shifts 8");
  succeed(folder, "simulate", "linear", ...views, "--ctf", "--out", "views");
  writeFileSync(at("density.mrc"), densityOfModel(text("model.txt"), 32, 4));
  for (const [name, more] of [
    ["plain", []],
    ["ctf", ["--ctf"]],
    ["tensor", ["--engine", "tensor"]],
  ] as const) {
    const project = words(`project --model model.txt --star views/particles.star --out ${name}.mrcs`);
    succeed(folder, ...project, ...more);
    assert.deepEqual(readStack(at(`${name}.mrcs`)).size, [32, 32, 600]);
    const rec = succeed(folder, "reconstruct", "--particles", `${name}.star`, "--out", `${name}.mrc`);
    assert.equal(/no CTF columns/.test(rec), name !== "ctf", "only images with a CTF say so");
    const rows = fscRows(succeed(folder, "fsc", `${name}.mrc`, "density.mrc"));
    for (const { resolution, fsc } of rows)
      if (resolution >= 16) assert.ok(fsc > 0.98, `${name}, ${resolution} Å: ${fsc}`);
  }
});

const adk = sharedData("adk");
test("the chain on particles made by RELION", skipIf(adk ? false : "no ../shared/data/adk"), (t) => {
  const work = temporaryFolder(t);
  const star = readFileSync(path.join(adk!, "particles.star"), "utf8");
  let row = 0;
  writeFileSync(
    path.join(work, "some.star"),
    star.replace(/^.*@.*\n/gm, (line) => (row++ % 15 === 0 ? line : "")),
  );
  const map = path.join(adk!, "consensus.mrc");
  succeed(work, "neutral", "--map", map, "--resolution", "14", "--gaussians", "64", "--out", "model.txt");
  const particles = ["--particles", "some.star", "--data-folder", adk!];
  const training = ["train", ...particles, "--model", "model.txt", "--latent", "1", "--vary", "position"];
  const printed = succeed(work, ...training, "--epochs", "2", "--backend", "wasm", "--out", "run");
  assert.match(printed, /some\.star: 200 particles, 64 pixels of 1\.5 Å/);
  succeed(work, "decode", "run", "--z", "0", "--map-out", "neutral.mrc", "--box-size", "64");
  succeed(work, "reconstruct", ...particles, "--out", "map.mrc");
  for (const name of ["neutral.mrc", "map.mrc"]) {
    const rows = fscRows(succeed(work, "fsc", name, map));
    assert.equal(rows.length, 32);
    // 200 particles at a signal-to-noise ratio of 0.2, and a model to 14 Å.
    for (const { resolution, fsc } of rows)
      if (resolution > 18) assert.ok(fsc > 0.9, `${name}, ${resolution} Å: ${fsc}`);
  }
});
