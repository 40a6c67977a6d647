import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import type { ProjectRequest } from "./projectMessages";
import { projectResult } from "./projectServer";

/** What pages may ask of the kernel: files below its working folder, and nothing else. */

const signal = new AbortController().signal;
const ask = (request: object) => projectResult(request as ProjectRequest, { signal, onProgress: () => {} });
let folder: string;
const before = process.cwd();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "e2gmm-project-")));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const good = { particles: "p.star", map: "m.mrc", out: "run", queue: { queue: "local", cpus: 1 } };

for (const [what, request] of [
  ["particles", { kind: "check", inputs: { particles: "../p.star" } }],
  ["a map", { kind: "check", inputs: { particles: "p.star", map: "/etc/hostname" } }],
  ["an output", { kind: "start", settings: { ...good, out: "a/../../run" } }],
  ["a template", { kind: "start", settings: { ...good, queue: { queue: "../../job.sh" } } }],
  [
    "a run to wait for",
    { kind: "start", settings: { ...good, queue: { queue: "local", after: ["../run"] } } },
  ],
  ["a log", { kind: "log", run: ".." }],
  ["a run to stop", { kind: "cancel", run: "/tmp" }],
  ["a run to continue", { kind: "resume", run: "../run" }],
  ["a run to rename", { kind: "rename", run: "..", title: "a" }],
  ["settings", { kind: "settings", run: "../run" }],
] as [string, object][]) {
  test(`${what} outside the working folder is refused`, async () => {
    await assert.rejects(ask(request), /: a file below .*, which JupyterLab shows/);
  });
}

test("a request of another version is refused", async () => {
  await assert.rejects(ask({ kind: "remove", run: "run" }), /request: expected a known request/);
});

test("a name that begins with two dots is a name like others", async () => {
  mkdirSync("..run/jobs", { recursive: true });
  writeFileSync("..run/jobs/title.txt", "old\n");
  await ask({ kind: "rename", run: "..run", title: "new" });
  const { runs } = (await ask({ kind: "runs" })) as { runs: { title: string }[] };
  assert.deepEqual(runs, []);
});

test("a check says what is wrong with the files, and a start leaves nothing behind", async () => {
  const checked = (await ask({ kind: "check", inputs: { particles: "p.star" } })) as { status: string };
  assert.equal(checked.status, "error");
  await assert.rejects(
    ask({ kind: "start", settings: good }),
    new RegExp(`${folder}/p\\.star: no such file`),
  );
  assert.deepEqual(await ask({ kind: "runs" }), { runs: [] });
});

test("settings with damaged text, and runs with damaged records, are listed as such", async () => {
  mkdirSync("run/jobs/1_train", { recursive: true });
  writeFileSync("run/run.json", "{");
  writeFileSync("run/jobs/1_train/job.json", "[]");
  writeFileSync("run/jobs/new_run.json", "no");
  const { runs } = (await ask({ kind: "runs" })) as { runs: { state: string; reason: string }[] };
  assert.equal(runs.length, 1);
  assert.equal(runs[0]!.state, "damaged");
  assert.match(runs[0]!.reason, /run\.json/);
  await assert.rejects(ask({ kind: "settings", run: "run" }), /new_run\.json: settings of a new run/);
});
