import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { imageStatistics } from "e2gmm/dist/particles/images/imageOutliers";
import { afterAll, beforeAll, describe, type TestContext, test } from "vitest";
import { type MadeMrc, mrcBytes } from "../../kernel-lib/src/formats/mrc.test.helper";
import { neutralModel, refuses, simulatedProject, succeed, words } from "../cli/command";
import { correlation, readStack } from "../cli/mrc";
import { temporaryFolder } from "../testing";

/** Images and maps that would silently give wrong results, one line each. */

function write(t: TestContext, bytes: Uint8Array, name = "p.mrcs"): string {
  const file = path.join(temporaryFolder(t), name);
  writeFileSync(file, bytes);
  return file;
}

const random = new e2.Random(5);
const noise = (count: number, deviation = 1, mean = 0) =>
  Array.from({ length: count }, () => mean + deviation * random.normal());

describe("files longer or shorter than their header says", () => {
  const size: [number, number, number] = [16, 16, 24];
  /** Noise images, optionally with a border as of RELION's soft mask. */
  const images = (border: number) =>
    noise(16 * 16 * 24, 40).map((value, i) => {
      const [x, y] = [i % 16, (i >> 4) % 16];
      return Math.min(x, y, 15 - x, 15 - y) < border ? 0 : Math.round(value) + 0;
    });
  const junk: Record<string, (bytes: number) => Buffer> = {
    zeros: (bytes) => Buffer.alloc(bytes),
    "symmetry records": (bytes) =>
      Buffer.from("X,  Y,  Z".padEnd(80).repeat(bytes / 80 + 1)).subarray(0, bytes),
    "random bytes": (bytes) => Buffer.from(Array.from({ length: bytes }, () => 256 * random.uniform())),
    "tilt angles": (bytes) => {
      const made = Buffer.alloc(bytes);
      for (let at = 0; at + 32 <= bytes; at += 32) made.writeInt16LE(150 * (at / 32) - 6000, at);
      return made;
    },
  };
  const cases: { mode: number; border?: number; junk: string; bytes: number; right: RegExp | "refused" }[] =
    [];
  for (const mode of [0, 1, 2, 6]) {
    for (const name of Object.keys(junk)) {
      for (const bytes of [1024, 4096]) {
        // Random bytes are plausible values of modes 0, 1 and 6, but not of floating point.
        if (name === "random bytes" && mode !== 2) continue;
        cases.push({ mode, junk: name, bytes, right: /before the values/ });
        cases.push({ mode, junk: name, bytes, right: /after the last value/ });
      }
    }
  }
  for (const bytes of [1, 2, 3, 40, 79]) {
    cases.push({ mode: 1, junk: "zeros", bytes, right: /after the last value/ });
  }
  cases.push({ mode: 2, border: 6, junk: "zeros", bytes: 128, right: "refused" });

  for (const { mode, border = 0, junk: name, bytes, right } of cases) {
    const after = right === "refused" || right.source.startsWith("after");
    const title = `${bytes} bytes of ${name} ${after ? "after" : "before"} mode ${mode}, border ${border}`;
    test(`${title}: ${right === "refused" ? right : right.source}`, async (t) => {
      const values = images(border).map((value) =>
        mode === 6 ? value + 2000 : Math.max(-127, Math.min(127, value)),
      );
      const good = mrcBytes({ size, mode, values });
      const more = junk[name]!(bytes);
      const parts = after ? [good, more] : [good.subarray(0, 1024), more, good.subarray(1024)];
      const opening = e2.formats.openMrc(write(t, Buffer.concat(parts)));
      if (right === "refused") {
        await assert.rejects(
          opening,
          /p\.mrcs: expected \d+ bytes .*found 128 more, before or after the values/,
        );
        return;
      }
      const mrc = await opening;
      t.onTestFinished(() => mrc.close());
      assert.match(
        mrc.warnings.join(),
        new RegExp(`p\\.mrcs is ${bytes} bytes? longer than its header says.*${right.source}`),
      );
      assert.deepEqual([...(await mrc.readSections(0, 24))], values.map(Math.fround));
    });
  }

  test("images beyond the number in the header are ignored and counted", async (t) => {
    const good = mrcBytes({ size, mode: 1, values: images(0) });
    good.writeInt32LE(20, 8);
    const mrc = await e2.formats.openMrc(write(t, good));
    t.onTestFinished(() => mrc.close());
    assert.match(mrc.warnings.join(), /2048 bytes longer .*\(as many as 4 more sections have\) are ignored/);
  });

  test("a file without its extended header, and a truncated one, are refused", async (t) => {
    const good = mrcBytes({ size, mode: 1, values: images(0), extended: new Uint8Array(1024) });
    const without = Buffer.concat([good.subarray(0, 1024), good.subarray(2048)]);
    await assert.rejects(
      e2.formats.openMrc(write(t, without)),
      /as without the extended header of 1024 bytes in word 24/,
    );
    await assert.rejects(e2.formats.openMrc(write(t, good.subarray(0, -1))), /which hold 23 whole sections/);
  });
});

