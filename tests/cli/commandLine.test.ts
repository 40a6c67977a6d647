import assert from "node:assert/strict";
import { packageVersion } from "e2gmm/dist/version";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { e2gmm, succeed } from "./command";

const commands = [
  "fetch",
  "simulate",
  "check",
  "neutral",
  "train",
  "study halves",
  "study seeds",
  "study options",
  "study resume",
  "place",
  "decode",
  "atoms",
  "latent",
  "sets",
  "page",
  "poses",
  "rounds",
  "reconstruct",
  "states",
  "correct",
  "fsc",
  "postprocess",
  "project",
  "convert",
  "relion",
  "jobs list",
  "jobs log",
  "jobs cancel",
  "jobs resume",
  "jobs wait",
  "backends",
  "kernel install",
  "kernel uninstall",
];

test("every command has a help with its options and an example", (t) => {
  const folder = temporaryFolder(t);
  const overview = succeed(folder, "--help");
  for (const command of commands) {
    assert.match(overview, new RegExp(`^  ${command.split(" ")[0]}\\b`, "m"));
    const help = succeed(folder, ...command.split(" "), "--help");
    assert.match(help, new RegExp(`^Usage: e2gmm ${command} `));
    assert.match(help, new RegExp(`^Examples?:\\n  e2gmm ${command}`, "m"));
  }
});

test("the help has units and defaults", (t) => {
  const folder = temporaryFolder(t);
  assert.match(succeed(folder, "neutral", "--help"), /--resolution <Å>/);
  const train = succeed(folder, "train", "--help").replace(/\s+/g, " ");
  assert.match(train, /axes of the latent space, 1 to 16; auto: .* \(default: auto\)/);
  assert.match(train, /\(default: position,amplitude,width\)/);
  assert.match(train, /\(default: 256,256,256\)/);
});

test("the version is that of the package", (t) => {
  const { code, out, err } = e2gmm(temporaryFolder(t), "--version");
  assert.deepEqual({ code, out, err }, { code: 0, out: `${packageVersion}\n`, err: "" });
});

test("GPUs and backends are listed, as JSON for programs", (t) => {
  const folder = temporaryFolder(t);
  const { cpu, gpus, backends } = JSON.parse(succeed(folder, "backends", "--json"));
  assert.ok(cpu.stepMilliseconds > 0);
  assert.ok(Array.isArray(gpus));
  const reports = backends as Record<string, unknown>[];
  const wasm = reports.find(({ name }) => name === "wasm");
  assert.equal(wasm?.["available"], true);
  assert.ok((wasm["gflops"] as number) > 0);
  for (const { available, reason } of reports) assert.ok(available || typeof reason === "string");
});

test("the kernelspec is written where requested, and removed", (t) => {
  const folder = temporaryFolder(t);
  const place = succeed(folder, "kernel", "install", "--prefix", folder).trim();
  assert.equal(place, `${folder}/share/jupyter/kernels/e2gmm`);
  assert.match(succeed(folder, "kernel", "uninstall", "--prefix", folder), /is removed/);
  assert.equal(e2gmm(folder, "kernel", "uninstall", "--prefix", folder).code, 1);
});
