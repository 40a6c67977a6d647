import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { refuses, simulatedProject, succeed, words } from "./command";

const particles = words("--particles sim/particles.star --engine wasm --threads 2");
const size = words("--resolution 16 --gaussians 16");

const gaussians = (folder: string, name: string) =>
  readFileSync(path.join(folder, name), "utf8")
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("#")).length;

test("neutral builds models of the halves of particles, each with a report", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "2");
  const printed = succeed(folder, "neutral", ...particles, ...size, ...words("--halves --out model.txt"));
  for (const half of [1, 2]) {
    assert.match(printed, new RegExp(`^model_half${half}\\.txt: \\d+ Gaussians, box of`, "m"));
    const report = JSON.parse(readFileSync(path.join(folder, `model_half${half}_report.json`), "utf8"));
    assert.equal(report.particles.used + report.particles.heldOut, 30);
    assert.equal(report.gaussians.after, gaussians(folder, `model_half${half}.txt`));
    assert.match(printed, new RegExp(report.sentence.replace(/[()+.]/g, "\\$&")));
    assert.ok(existsSync(path.join(folder, `model_half${half}_frc.csv`)));
  }
  assert.ok(!existsSync(path.join(folder, "model.txt")));
});

test("neutral polishes the model of a map against particles", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "2");
  const map = words("--map sim/consensus.mrc --out model.txt");
  const printed = succeed(folder, "neutral", ...particles, ...size, ...map);
  assert.match(printed, /^polishing against the particles (helps|does not help): [+−]\d/m);
  const report = JSON.parse(readFileSync(path.join(folder, "model_report.json"), "utf8"));
  assert.ok(report.rings[0].mapBefore > 0.9 && report.rings[0].before > 0.5);
  assert.equal(report.seed, 1);
});

test("options that do not fit are refused", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const out = words("--out model.txt");
  const map = words("--map sim/consensus.mrc");
  refuses(folder, ["neutral", ...size, ...out], /expected --map, --particles or both, found neither/);
  refuses(folder, ["neutral", ...map, ...size, ...out, "--halves"], /--halves: expected --particles/);
  refuses(folder, ["neutral", ...map, ...size, ...out, "--half", "1"], /--half: expected --particles/);
  refuses(
    folder,
    ["neutral", ...particles, ...map, ...size, ...out, "--halves"],
    /use --half with a half map/,
  );
  refuses(folder, ["neutral", ...particles, ...size, ...out, ...words("--half 1 --halves")], /found both/);
  refuses(
    folder,
    ["neutral", ...particles, ...words("--resolution 500"), ...out],
    /--resolution: expected finer than/,
  );
  const same = words("--out sim/truth.csv");
  refuses(folder, ["neutral", ...particles, ...size, ...same], /ends in \.txt or \.pdb/);
});