describe("bytes of mode 0", () => {
  const size: [number, number, number] = [32, 32, 4];
  const grey = (mean: number, deviation: number) =>
    noise(32 * 32 * 4, deviation, mean).map((v) => Math.max(0, Math.min(255, Math.round(v))));
  const signed = (mean: number, deviation: number) =>
    noise(32 * 32 * 4, deviation, mean).map((v) => Math.max(-128, Math.min(127, Math.round(v))));
  const imod = (flags: number): MadeMrc["words"] => [
    [39, 1146047817],
    [40, flags],
  ];
  const statistics = (min: number, max: number): MadeMrc["words"] => [
    [20, { float: min }],
    [21, { float: max }],
  ];
  const cases: [string, number[], MadeMrc["words"], "signed" | "unsigned", noticed: boolean][] = [
    ["grey values around 128", grey(128, 30), [], "unsigned", true],
    ["dark grey values", grey(90, 20), [], "unsigned", true],
    ["grey values from 0 to 255 with many white ones", grey(170, 60), [], "unsigned", true],
    [
      "bright grey values with statistics in the header",
      grey(220, 8),
      statistics(180, 250),
      "unsigned",
      true,
    ],
    ["bright grey values without statistics", grey(220, 8), [], "signed", false],
    ["values below 128", grey(40, 10), [], "signed", false],
    ["signed values around 0", signed(0, 30), [], "signed", false],
    ["signed values clipped at both ends", signed(0, 90), [], "signed", false],
    ["signed values around 60", signed(60, 30), [], "signed", false],
    ["grey values with statistics of signed ones", grey(128, 30), statistics(-128, 127), "signed", false],
    ["grey values with IMOD's stamp", grey(128, 30), imod(0), "unsigned", false],
    ["grey values with IMOD's flag for signed ones", grey(128, 30), imod(1), "signed", false],
  ];
  for (const [name, values, words, right, noticed] of cases) {
    test(`${name}: ${right}`, async (t) => {
      const file = write(t, mrcBytes({ size, mode: 0, values, words: words ?? [] }));
      const read = async (bytes?: "signed" | "unsigned") => {
        const mrc = await e2.formats.openMrc(file, { bytes });
        try {
          return { found: await mrc.readSections(0, 4), notices: mrc.warnings };
        } finally {
          await mrc.close();
        }
      };
      const as = { signed: Int8Array.from(values), unsigned: Uint8Array.from(values) };
      const { found, notices } = await read();
      assert.deepEqual([...found], [...as[right]]);
      assert.equal(notices.length, noticed ? 1 : 0, notices.join());
      if (noticed) assert.match(notices[0]!, /p\.mrcs: bytes .*only make sense as unsigned.*--bytes signed/);
      for (const sign of ["signed", "unsigned"] as const) {
        assert.deepEqual([...(await read(sign)).found], [...as[sign]], `--bytes ${sign}`);
      }
    });
  }
});

