import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { refuses, succeed } from "../cli/command";
import { readStack } from "../cli/mrc";

/**
 * Agreement of particles and neutral model: mismatches are refused, excluded or reported before a training starts. Each case
 * changes a good set of 240 particles of 32² pixels, or its model.
 */

const SIZE = 32;
const APIX = 4;
const PIXELS = SIZE * SIZE;
const COUNT = 240;

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
let images: Float32Array;
/** Standard deviation of all pixels. */
let deviation: number;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-agreement-"));
  await e2.useBackend("wasm");
  const sim = { states: 8, particlesPerState: COUNT / 8, range: 0.2, boxSize: SIZE, apix: APIX };
  const { consensus } = await e2.simulate.linearMotion({
    folder,
    ...sim,
    snr: 0.5,
    ctf: {},
    shifts: 6,
    seed: 3,
  });
  const grow = { resolution: 12, gaussians: 48, startGaussians: 48 };
  await e2.model.writeText(at("model.txt"), (await e2.model.grow(await e2.maps.read(consensus), grow)).model);
  images = readStack(at("particles.mrcs")).data;
  deviation = Math.sqrt(images.reduce((sum, v) => sum + v * v, 0) / images.length);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Row = string[];
interface Case {
  name: string;
  /** Changes the pixels of image i in place. */
  image?: (pixels: Float32Array, i: number, random: e2.Random) => void;
  /** Changes the fields of row i; `column` gives the index of a label. */
  row?: (fields: Row, column: (label: string) => number, i: number, all: readonly Row[]) => void;
  /** Number of rows to keep. */
  rows?: number;
  /** Changes x, y and z of the model's Gaussians, in box units. */
  model?: (coordinate: number, axis: number) => number;
  /** The amplitude of all the model's Gaussians. */
  amplitude?: number;
  settings?: Partial<e2.training.TrainingSettings>;
  refused?: RegExp[];
  /** Expected warnings. Default: none. */
  said?: RegExp[];
  /** Expected outliers and their reason. Default: none. */
  outliers?: { which: (i: number) => boolean; reason: RegExp; atLeast?: number };
}

const tenth = (i: number) => i % 10 === 3;
const tenths =
  (change: NonNullable<Case["image"]>): NonNullable<Case["image"]> =>
  (pixels, i, random) =>
    tenth(i) && change(pixels, i, random);
const invert = (pixels: Float32Array) => {
  pixels.forEach((v, p) => {
    pixels[p] = -v;
  });
};
const noise = (pixels: Float32Array, _: number, random: e2.Random) => {
  for (let p = 0; p < PIXELS; p++) pixels[p] = deviation * random.normal();
};
const minus = (fields: Row, place: number) => {
  fields[place] = String(-Number(fields[place]));
};
const origins = ["_rlnOriginXAngst", "_rlnOriginYAngst"];

/** High-pass filter: removes all frequencies up to 2.5 Fourier pixels, so that rings 1 and 2 are empty. */
function highPass(pixels: Float32Array): void {
  for (let ky = -2; ky <= 2; ky++) {
    for (let kx = -2; kx <= 2; kx++) {
      if (Math.hypot(kx, ky) > 2.5) continue;
      const angle = (p: number) => (2 * Math.PI * (kx * (p % SIZE) + ky * Math.floor(p / SIZE))) / SIZE;
      let [re, im] = [0, 0];
      for (let p = 0; p < PIXELS; p++) {
        re += pixels[p]! * Math.cos(angle(p));
        im -= pixels[p]! * Math.sin(angle(p));
      }
      for (let p = 0; p < PIXELS; p++) {
        pixels[p]! -= (re * Math.cos(angle(p)) - im * Math.sin(angle(p))) / PIXELS;
      }
    }
  }
}

