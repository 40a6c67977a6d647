import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import { launcher } from "../cli/command";
import { type SmallProject, smallProject } from "./smallRun";

/**
 * A training that is killed at any point at which it renames, links or removes a file can be resumed and ends with the
 * same result. The points are found by an undisturbed training.
 */

let project: SmallProject;
beforeAll(async () => {
  project = await smallProject();
});

/** Runs the command, killed at a point if one is given. @returns the points that it reached */
async function points(
  out: string,
  args: string[],
  at?: number,
): Promise<{ killed: boolean; names: string[] }> {
  const log = path.join(project.folder, `${path.basename(out)}.log`);
  rmSync(log, { force: true });
  const child = spawn(
    process.execPath,
    ["--require", path.join(__dirname, "killPoint.js"), launcher, ...args],
    {
      env: {
        ...process.env,
        KILL_FOLDER: path.join(project.folder, out),
        KILL_LOG: log,
        ...(at !== undefined && { KILL_AT: String(at) }),
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const signal = await new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
  assert.equal(err, "");
  return { killed: signal === "SIGKILL", names: readFileSync(log, "utf8").trim().split("\n") };
}

const withoutSeconds = (run: e2.training.Run) => run.history.map(({ seconds: _, ...rest }) => rest);

/** Completes the folder: resumes its run, or starts a new training if there is none. */
async function goOn(settings: e2.training.TrainingSettings): Promise<e2.training.Run> {
  const begun = existsSync(path.join(settings.out, "run.json"));
  return e2.training.trainInThisThread({ ...settings, resume: begun });
}

/** Kills a training at every point, or only at the given number of last points. */
async function everyPoint(
  name: string,
  options: e2.training.TrainingSettings["options"],
  last?: number,
): Promise<void> {
  const whole = `${name}-whole`;
  const { names } = await points(whole, project.command(whole, options));
  const expected = await e2.training.Run.open(path.join(project.folder, whole));
  const latents = readFileSync(path.join(expected.folder, "latents.csv"), "utf8");
  const files = readdirSync(expected.folder).sort();
  const first = last === undefined ? 0 : names.length - last;
  let next = first;
  const one = async (at: number) => {
    const out = `${name}-${at}`;
    const label = `${at + 1} of ${names.length}, ${names[at]}`;
    const { killed } = await points(out, project.command(out, options), at);
    assert.ok(killed, label);
    const settings = project.settings(out, options);
    const run = await goOn(settings);
    assert.equal(run.record.status, "complete", label);
    assert.deepEqual(withoutSeconds(run), withoutSeconds(expected), label);
    assert.equal(readFileSync(path.join(run.folder, "latents.csv"), "utf8"), latents, label);
    assert.deepEqual(readdirSync(run.folder).sort(), files, label);
    run.close();
    rmSync(run.folder, { recursive: true });
  };
  const renames = names.slice(first).filter((point) => point.includes(" rename ")).length / 2;
  console.log(
    `${name}: ${names.length - first} points, before and after each of ${renames} renames among them`,
  );
  assert.ok(renames > 0);
  const lane = async () => {
    while (next < names.length) await one(next++);
  };
  await Promise.all([lane(), lane()]);
  expected.close();
}

describe("a training that is killed and resumed ends like an undisturbed one", () => {
  test("with one start", () => everyPoint("one", {}));
  test("with two starts, of which one continues", () =>
    everyPoint("two", { starts: 2, epochs: 2, coarseEpochs: 1 }));
  test("with two starts that are compared at the very end", () =>
    everyPoint("end", { starts: 2, epochs: 1, coarseEpochs: 1 }, 18));
});