describe("values that contradict the header", () => {
  const size: [number, number, number] = [16, 16, 8];
  const count = 16 * 16 * 8;
  const swapped = (bytes: Uint8Array) => {
    const other = Buffer.from(bytes);
    other.subarray(1024).swap32();
    return other;
  };
  const said = (mode: number) => (bytes: Uint8Array) => {
    const other = Buffer.from(bytes);
    other.writeInt32LE(mode, 12);
    return other;
  };
  const same = (bytes: Uint8Array) => bytes;
  type Case = [
    name: string,
    mode: number,
    values: number[],
    change: (bytes: Uint8Array) => Uint8Array,
    refused: RegExp | undefined,
    note: RegExp | undefined,
  ];
  const order = /little-endian values, the byte order of the header, found .*big-endian/;
  const cases: Case[] = [
    ["float32", 2, noise(count, 3, 1), same, undefined, undefined],
    ["float32 in the other byte order", 2, noise(count, 3, 1), swapped, order, undefined],
    ["whole float32 in the other byte order", 2, noise(count, 30).map(Math.round), swapped, order, undefined],
    ["very large float32", 2, noise(count, 1e30), same, undefined, undefined],
    ["very small float32", 2, noise(count, 1e-36), same, undefined, undefined],
    ["float32, all 0", 2, new Array<number>(count).fill(0), same, undefined, undefined],
    ["int16", 1, noise(count, 5000).map(Math.round), same, undefined, undefined],
    ["int16, all large", 1, noise(count, 500, 20000).map(Math.round), same, undefined, undefined],
    [
      "uint16 as int16",
      6,
      noise(count, 4000, 40000).map(Math.round),
      said(1),
      undefined,
      /as unsigned \(mode 6\)/,
    ],
    ["uint16", 6, noise(count, 4000, 40000).map(Math.round), same, undefined, undefined],
    ["int16 as uint16", 1, noise(count, 50).map(Math.round), said(6), undefined, /as signed \(mode 1\)/],
  ];
  for (const [name, mode, values, change, refused, note] of cases) {
    test(name, async (t) => {
      const opening = e2.formats.openMrc(write(t, change(mrcBytes({ size, mode, values }))));
      if (refused) {
        await assert.rejects(opening, refused);
        return;
      }
      const file = await opening;
      t.onTestFinished(() => file.close());
      assert.equal(file.warnings.length, note ? 1 : 0, file.warnings.join());
      if (note) assert.match(file.warnings[0]!, note);
    });
  }
});

describe("impossible numbers in the header of a map", () => {
  const cell = (x: number, y = x, z = x): MadeMrc["words"] =>
    [x, y, z].map((edge, i) => [11 + i, { float: edge }]);
  const origin = (x: number): MadeMrc["words"] => [[50, { float: x }]];
  const cases: [name: string, words: MadeMrc["words"], right: RegExp | [number, number, number]][] = [
    ["a cell of 0", cell(0), /words 11–13: expected a cell size/],
    ["a cell of NaN", cell(Number.NaN), /words 11–13: expected a cell size.*found NaN/],
    ["an infinite cell", cell(Number.POSITIVE_INFINITY), /words 11–13: expected a cell size/],
    ["a cell below 0", cell(-8), /words 11–13: expected a cell size/],
    ["a cell of a millionth of an ångström", cell(1e-6), /words 11–13: expected a cell size/],
    ["a cell of a kilometre", cell(1e13), /words 11–13: expected a cell size/],
    ["voxels that are longer along y", cell(8, 12), /words 8–13: expected cubic voxels/],
    ["voxels that are NaN along z", cell(8, 8, Number.NaN), /words 8–13: expected cubic voxels/],
    ["an angle of NaN", [[15, { float: Number.NaN }]], /words 14–16: expected a cell with right angles/],
    ["negative sampling", [[8, -8]], /words 11–13: expected a cell size/],
    ["a negative size", [[1, -8]], /expected an MRC file, found -8×8×8/],
    ["a size of two thousand million", [[3, 2_000_000_000]], /expected an MRC file/],
    ["a size of a hundred million", [[3, 100_000_000]], /expected 25600001024 bytes/],
    ["a negative extended header", [[24, -4]], /expected an MRC file/],
    ["an extended header of 2 GB", [[24, 2_000_000_000]], /expected 2000003072 bytes/],
    ["an unknown mode", [[4, 5]], /expected an MRC file|expected values of mode/],
    ["an origin", origin(12.5), [12.5, 0, 0]],
    ["a start in the cell", [[5, -4]], [-4, 0, 0]],
    ["an origin and a start in the cell: the origin is used", [...origin(12.5)!, [5, -4]], [12.5, 0, 0]],
    ["an origin of NaN beside a start in the cell", [...origin(Number.NaN)!, [5, -4]], [-4, 0, 0]],
    ["an origin beyond the limits", origin(1e20), [0, 0, 0]],
    ["a start in the cell beyond the limits", [[5, 2_000_000_000]], [0, 0, 0]],
  ];
  for (const [name, words, right] of cases) {
    test(name, async (t) => {
      const values = noise(512);
      const file = write(t, mrcBytes({ size: [8, 8, 8], values, words: words ?? [] }), "map.mrc");
      if (right instanceof RegExp) {
        await assert.rejects(
          e2.maps.read(file),
          (error) => error instanceof e2.InputError && right.test(error.message),
        );
        return;
      }
      const notices: string[] = [];
      const map = await e2.maps.read(file, { onWarning: (warning) => notices.push(warning) });
      assert.deepEqual(map.origin, right);
      const absurd = /NaN|beyond/.test(name);
      assert.equal(notices.length, absurd ? 1 : 0, notices.join());
      if (absurd) assert.match(notices[0]!, /map\.mrc: the origin in words .* is ignored/);
    });
  }
});