const cases: Case[] = [
  { name: "a good set", said: [] },
  { name: "12 good particles", rows: 12, said: [] },
  ...[2, 3, 9].map((rows) => ({
    name: `${rows} particles`,
    rows,
    refused: [/particles\.star: expected at least 10 particles/, new RegExp(`found ${rows}$`)],
  })),
  { name: "images of noise", image: noise, refused: [/particles\.star/, /FRC -?0\.0\d+ ± 0\.0\d+/, /poses/] },
  { name: "noise of the same pattern", image: (px) => px.fill(1), refused: [/FRC 0\.000 ± 0\.000/] },
  {
    name: "images of other particles",
    row: (fields, column, i, all) => {
      const image = column("_rlnImageName");
      fields[image] = all[(7 * i + 5) % COUNT]![image]!;
    },
    refused: [/in their own poses/, /stacks of this file/],
  },
  {
    name: "images of other particles, kept",
    row: (fields, column, i, all) => {
      const image = column("_rlnImageName");
      fields[image] = all[(7 * i + 5) % COUNT]![image]!;
    },
    settings: { keepOutliers: true },
    said: [/in their own poses/],
  },
  { name: "all inverted", image: invert, refused: [/minus sign/, /FRC -0\.\d/, /--invert-contrast/] },
  {
    name: "all inverted, read with inverted contrast",
    image: invert,
    settings: { invertContrast: true },
    said: [],
  },
  {
    name: "good particles read inverted",
    settings: { invertContrast: true },
    refused: [/minus sign/, /leave out --invert-contrast/],
  },
  {
    name: "the second half inverted",
    image: (px, i) => i >= COUNT / 2 && invert(px),
    refused: [/120 of 240 particles .*minus sign/, /particles 120–239, counted from 0/],
  },
  {
    name: "most inverted",
    image: (px, i) => i % 10 !== 3 && invert(px),
    refused: [/minus sign/, /216 of them/, /24 the other way/],
  },
  {
    name: "one in ten inverted",
    image: tenths(invert),
    said: [/24 of 240 particles .*inverted contrast 24.*left out.*particles 3, 13, 23/],
    outliers: { which: tenth, reason: /^inverted contrast$/ },
  },
  {
    name: "one in ten inverted, kept",
    image: tenths(invert),
    settings: { keepOutliers: true },
    said: [/24 of 240 particles .*kept anyway/],
    outliers: { which: tenth, reason: /^inverted contrast$/ },
  },
  {
    name: "one in ten constant",
    image: tenths((px) => px.fill(2)),
    said: [/empty image 24/],
    outliers: { which: tenth, reason: /^empty image$/ },
  },
  {
    name: "one in ten noise",
    image: tenths(noise),
    said: [/no agreement 2\d/],
    outliers: { which: tenth, reason: /^no agreement$/, atLeast: 20 },
  },
  {
    name: "one in ten with a hot pixel",
    image: tenths((px, _, random) => {
      px[Math.floor(random.uniform() * PIXELS)] = 1000 * deviation;
    }),
    said: [/no agreement/],
    outliers: { which: tenth, reason: /^no agreement$|^inverted contrast$/, atLeast: 16 },
  },
  { name: "images without their lowest frequencies", image: highPass, said: [] },
  {
    name: "no shifts",
    row: (fields, column) => {
      for (const label of origins) fields[column(label)] = "0";
    },
    said: [/shifted separately, [45]\.\d Å.*has no shifts/],
  },
  {
    name: "shifts of the wrong sign",
    row: (fields, column) => {
      for (const label of origins) minus(fields, column(label));
    },
    said: [/shifted separately, (9|10|11)\.\d Å.*unit and sign/],
  },
  {
    name: "all shifts off by 8 Å along x",
    row: (fields, column) => {
      const x = column(origins[0]!);
      fields[x] = String(Number(fields[x]) + 8);
    },
    said: [/lie [78]\.\d Å from where their origins say.*\([78]\.\d, -?0\.\d along x, y/],
  },
  {
    name: "a model 12 Å beside the particles",
    model: (c, axis) => c + [8, -8, 4][axis]! / (SIZE * APIX),
    said: [/moved by 1[12]\.\d Å \(-[78]\.\d, [78]\.\d, -[34]\.\d along x, y, z/],
  },
  {
    name: "a model 3 % too large",
    model: (c) => 1.03 * c,
    said: [/fit best to .*model\.txt 2\.0 ± 0\.\d % smaller or still more, .* cannot be told: .*pixel sizes/],
  },
  {
    name: "a defocus 10 % too small",
    row: (fields, column) => {
      for (const label of ["_rlnDefocusU", "_rlnDefocusV"]) {
        fields[column(label)] = String(0.9 * Number(fields[column(label)]));
      }
    },
    said: [
      /fit best to a defocus 1[012]\.\d ± [01]\.\d % larger than that of .*particles\.star, .* instead of 4 Å/,
    ],
  },
  {
    name: "a model without amplitude",
    amplitude: 0,
    refused: [/model\.txt: expected a Gaussian with an amplitude other than 0, found none/],
  },
  {
    name: "a resolution beyond the model's box",
    settings: { resolution: 0.1 },
    said: [/the model's box is limited to \d+\.\d\d Å: 0\.1 Å is not reached/],
  },
];

/** Writes the particles and the model of a case. */
function write({ image, row, rows = COUNT, model, amplitude }: Case, to: string): void {
  mkdirSync(at(to));
  const random = new e2.Random(11);
  const changed = images.slice();
  for (let i = 0; image && i < COUNT; i++) image(changed.subarray(i * PIXELS, (i + 1) * PIXELS), i, random);
  const header = readFileSync(at("particles.mrcs")).subarray(0, 1024);
  writeFileSync(at(to, "particles.mrcs"), Buffer.concat([header, Buffer.from(changed.buffer)]));
  const lines = readFileSync(at("particles.star"), "utf8").split("\n");
  const labels = lines.slice(lines.indexOf("data_particles")).filter((line) => /^_rln/.test(line));
  const column = (label: string) => labels.findIndex((line) => line.split(/\s/)[0] === label);
  const all = lines.filter((line) => line.includes("@")).map((line) => line.trim().split(/\s+/));
  let i = 0;
  const text = lines.flatMap((line) => {
    if (!line.includes("@")) return [line];
    const fields = [...all[i]!];
    row?.(fields, column, i, all);
    return i++ < rows ? [fields.join(" ")] : [];
  });
  writeFileSync(at(to, "particles.star"), text.join("\n"));
  const moved = readFileSync(at("model.txt"), "utf8").replace(/^[-\d].*$/gm, (line) =>
    line
      .split(/\s+/)
      .map((word, column) => {
        if (model && column < 3) return String(model(Number(word), column));
        return column === 3 && amplitude !== undefined ? String(amplitude) : word;
      })
      .join(" "),
  );
  writeFileSync(at(to, "model.txt"), moved);
}

/** Sentences about what does not fit. */
const ofMisfit = /fit best|moved by|from where their origins say|shifted separately|in their own poses/;

/** Trains up to the first step: the warnings, the outliers of the run, and what its record says does not fit. */
async function begin(of: Case, to: string) {
  const said: string[] = [];
  const controller = new AbortController();
  const settings: e2.training.TrainingSettings = {
    particles: at(to, "particles.star"),
    model: at(to, "model.txt"),
    out: at(to, "run"),
    options: { latent: 1, epochs: 1, coarseEpochs: 0, hidden: [8], featureSize: 8 },
    engine: { engine: "wasm", threads: 1 },
    poses: "file",
    onWarning: (warning) => said.push(warning),
    ...of.settings,
  };
  const stop = ({ task }: { task: string }) => {
    if (task.startsWith("epoch")) controller.abort(new Error("far enough"));
  };
  await e2.training.trainInThisThread({ ...settings, signal: controller.signal, onProgress: stop }).then(
    (run) => run.close(),
    (error) => {
      if (!(error instanceof e2.StoppedError)) throw error;
    },
  );
  const table = at(to, "run", "outliers.csv");
  const outliers = existsSync(table) ? readFileSync(table, "utf8").trim().split("\n").slice(1) : [];
  const record = JSON.parse(readFileSync(at(to, "run", "run.json"), "utf8"));
  return { said, outliers: outliers.map((line) => line.split(",")), misfit: record.fit.misfit ?? [] };
}

describe("particles and model", () => {
  for (const [n, of] of cases.entries()) {
    test(`${of.name}: ${of.refused ? "refused" : "trained on"}`, async () => {
      const to = `case${n}`;
      write(of, to);
      const before = readFileSync(at(to, "particles.star"), "utf8");
      if (of.refused) {
        await assert.rejects(begin(of, to), (error: Error) => {
          assert.equal(error.name, "InputError", error.stack);
          for (const pattern of of.refused!) assert.match(error.message, pattern);
          return true;
        });
        assert.equal(existsSync(at(to, "run")), false, "nothing is written");
        return;
      }
      const { said, outliers, misfit } = await begin(of, to);
      assert.equal(said.length, of.said!.length, said.join("\n"));
      for (const [s, pattern] of of.said!.entries()) assert.match(said[s]!, pattern);
      assert.deepEqual(
        misfit,
        said.filter((sentence) => ofMisfit.test(sentence)),
      );
      const { which, reason, atLeast } = of.outliers ?? { which: () => false, reason: /none/ };
      const expected = Array.from({ length: COUNT }, (_, i) => i).filter(which);
      const found = outliers.map(([index]) => Number(index));
      assert.deepEqual(
        found.filter((i) => !which(i)),
        [],
        "good particles are left out",
      );
      assert.ok(found.length >= (atLeast ?? expected.length), `${found.length} found`);
      for (const [index, row, image, score, hoped, why] of outliers) {
        assert.equal(Number(row), Number(index) + 1);
        assert.match(image!, /^\d{6}@particles\.mrcs$/);
        assert.ok(Number(score) < Number(hoped));
        assert.match(why!, reason);
      }
      assert.equal(readFileSync(at(to, "particles.star"), "utf8"), before);
    });
  }
});

describe("a training through all its epochs", () => {
  const trained = async (
    to: string,
    options: e2.training.TrainingSettings["options"],
    more: Partial<e2.training.TrainingSettings> = {},
  ) => {
    const settings = {
      particles: at(to, "particles.star"),
      model: at(to, "model.txt"),
      out: at(to, "whole"),
      options: { latent: 1, vary: ["position" as const], epochs: 2, hidden: [8], featureSize: 8, ...options },
      engine: { engine: "wasm" as const, threads: 1 },
      poses: "file" as const,
      ...more,
    };
    const run = await e2.training.trainInThisThread(settings);
    const latents = await run.latents();
    const outliers = await run.outliers();
    run.close();
    return { run, latents, outliers };
  };

  test("inverted images, read with inverted contrast, give the same result, and the run records it", async () => {
    write({ name: "", rows: 60 }, "plain");
    write({ name: "", image: invert, rows: 60 }, "inverted");
    const plain = await trained("plain", {});
    const inverted = await trained("inverted", {}, { invertContrast: true });
    assert.deepEqual(inverted.latents.refined, plain.latents.refined);
    assert.equal(inverted.run.record.inputs.invertContrast, true);
    assert.equal(plain.run.record.inputs.invertContrast, undefined);
    assert.equal(plain.run.record.outliers, undefined);
  });

  test("outliers get latent coordinates and do not affect the other particles", async () => {
    write({ name: "", image: tenths(invert), rows: 60 }, "few");
    const { run, latents, outliers } = await trained("few", {});
    assert.deepEqual(
      outliers.map(({ index }) => index),
      [3, 13, 23, 33, 43, 53],
    );
    assert.deepEqual(run.record.outliers, { count: 6, kept: false });
    assert.equal(latents.refined.length, 60);
    assert.ok(latents.refined.every(Number.isFinite));
    // Independent of the outliers' images.
    const stronger = tenths((px) => {
      px.set(px.map((v) => -3 * v * Math.abs(v)));
    });
    write({ name: "", image: stronger, rows: 60 }, "other");
    const other = await trained("other", {});
    assert.deepEqual(
      other.outliers.map(({ index }) => index),
      [3, 13, 23, 33, 43, 53],
    );
    const kept = Array.from({ length: 60 }, (_, i) => i).filter((i) => !tenth(i));
    const of = (all: Float32Array) => kept.map((i) => all[i]);
    assert.deepEqual(of(other.latents.refined), of(latents.refined));
    assert.deepEqual(of(other.latents.encoder), of(latents.encoder));
    assert.deepEqual(await (await e2.training.Run.open(at("few", "whole"))).outliers(), outliers);
  });

  test("what does not fit is in the record with its standard error, and in the verdict, also when measured again", async () => {
    write({ name: "", model: (c) => 1.01 * c }, "large");
    const { run } = await trained("large", {});
    const { scale, defocus, misfit } = run.record.fit!;
    assert.ok(Math.abs(scale!.by - 0.99) < 4 * scale!.standardError, JSON.stringify(scale));
    assert.ok(scale!.standardError < 0.002);
    assert.ok(Math.abs(defocus!.by - 1) < 5 * defocus!.standardError, JSON.stringify(defocus));
    assert.equal(misfit!.length, 1);
    const closing = `: ${misfit![0]}`;
    assert.ok(run.record.evidence!.sentence.endsWith(closing), run.record.evidence!.sentence);
    const reopened = await e2.training.Run.open(at("large", "whole"));
    const again = await reopened.evidence({ particles: 5 });
    assert.ok(again.sentence.endsWith(closing));
    assert.deepEqual(again.misfit, misfit);
    reopened.close();
  });

  test("a last batch of one particle, undefined options and few held-out particles give no NaN", async () => {
    write({ name: "", rows: 37 }, "odd");
    const options = { batchSize: 12, vary: undefined, seed: undefined, heldOut: 0.001, latent: 2 };
    const { run, latents } = await trained("odd", options as object);
    assert.deepEqual(run.record.options.vary, ["position", "amplitude", "width"]);
    assert.equal(run.record.options.seed, 1);
    for (const { trainFrc, validationFrc, validationScore } of run.history) {
      assert.ok([trainFrc, validationFrc, validationScore].every(Number.isFinite));
    }
    assert.ok(latents.refined.every(Number.isFinite));
  });
});

describe("the command", () => {
  test("reads images and maps with inverted contrast, and writes the particles without outliers", async () => {
    write({ name: "", image: tenths(invert) }, "command");
    const few = [
      "--latent",
      "1",
      "--epochs",
      "1",
      "--hidden",
      "8",
      "--feature-size",
      "8",
      "--backend",
      "wasm",
    ];
    const train = [
      "train",
      "--quiet",
      "--particles",
      "command/particles.star",
      "--model",
      "command/model.txt",
    ];
    const said = succeed(folder, ...train, ...few, "--out", "command/run");
    assert.match(said, /note: 24 of 240 particles .*--keep-outliers/);
    refuses(folder, [...train, ...few, "--invert-contrast", "--out", "command/not"], /minus sign/);
    const resume = ["train", "--out", "command/run", "--resume", "--backend", "wasm"];
    refuses(folder, [...resume, "--invert-contrast"], /--invert-contrast: to be omitted/);

    const outliers = [
      "outliers",
      "command/run",
      "--out",
      "command/good.star",
      "--left-out",
      "command/bad.star",
    ];
    assert.match(succeed(folder, ...outliers), /good\.star: 216 particles, without 24/);
    const rows = (file: string) =>
      readFileSync(at(file), "utf8")
        .split("\n")
        .filter((line) => line.includes("@"));
    const all = rows("command/particles.star");
    assert.equal(rows("command/good.star").length, 216);
    const bad = rows("command/bad.star");
    assert.equal(bad.length, 24);
    bad.forEach((row, i) => {
      assert.match(row, new RegExp(`${String(10 * i + 4).padStart(6, "0")}@`));
    });
    assert.equal(all.length, 240);
    assert.match(
      succeed(folder, "latent", "command/run", "--clusters", "2", "--out", "command/sets"),
      /24 particles/,
    );
    const members = [1, 2].flatMap((s) =>
      readFileSync(at(`command/sets/set_${s}.txt`), "utf8")
        .trim()
        .split("\n"),
    );
    assert.deepEqual(members.map(Number).filter(tenth), []);
    assert.equal(members.length, 216);
  });

  test("reconstructs with inverted contrast", async () => {
    const command = ["reconstruct", "--quiet", "--particles", "particles.star"];
    succeed(folder, ...command, "--invert-contrast", "--out", "dark.mrc");
    const set = await e2.particles.open(at("particles.star"));
    const bright = (await e2.reconstruct(set)).map.data;
    await set.close();
    const dark = readStack(at("dark.mrc")).data;
    assert.ok(dark.every((v, i) => Math.abs(v + bright[i]!) < 1e-5 * deviation + 1e-6 * Math.abs(v)));
  });

  test("reports the contrast of a map, and reads it inverted", async () => {
    const map = readFileSync(at("consensus.mrc"));
    const values = new Float32Array(map.buffer.slice(map.byteOffset + 1024, map.byteOffset + map.length));
    writeFileSync(
      at("negative.mrc"),
      Buffer.concat([map.subarray(0, 1024), Buffer.from(values.map((v) => -v).buffer)]),
    );
    const grow = ["--resolution", "20", "--gaussians", "12"];
    refuses(folder, ["neutral", "--map", "negative.mrc", ...grow, "--out", "n.txt"], /--invert-contrast/);
    succeed(folder, "neutral", "--map", "negative.mrc", "--invert-contrast", ...grow, "--out", "n.txt");
    const positive = await e2.maps.read(at("consensus.mrc"));
    const options = { resolution: 20, gaussians: 12 };
    const { model } = await e2.model.grow(positive, options);
    await e2.model.writeText(at("p.txt"), model);
    assert.deepEqual(await e2.model.readText(at("n.txt")), await e2.model.readText(at("p.txt")));
    const twice = e2.model.grow(positive, { ...options, invertContrast: true });
    await assert.rejects(twice, /without --invert-contrast/);
  });
});
