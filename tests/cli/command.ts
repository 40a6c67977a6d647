import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Runs the real command as a user does. */

export const launcher = path.resolve(__dirname, "../../../kernel-lib/bin/e2gmm.js");

/** Splits arguments at blanks. */
export const words = (text: string): string[] => text.split(" ");

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

export function e2gmm(folder: string, ...args: string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: 120_000,
  });
  if (error) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Runs a command that must succeed. @returns its stdout */
export function succeed(folder: string, ...args: string[]): string {
  const { code, out, err } = e2gmm(folder, ...args);
  assert.equal(code, 0, `e2gmm ${args.join(" ")}: ${err}`);
  return out;
}

/** Digests of all files below a folder, and all folders. */
export function contents(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const file = path.join(folder, name);
    found[name] = statSync(file).isDirectory()
      ? "folder"
      : createHash("sha1").update(readFileSync(file)).digest("hex");
  }
  return found;
}

/**
 * Runs a command that must fail properly: exit code 1, one line on stderr that matches all patterns, and all files and
 * folders unchanged.
 */
export function refuses(folder: string, args: string[], ...patterns: RegExp[]): void {
  const before = contents(folder);
  const { code, err } = e2gmm(folder, ...args);
  const what = `e2gmm ${args.join(" ")}: ${err}`;
  assert.equal(code, 1, what);
  assert.match(err, /^e2gmm: [^\n]+\n$/, what);
  assert.doesNotMatch(err, /unexpected error|undefined|NaN Å|\bat .*:\d+:\d+/, what);
  for (const pattern of patterns) assert.match(err, pattern);
  assert.deepEqual(contents(folder), before, what);
}

/** A small simulated project: particles.star and particles.mrcs (60 images of 32², CTF and shifts), consensus.mrc. */
export function simulatedProject(folder: string, ...more: string[]): void {
  const small = words("--states 3 --particles-per-state 20 --box 32 --apix 4 --range 0.3");
  succeed(folder, "simulate", "linear", ...small, "--ctf", "--shifts", "4", "--out", "sim", ...more);
}

/** The particles of the project in two optics groups, which are read apart: the later half of them in the second. */
export function twoOpticsGroups(folder: string): void {
  const file = path.join(folder, "sim/particles.star");
  const text = readFileSync(file, "utf8")
    .replace(/^opticsGroup1 1 (.*)$/m, "opticsGroup1 1 $1\nopticsGroup2 2 $1")
    .replace(
      /^(.*) 1 (\d+)(@\S+)$/gm,
      (_, row, number, stack) => `${row} ${number > 30 ? 2 : 1} ${number}${stack}`,
    );
  writeFileSync(file, text);
}

/** Its neutral model, model.txt. */
export function neutralModel(folder: string): void {
  const settings = ["--resolution", "16", "--gaussians", "24", "--out", "model.txt"];
  succeed(folder, "neutral", "--map", "sim/consensus.mrc", ...settings);
}
