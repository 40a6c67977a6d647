import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { useBackend } from "../../compute/backends";
import { readMap, writeMap } from "../../maps/mapFile";
import type { Volume } from "../../maps/volume";
import { simulateLinearMotion } from "../../simulate/designs";
import { type CheckSettings, checkInputs } from "./checkInputs";

/** Each case damages particles or map of a good set, as it happens to users. */

let folder: string;
const at = (name: string) => path.join(folder, name);
const count = 200;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-check-"));
  await useBackend("wasm");
  await simulateLinearMotion({
    ...{ folder, states: 8, particlesPerState: count / 8, range: 0.2, boxSize: 32, apix: 4 },
    ...{ snr: 0.5, ctf: {}, shifts: 6, seed: 3 },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of the particle table changed; `column` gives the index of a label. */
type ChangeRow = (
  fields: string[],
  column: (label: string) => number,
  i: number,
  all: readonly string[][],
) => void;

async function changedStar(change: ChangeRow): Promise<string> {
  const lines = (await readFile(at("particles.star"), "utf8")).split("\n");
  const isRow = (line: string) => line.includes(".mrcs");
  const first = lines.findIndex(isRow);
  const loop = lines.lastIndexOf("loop_", first);
  const labels = lines.slice(loop + 1, first).map((line) => line.trim().split(/\s+/)[0]!);
  const all = lines.filter(isRow).map((line) => line.trim().split(/\s+/));
  const column = (label: string) => labels.indexOf(label);
  let i = 0;
  const changed = lines.map((line) => {
    if (!isRow(line)) return line;
    const fields = [...all[i]!];
    change(fields, column, i++, all);
    return fields.join(" ");
  });
  await writeFile(at("changed.star"), changed.join("\n"));
  return at("changed.star");
}

async function changedMap(change: (map: Volume) => Volume): Promise<string> {
  await writeMap(at("changed.mrc"), change(await readMap(at("consensus.mrc"))));
  return at("changed.mrc");
}

const good = (): CheckSettings => ({
  particles: at("particles.star"),
  map: at("consensus.mrc"),
  sample: 150,
});

test("good inputs: every finding is ok, and the agreement falls from ring to ring", async () => {
  const { status, findings, rings } = await checkInputs(good());
  assert.equal(status, "ok", JSON.stringify(findings.filter((finding) => finding.status !== "ok")));
  for (const topic of [
    "particles",
    "image stacks",
    "images",
    "CTF",
    "poses",
    "pixel size and box",
    "model",
    "agreement",
    "contrast",
    "hand",
  ]) {
    assert.ok(
      findings.some((finding) => finding.topic === topic),
      topic,
    );
  }
  assert.match(
    findings.find(({ topic }) => topic === "hand")!.sentence,
    /better with the map than with its mirror images/,
  );
  assert.ok(rings[1]!.particles > 0.3 && rings[1]!.particles > rings.at(-1)!.particles);
  assert.ok(rings.every(({ map }) => map !== undefined && map <= 1));
});

describe("what is wrong is found", () => {
  const cases: [
    name: string,
    change: () => Promise<Partial<CheckSettings>>,
    topic: string,
    status: string,
    sentence: RegExp,
  ][] = [
    [
      "inverted images",
      async () => ({ invertContrast: true }),
      "agreement",
      "error",
      /minus sign.*--invert-contrast/,
    ],
    [
      "the mirror image of the map",
      async () => ({
        map: await changedMap((map) => {
          const [size] = map.size;
          const data = map.data.slice();
          // About voxel size/2, where the origin is
          for (let i = 0; i < data.length; i++) {
            const x = i % size;
            data[i] = map.data[i - x + ((size - x) % size)]!;
          }
          return { ...map, data };
        }),
      }),
      "hand",
      "error",
      /the map has the other hand than the poses/,
    ],
    [
      "the map mirrored along z",
      async () => ({
        map: await changedMap((map) => {
          const [size] = map.size;
          const data = map.data.slice();
          for (let i = 0; i < data.length; i++) {
            const z = Math.floor(i / size ** 2);
            data[i] = map.data[i + (((size - z) % size) - z) * size ** 2]!;
          }
          return { ...map, data };
        }),
      }),
      "hand",
      "error",
      /map mirrored along z \(mean FRC .*the map has the other hand than the poses/,
    ],
    [
      "the map turned by 180° about y",
      async () => ({
        map: await changedMap((map) => {
          const [size] = map.size;
          const other = (at: number) => (size - at) % size;
          const data = map.data.slice();
          for (let i = 0; i < data.length; i++) {
            const [x, y, z] = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)];
            data[i] = map.data[other(x) + size * (y + size * other(z))]!;
          }
          return { ...map, data };
        }),
      }),
      "frame",
      "error",
      /map turned by 180° about y .*map and poses are in different frames/,
    ],
    [
      "a map of another pixel size",
      async () => ({ map: await changedMap((map) => ({ ...map, apix: 1.1 * map.apix })) }),
      "pixel size and box",
      "error",
      /the map is 140\.8 Å .* wide, the images 128\.0 Å/,
    ],
    [
      "orientations of other particles",
      async () => ({
        particles: await changedStar((fields, column, i, all) => {
          for (const label of ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"])
            fields[column(label)] = all[(i + 67) % count]![column(label)]!;
        }),
      }),
      "agreement",
      "error",
      /poses/,
    ],
    [
      "the same orientation everywhere",
      async () => ({
        particles: await changedStar((fields, column) => {
          for (const label of ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"]) fields[column(label)] = "0";
        }),
      }),
      "poses",
      "error",
      /all particles have the same orientation/,
    ],
    [
      "origins without their sign",
      async () => ({
        particles: await changedStar((fields, column) => {
          for (const label of ["_rlnOriginXAngst", "_rlnOriginYAngst"])
            fields[column(label)] = String(-Number(fields[column(label)]));
        }),
      }),
      "agreement",
      "warning",
      /check unit and sign of the origins/,
    ],
    ["a missing map", async () => ({ map: at("nowhere.mrc") }), "map", "error", /nowhere\.mrc/],
    [
      "a missing particle file",
      async () => ({ particles: at("nowhere.star") }),
      "particles",
      "error",
      /nowhere\.star/,
    ],
    [
      "a missing stack",
      async () => ({
        particles: await changedStar((fields, column, i) => {
          if (i === 3) fields[column("_rlnImageName")] = "1@gone.mrcs";
        }),
      }),
      "image stacks",
      "error",
      /gone\.mrcs/,
    ],
  ];
  for (const [name, change, topic, status, sentence] of cases) {
    test(name, async () => {
      const { findings, status: worst } = await checkInputs({ ...good(), ...(await change()) });
      const found = findings.filter((finding) => finding.status === status && finding.topic === topic);
      assert.ok(
        found.some((finding) => sentence.test(finding.sentence)),
        JSON.stringify(findings.filter((finding) => finding.status !== "ok")),
      );
      assert.equal(worst, status);
      if (topic !== "hand" && topic !== "frame") return;
      const advised = findings.filter((one) => /would fit|fit best/.test(one.sentence));
      assert.deepEqual(advised, [], "no size is advised where the frame is wrong");
    });
  }
});

test("an unusable sample is refused", async () => {
  await assert.rejects(checkInputs({ ...good(), sample: 3 }), /sample: expected an integer of 10 or more/);
});

/** Three tenths of the particles in the orientations of others. */
const foreignStar = () =>
  changedStar((fields, column, i, all) => {
    if ((i * 7) % 10 >= 3) return;
    for (const label of ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"])
      fields[column(label)] = all[(i + 67) % count]![column(label)]!;
  });

test("particles in the orientations of others are told, and nothing is advised that may follow from them", async () => {
  const { findings } = await checkInputs({ ...good(), particles: await foreignStar(), sample: 200 });
  const sentences = findings.filter(({ status }) => status !== "ok").map(({ sentence }) => sentence);
  const told = /about (\d+) ± \d+ % of the particles .* no better in their own orientations/;
  const percent = Number(sentences.map((text) => told.exec(text)).find((one) => one)?.[1]);
  assert.ok(percent > 20 && percent < 40, sentences.join("\n"));
  assert.ok(!sentences.some((text) => /fit best to|shifted separately/.test(text)), sentences.join("\n"));
});