describe("the command", () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  const star = () => readFileSync(at("sim/particles.star"), "utf8");
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-images-"));
    simulatedProject(folder, "--snr", "4");
    neutralModel(folder);
    writeFileSync(at("sim/bytes.star"), star().replaceAll("particles.mrcs", "bytes.mrcs"));
    const images = readStack(at("sim/particles.mrcs"));
    const scale = 30 / imageStatistics(images.data).standardDeviation;
    const grey = images.data.map((value) => Math.max(0, Math.min(255, Math.round(128 + scale * value))));
    writeFileSync(at("sim/bytes.mrcs"), mrcBytes({ size: images.size, mode: 0, values: grey }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const reconstructed = (...args: string[]) => {
    const printed = succeed(folder, "reconstruct", "--out", "map.mrc", "--particles", ...args);
    return { printed, map: readStack(at("map.mrc")).data };
  };

  test("grey bytes give the map of their original images, with a warning", () => {
    const { map } = reconstructed("sim/particles.star");
    const grey = reconstructed("sim/bytes.star");
    assert.match(grey.printed, /note: .*bytes\.mrcs: bytes \(mode 0\) that only make sense as unsigned/);
    // The map also contains their mean, which is not subtracted.
    const alike = correlation(grey.map, map);
    assert.ok(alike > 0.95, `correlation ${alike}`);
    const signed = reconstructed("sim/bytes.star", "--bytes", "signed");
    assert.doesNotMatch(signed.printed, /note: .*bytes/);
    const wrong = correlation(signed.map, map);
    assert.ok(wrong < 0.9, `correlation ${wrong}`);
  });

  test("a mean far from 0 does not change the map", () => {
    const images = readStack(at("sim/particles.mrcs"));
    const { standardDeviation } = imageStatistics(images.data);
    const values = images.data.map((value) => value + 3e4 * standardDeviation);
    writeFileSync(at("sim/far.mrcs"), mrcBytes({ size: images.size, mode: 2, values }));
    writeFileSync(at("sim/far.star"), star().replaceAll("particles.mrcs", "far.mrcs"));
    const alike = correlation(reconstructed("sim/far.star").map, reconstructed("sim/particles.star").map);
    assert.ok(alike > 0.99, `correlation ${alike}`);
  });

  test("how bytes are read is recorded in a run, and a resume cannot change it", () => {
    const train = words(
      "train --particles sim/bytes.star --model model.txt --latent 1 --epochs 1 --backend wasm --out run",
    );
    succeed(folder, ...train, "--bytes", "unsigned");
    const record = JSON.parse(readFileSync(at("run/run.json"), "utf8"));
    assert.equal(record.inputs.bytes, "unsigned");
    refuses(
      folder,
      words("train --out run --resume --bytes signed"),
      /--bytes: expected unsigned, as the run was started with/,
    );
  });
});
