import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { neutralModel, refuses, simulatedProject, succeed, words } from "./command";

const inputs = words("--particles sim/particles.star --model model.txt");
const small = words(
  "--latent 1 --vary position --epochs 2 --coarse-epochs 1 --hidden 16,16 --feature-size 16 --threads 1 --backend wasm",
);

test("a study of seeds is made part by part and compared, and places of other particles are written", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "2");
  neutralModel(folder);
  const study = ["study", "seeds", ...inputs, ...small, ...words("--seeds 3,5 --out study")];
  assert.match(succeed(folder, ...study, "--part", "2"), /^study: part 2 is complete/m);
  const at = (name: string) => path.join(folder, "study", name);
  assert.ok(
    existsSync(at("seed_5/run/run.json")) && !existsSync(at("seed_3")) && !existsSync(at("study.json")),
  );
  const printed = succeed(folder, ...study);
  assert.match(printed, /^seed_3: /m);
  assert.doesNotMatch(printed, /^seed_5: /m);
  assert.match(printed, /^(not|partly )?\s?reproducible: /m);
  assert.match(printed, /^study\/study.html: 2 parts/m);
  assert.match(readFileSync(at("study.html"), "utf8"), /<h1>Study of seeds<\/h1>/);
  assert.equal(JSON.parse(readFileSync(at("study.ipynb"), "utf8")).nbformat, 4);

  const place = words("place study/seed_3/run --particles sim/particles.star --threads 1 --out places.csv");
  assert.match(succeed(folder, ...place), /^places.csv: 60 particles on 1 axis/m);
  const table = readFileSync(path.join(folder, "places.csv"), "utf8").trim().split("\n");
  assert.equal(table[0], "index,z1,z1_deviation");
  assert.equal(table.length, 61);
  // The same in two jobs, one of which finds nothing left to do: there is one chunk.
  const inParts = [...place.slice(0, -1), "parts.csv"];
  const part = (number: number) => succeed(folder, ...inParts, "--part", `${number}/2`);
  assert.match(part(1), /^parts_parts: 0 particles of part 1 of 2, .*without --part makes the table$/m);
  assert.match(part(2), /^parts_parts: 60 particles of part 2 of 2/m);
  assert.ok(existsSync(path.join(folder, "parts_parts/places_1_of_1.safetensors")));
  succeed(folder, ...inParts);
  assert.equal(readFileSync(path.join(folder, "parts.csv"), "utf8").trim(), table.join("\n"));
  assert.ok(!existsSync(path.join(folder, "parts_parts")));
  refuses(folder, [...study, "--epochs", "3"], /study: options: expected .*as the study was started with/);
});

test("correct takes a study of halves, and corrects each by its own training", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "2");
  const halves = ["study", "halves", ...words("--particles sim/particles.star --resolution 16 --poses file")];
  succeed(folder, ...halves, ...words("--gaussians 24 --out study"), ...small);
  const printed = succeed(folder, ...words("correct study --z=0.5 --cells 2 --box-size 16 --out state.mrc"));
  assert.match(printed, /^state\.mrc: state 0\.5 from 60 particles/m);
  assert.match(printed, /^each half is corrected by a training of its own$/m);
  const whole = words("--particles sim/particles.star --box-size 16 --out all.mrc");
  succeed(folder, "reconstruct", ...whole);
  const shells = (file: string) => readFileSync(path.join(folder, file), "utf8").trim().split("\n").length;
  assert.equal(shells("state_plain_fsc.txt"), shells("all_fsc.txt"));
  refuses(
    folder,
    words("correct study --particles sim/particles.star --out no.mrc"),
    /--particles: expected none/,
  );
});

test("what a study cannot be made of is refused", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  neutralModel(folder);
  const out = words("--out study");
  const particles = words("--particles sim/particles.star");
  refuses(folder, ["study", "halves", ...particles, ...out], /--resolution: expected a resolution in Å/);
  const halves = ["study", "halves", ...particles, ...out, "--resolution", "16"];
  refuses(folder, [...halves, "--part", "3"], /--part: expected an integer from 1 to 2, found 3/);
  const seeds = ["study", "seeds", ...inputs, ...out, "--seeds"];
  for (const text of ["1", "2,2"])
    refuses(folder, [...seeds, text], /--seeds: expected two different integers/);
  for (const text of ["a", "3-1", "1-900", ""])
    refuses(folder, [...seeds, text], /--seeds: expected integers such as/);
  const options = ["study", "options", ...inputs, ...out, "--options", "sets.json"];
  refuses(folder, options, /sets\.json/);
  for (const [text, pattern] of [
    ["[1]", /sets\.json: expected sets of options by name/],
    ["{", /sets\.json: expected sets of options by name/],
    ['{"a": {}}', /--options: expected two sets of options or more, found 1/],
    ['{"a": {}, "b": {"latnet": 1}}', /--options: b: expected options of a training: .*found latnet/],
  ] as const) {
    writeFileSync(path.join(folder, "sets.json"), text);
    refuses(folder, options, pattern);
  }
});
