import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { neutralModel, refuses, simulatedProject, succeed, words } from "./command";

/** `score` on a small simulated set of three states, whose true maps are reconstructed from the particles of each. */

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const common = ["--truth", "sim/truth.csv", "--volumes", "truth/state_*.mrc"];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-score-"));
  simulatedProject(folder, "--snr", "20");
  neutralModel(folder);
  const training = words("--latent 1 --epochs 3 --vary position --hidden 16,16 --backend cpu");
  succeed(
    folder,
    "train",
    "--particles",
    "sim/particles.star",
    "--model",
    "model.txt",
    ...training,
    "--out",
    "run",
  );
  mkdirSync(at("truth"));
  const states = readFileSync(at("sim/truth.csv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(",")[1]);
  const set = await e2.particles.open(at("sim/particles.star"));
  for (const state of ["0", "1", "2"]) {
    const indices = states.flatMap((own, i) => (own === state ? [i] : []));
    const { map } = await e2.reconstruct(set, { indices, halves: "none" });
    await e2.maps.write(at("truth", `state_${state}.mrc`), map);
  }
  await set.close();
  const map = await e2.maps.read(at("truth", "state_1.mrc"));
  await e2.maps.write(at("mask.mrc"), e2.maps.densityMask(map));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const result = (name: string) => JSON.parse(readFileSync(at(name), "utf8"));

describe("score", () => {
  test("scores places and decoded volumes of a run, and tells masked from unmasked", () => {
    const more = ["--mask", "mask.mrc", "--per-image", "6", "--out", "score.json"];
    const printed = succeed(folder, "score", "run", ...common, ...more);
    assert.match(printed, /^neighbourhood similarity: /m);
    assert.match(printed, /^information imbalance, nearest neighbour: /m);
    assert.match(
      printed,
      /^per image: area under the FSC .*, masked .* over 6 volumes \(perfect: 0\.469\)$/m,
    );
    const { perImage, perConformation, neighbourhoods, imbalance } = result("score.json");
    assert.equal(perImage.each.length, 6);
    assert.deepEqual(
      perImage.each.map(({ particle }: { particle: number }) => particle),
      [0, 10, 20, 30, 40, 50],
    );
    assert.equal(perConformation.volumes, 3);
    assert.equal(perConformation.states.length, 3);
    assert.ok(neighbourhoods.length > 0 && imbalance.length === 2);
    for (const { unmasked, masked } of perImage.each) {
      assert.ok(unmasked > 0.1 && unmasked < 0.469 && masked > 0.1 && masked < 0.469 && masked !== unmasked);
    }
  });

  test("scores reconstructions of the nearest particles, of all of them the map of the whole set", () => {
    succeed(
      folder,
      "score",
      "run",
      ...common,
      "--reconstruct",
      "60",
      "--per-image",
      "3",
      "--out",
      "near.json",
    );
    const { perImage } = result("near.json");
    assert.equal(perImage.volumes, 3);
    assert.ok(perImage.unmasked.mean > 0.3);
  });

  test("scores places and volumes of another program; true volumes are perfect", () => {
    const truth = readFileSync(at("sim/truth.csv"), "utf8")
      .trim()
      .split("\n")
      .map((row) => row.split(","));
    writeFileSync(at("places.csv"), truth.map((row) => `${row[0]},${row[1]}\n`).join(""));
    // Of the particles 3 and 50, the volumes of their own states.
    const pairs = [3, 50].map((i) => `${i},${truth[i + 1]![1]}`);
    writeFileSync(at("assignment.csv"), `index,volume\n${pairs.join("\n")}\n`);
    const volumes = [
      "--scored",
      "truth/state_*.mrc",
      "--assignment",
      "assignment.csv",
      "--out",
      "other.json",
    ];
    succeed(folder, "score", ...common, "--places", "places.csv", "--coordinates", "state", ...volumes);
    const { perImage, perConformation } = result("other.json");
    assert.equal(perConformation, undefined);
    assert.equal(perImage.volumes, 2);
    assert.ok(Math.abs(perImage.unmasked.mean - (0.5 - 1 / 32)) < 1e-6);
  });

  test("wrong input is refused by the name of the option or file", () => {
    refuses(folder, ["score", ...common], /a run, --places or --scored/);
    refuses(folder, ["score", "run", ...common, "--state", "no"], /truth\.csv: expected the column no/);
    refuses(folder, ["score", "run", "--truth", "sim/truth.csv", "--mask", "mask.mrc"], /--mask/);
    refuses(folder, ["score", "run", "--truth", "sim/truth.csv", "--volumes", "none/*.mrc"], /none/);
    writeFileSync(at("short.csv"), "index,state\n0,1\n1,1\n");
    refuses(
      folder,
      ["score", "run", "--truth", "short.csv"],
      /expected 2 particles, as in short\.csv, found 60/,
    );
  });
});
