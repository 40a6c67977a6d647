import assert from "node:assert/strict";
import { cpSync, openSync, readFileSync, rmSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import { type SmallProject, smallProject } from "./smallRun";

/** A run can be resumed only with the particles it was started with; their content decides, not their date. */

let project: SmallProject;
let latents: string;
beforeAll(async () => {
  project = await smallProject();
  const whole = await e2.training.trainInThisThread(project.settings("whole"));
  latents = readFileSync(path.join(whole.folder, "latents.csv"), "utf8");
  whole.close();
  const controller = new AbortController();
  const stopped = { ...project.settings("stopped"), onEpoch: () => controller.abort(new Error("enough")) };
  await assert.rejects(e2.training.trainInThisThread({ ...stopped, signal: controller.signal }), /enough/);
});

process.once("exit", () => rmSync(changedFolder(), { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(project.folder, ...parts);
/** Outside the project, since stacks are also searched in parent folders. */
const changedFolder = () => `${project.folder}-changed`;

/** Copies the stopped run and its particles, and changes the particles. @returns settings to resume it */
function changed(change: (folder: string) => void): e2.training.TrainingSettings {
  const folder = changedFolder();
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["particles.star", "particles.mrcs", "model.txt"])
    cpSync(at(name), path.join(folder, name));
  cpSync(at("stopped"), path.join(folder, "run"), { recursive: true });
  const file = path.join(folder, "run/run.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as e2.training.RunRecord;
  // The paths are edited by hand, as after moving a project.
  record.inputs = { particles: path.join(folder, "particles.star"), model: path.join(folder, "model.txt") };
  writeFileSync(file, JSON.stringify(record));
  change(folder);
  return { ...project.settings("run"), out: path.join(folder, "run"), resume: true };
}

/** Changes a byte in the middle of a file, or so many bytes from its end. */
function flip(file: string, fromEnd?: number): void {
  const bytes = readFileSync(file);
  const place = fromEnd === undefined ? bytes.length >> 1 : bytes.length - fromEnd;
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.of(bytes[place]! ^ 1), 0, 1, place);
}

const star = (change: (text: string) => string) => (folder: string) => {
  const file = path.join(folder, "particles.star");
  writeFileSync(file, change(readFileSync(file, "utf8")));
};

const same: [name: string, change: (folder: string) => void][] = [
  ["moved to another folder", () => undefined],
  [
    "touched",
    (folder) => {
      for (const name of ["particles.star", "particles.mrcs"]) utimesSync(path.join(folder, name), 1e9, 1e9);
    },
  ],
  ["their neutral model gone, which the run has itself", (folder) => rmSync(path.join(folder, "model.txt"))],
];

const others: [name: string, change: (folder: string) => void, expected: RegExp][] = [
  [
    "another angle",
    star((text) =>
      text.replace(
        /(\n[^\n]*?)(\d)(\.\d+)/,
        (_, before, digit, rest) => `${before}${(Number(digit) + 1) % 10}${rest}`,
      ),
    ),
    /particles\.star: expected the content that the run was started with \(\d+ bytes, last modified .*\), found other content/,
  ],
  [
    "two rows swapped",
    star((text) => {
      const lines = text.trimEnd().split("\n");
      return `${[...lines.slice(0, -2), lines.at(-1), lines.at(-2)].join("\n")}\n`;
    }),
    /particles\.star: expected the content that the run was started with/,
  ],
  [
    "a row less",
    star((text) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`),
    /particles\.star: expected the 60 particles of the run, found 59/,
  ],
  [
    "another stack",
    (folder) => flip(path.join(folder, "particles.mrcs"), 2000),
    /particles\.mrcs: expected the content that the run was started with/,
  ],
  ["no stack", (folder) => rmSync(path.join(folder, "particles.mrcs")), /particles\.star.*particles\.mrcs/],
];

describe("a run is resumed with particles that were", () => {
  for (const [name, change] of same) {
    test(name, async () => {
      const settings = changed(change);
      const run = await e2.training.trainInThisThread(settings);
      assert.equal(readFileSync(path.join(run.folder, "latents.csv"), "utf8"), latents);
      run.close();
    });
  }
});

describe("a run is not resumed with", () => {
  for (const [name, change, expected] of others) {
    test(name, async () => {
      const settings = changed(change);
      const weights = readFileSync(path.join(settings.out, "weights.safetensors"));
      await assert.rejects(e2.training.trainInThisThread(settings), expected);
      assert.deepEqual(readFileSync(path.join(settings.out, "weights.safetensors")), weights);
    });
  }
});

test("a finished run is not resumed with another particle file", async () => {
  const settings = changed(() => undefined);
  (await e2.training.trainInThisThread(settings)).close();
  (await e2.training.trainInThisThread(settings)).close();
  star((text) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`)(changedFolder());
  await assert.rejects(
    e2.training.trainInThisThread(settings),
    /particles\.star: expected the content that the run was started with/,
  );
});

/** Rewrites the record of the stopped run as an earlier version did, with other options. */
function earlier(options: Partial<e2.training.RunRecord["options"]>): e2.training.TrainingSettings {
  return changed((folder) => {
    const file = path.join(folder, "run/run.json");
    const record = JSON.parse(readFileSync(file, "utf8")) as e2.training.RunRecord;
    for (const name of ["checksum", "files", "inputFiles"] as const) delete record[name];
    writeFileSync(file, JSON.stringify({ ...record, options: { ...record.options, ...options } }));
  });
}

test("a run of an earlier version without a record of its inputs is resumed with a warning", async () => {
  const warnings: string[] = [];
  const run = await e2.training.trainInThisThread({
    ...earlier({}),
    onWarning: (warning) => warnings.push(warning),
  });
  assert.equal(readFileSync(path.join(run.folder, "latents.csv"), "utf8"), latents);
  assert.match(
    warnings.join("\n"),
    /started by an earlier version: it cannot be checked whether its particles are still the same/,
  );
  run.close();
});

test("a run with fewer epochs than it has finished is refused", async () => {
  const settings = earlier({ epochs: 1 });
  const further = earlier({ epochs: 3 });
  const run = await e2.training.trainInThisThread(further);
  assert.deepEqual(
    run.history.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  run.close();
  const file = path.join(settings.out, "run.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as e2.training.RunRecord;
  writeFileSync(
    file,
    JSON.stringify({
      ...record,
      checksum: undefined,
      files: undefined,
      inputFiles: undefined,
      status: "training",
      options: { ...record.options, epochs: 2 },
    }),
  );
  await assert.rejects(
    e2.training.trainInThisThread(settings),
    /run\.json: options\.epochs: expected 3 or more, the epochs of weights\.safetensors, found 2/,
  );
  await assert.rejects(e2.training.Run.open(settings.out), /options\.epochs: expected 3 or more/);
});
