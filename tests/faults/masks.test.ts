import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { neutralModel, refuses, simulatedProject, succeed, words } from "../cli/command";

/** Invalid masks are refused by every command that takes one, with the same message. */

let folder: string;
let map: e2.maps.Volume;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-masks-"));
  simulatedProject(folder);
  neutralModel(folder);
  map = await e2.maps.read(path.join(folder, "sim/consensus.mrc"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const commands: Record<string, string[]> = {
  train: words("train --particles sim/particles.star --model model.txt --backend wasm --out run"),
  neutral: words("neutral --map sim/consensus.mrc --resolution 16 --gaussians 24 --out other.txt"),
  fsc: words("fsc sim/consensus.mrc sim/consensus.mrc --out fsc.txt"),
};
const all = Object.keys(commands);

const filled = (value: (x: number, i: number) => number): e2.maps.Volume => ({
  ...map,
  data: map.data.map((_, i) => value(i % 32, i)),
});
const half = () => filled((x) => (x < 16 ? 1 : 0));

/** Name, mask, commands that refuse it, and their message. */
const cases: [string, () => e2.maps.Volume | Buffer, string[], RegExp][] = [
  [
    "only zeros",
    () => filled(() => 0),
    all,
    /expected values above 0, at least 0\.5 somewhere, found only zeros/,
  ],
  [
    "nothing above 0.3",
    () => filled((x) => (x < 16 ? 0.3 : 0)),
    ["train"],
    /at least 0\.5 somewhere, found 0\.3 at most/,
  ],
  [
    "the consensus map",
    () => ({ ...map, data: map.data.map((v) => 10 * v) }),
    all,
    /voxel .*: expected a value from 0 to 1/,
  ],
  [
    "values below 0",
    () => filled((x) => (x < 16 ? 1 : -1)),
    ["neutral"],
    /voxel \(16, 0, 0\): expected a value from 0 to 1, found -1/,
  ],
  [
    "values up to 255",
    () => filled((x) => (x < 16 ? 255 : 0)),
    ["fsc"],
    /voxel \(0, 0, 0\): expected a value from 0 to 1, found 255/,
  ],
  ["a box of half the size", () => ({ ...half(), apix: map.apix / 2 }), all, /expected a box of 128\.0 Å/],
  [
    "fewer voxels",
    () => ({ data: new Float32Array(8).fill(1), size: [2, 2, 2], apix: 64 }),
    ["neutral", "fsc"],
    /expected 32×32×32 voxels like the map, found 2×2×2/,
  ],
  [
    "no Gaussian inside",
    () => filled((_, i) => (i === 0 ? 1 : 0)),
    ["train"],
    /expected values of at least 0\.5 at the centre of one of 24 Gaussians, found none/,
  ],
  [
    "a text",
    () => Buffer.from("no map ".repeat(400)),
    ["train"],
    /expected an MRC file, found text beginning with/,
  ],
];

describe("masks that are refused", () => {
  for (const [name, mask, by, right] of cases) {
    test(`${name}: ${by.join(", ")}`, async () => {
      const file = path.join(folder, "mask.mrc");
      const made = mask();
      if (Buffer.isBuffer(made)) writeFileSync(file, made);
      else await e2.maps.write(file, made);
      for (const command of by)
        refuses(folder, [...commands[command]!, "--mask", "mask.mrc"], /mask\.mrc/, right);
    });
  }

  test("a value that is not finite", async () => {
    const file = path.join(folder, "mask.mrc");
    await e2.maps.write(file, half());
    const { open } = await import("node:fs/promises");
    const handle = await open(file, "r+");
    await handle.write(Float32Array.of(Number.NaN), 0, 4, 1024);
    await handle.close();
    const right = /mask\.mrc: section 1: expected finite values, found NaN/;
    refuses(folder, [...commands["train"]!, "--mask", "mask.mrc"], right);
  });
});

test("good masks are accepted: soft ones, slightly beyond 0 and 1, and for training with other voxels", async () => {
  const soft = filled((x) => Math.max(-0.005, Math.min(1.005, (20 - x) / 8)));
  await e2.maps.write(path.join(folder, "soft.mrc"), soft);
  succeed(folder, ...commands["fsc"]!.slice(0, 3), "--mask", "soft.mrc");
  const coarse: e2.maps.Volume = { data: new Float32Array(8).fill(1), size: [2, 2, 2], apix: 64 };
  const model = await e2.model.readText(path.join(folder, "model.txt"));
  assert.equal(e2.model.gaussiansInRegion(model, { mask: coarse }).length, model.count);
});
