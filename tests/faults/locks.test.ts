import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import { launcher } from "../cli/command";
import { type SmallProject, smallProject } from "./smallRun";

/** Only one training writes to a run folder at a time; the lock of a dead one is taken over by the next. */

let project: SmallProject;
beforeAll(async () => {
  project = await smallProject();
});

const at = (...parts: string[]) => path.join(project.folder, ...parts);
const lockOf = (out: string) => at(out, "run.lock");
const text = (...parts: string[]) => readFileSync(at(...parts), "utf8");

/** Runs `work` during a training into `out`, which is stopped after its first epoch. */
async function duringTraining(out: string, resume: boolean, work: () => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  let seen: Promise<unknown> | undefined;
  const training = e2.train({
    ...project.settings(out, { epochs: 500 }),
    resume,
    signal: controller.signal,
    onEpoch: () => {
      seen ??= work().finally(() => controller.abort(new Error("enough")));
    },
  });
  await assert.rejects(training, /enough/);
  await seen;
}

const held = (out: string) =>
  new RegExp(
    `${out}: expected a folder that no other training writes to, found run\\.lock, that of process ${process.pid} on .*, since .*, which is running$`,
  );

describe("a run folder that a training is writing to", () => {
  test("is refused to a second training, new or resumed, of the same or another process", async () => {
    await duringTraining("busy", false, async () => {
      const settings = project.settings("busy", { epochs: 500 });
      await assert.rejects(e2.train({ ...settings, resume: true }), held("busy"));
      await assert.rejects(e2.training.trainInThisThread({ ...settings, resume: true }), held("busy"));
      await assert.rejects(e2.train(settings), /busy: expected a new or empty folder, or --resume/);
      const other = spawnSync(
        process.execPath,
        [launcher, "train", "--resume", "--out", "busy", "--backend", "wasm"],
        {
          cwd: project.folder,
          encoding: "utf8",
        },
      );
      assert.equal(other.status, 1);
      assert.match(
        other.stderr,
        /^e2gmm: busy: expected a folder that no other training writes to, .*, which is running\n$/,
      );
    });
    assert.equal(existsSync(lockOf("busy")), false);
    await duringTraining("busy", true, () =>
      assert.rejects(
        e2.training.trainInThisThread({ ...project.settings("busy"), resume: true }),
        held("busy"),
      ),
    );
  });

  test("can be read", async () => {
    await duringTraining("read", false, async () => {
      const run = await e2.training.Run.open(at("read"));
      assert.ok(run.history.length >= 1);
      assert.equal(run.encoderLatents?.length, 60);
      run.close();
    });
  });

  test("is refused also before the run is created: of two new trainings, one continues", async () => {
    const both = await Promise.allSettled(
      [1, 2].map(() => e2.training.trainInThisThread(project.settings("race"))),
    );
    const [done, refused] = [...both].sort((a, b) => (a.status < b.status ? -1 : 1));
    assert.equal(done!.status, "fulfilled");
    assert.match(String((refused as PromiseRejectedResult).reason), held("race"));
    (done as PromiseFulfilledResult<e2.training.Run>).value.close();
  });
});

test("a lock is removed when its training ends, however it ends, with folders created for it", async () => {
  const run = await e2.training.trainInThisThread(project.settings("done"));
  run.close();
  assert.equal(existsSync(lockOf("done")), false);
  const wrong = { ...project.settings("no/such/run"), particles: at("none.star") };
  await assert.rejects(e2.training.trainInThisThread(wrong), /none\.star/);
  await assert.rejects(e2.train(wrong), /none\.star/);
  assert.equal(existsSync(at("no")), false);
  mkdirSync(at("empty"));
  await assert.rejects(e2.training.trainInThisThread({ ...wrong, out: at("empty") }), /none\.star/);
  assert.deepEqual(readdirSync(at("empty")), []);
  const stopped = AbortSignal.abort(new Error("at once"));
  await assert.rejects(
    e2.training.trainInThisThread({ ...project.settings("never"), signal: stopped }),
    /at once/,
  );
  assert.equal(existsSync(at("never")), false);
});

describe("a lock whose process", () => {
  /** The lock that a training of this process writes. */
  async function lockFrom(out: string): Promise<Record<string, unknown>> {
    let lock: Record<string, unknown> = {};
    await duringTraining(out, false, async () => {
      lock = JSON.parse(text(out, "run.lock"));
    });
    assert.equal(lock["pid"], process.pid);
    assert.equal(lock["host"], hostname());
    return lock;
  }

  const resumed = (out: string) => {
    // The run keeps its 500 epochs; the first new one is enough.
    const controller = new AbortController();
    return e2.training.trainInThisThread({
      ...project.settings(out),
      resume: true,
      signal: controller.signal,
      onEpoch: () => controller.abort(new Error("resumed")),
    });
  };

  test("is dead is taken over, also if its process id is reused or the machine was restarted", async () => {
    const lock = await lockFrom("stale");
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const stale: [name: string, change: Record<string, unknown>, skip?: boolean][] = [
      ["dead", { pid: child.pid }],
      ["another process of the same number", { processStarted: "1" }],
      ["before the machine was started anew", { boot: "another" }, lock["boot"] === undefined],
    ];
    for (const [name, change, skip] of stale) {
      if (skip) {
        console.log(`${name}: the system does not say when it was started`);
        continue;
      }
      writeFileSync(lockOf("stale"), JSON.stringify({ ...lock, ...change }));
      await assert.rejects(resumed("stale"), /resumed/, name);
      assert.equal(existsSync(lockOf("stale")), false, name);
    }
    for (const content of ["", "{", "<html>", "{}"]) {
      writeFileSync(lockOf("stale"), content);
      await assert.rejects(resumed("stale"), /resumed/, JSON.stringify(content));
    }
  });

  test("is on another host or in another container is respected; the error explains how to remove it", async () => {
    const lock = await lockFrom("far");
    for (const change of [{ host: "elsewhere" }, { pidNamespace: "pid:[1]" }]) {
      const content = JSON.stringify({ ...lock, ...change });
      writeFileSync(lockOf("far"), content);
      await assert.rejects(
        resumed("far"),
        /far: expected a folder .*, found run\.lock, that of process \d+ on .* cannot be seen from here; if it has ended, remove .*far\/run\.lock and try again$/,
      );
      assert.equal(text("far", "run.lock"), content);
    }
  });

  test("was replaced stops its training: without its lock it writes no more", async () => {
    const controller = new AbortController();
    const epochs: number[] = [];
    await assert.rejects(
      e2.training.trainInThisThread({
        ...project.settings("robbed", { epochs: 500 }),
        signal: controller.signal,
        onEpoch: ({ epoch }) => {
          epochs.push(epoch);
          const lock = JSON.parse(text("robbed", "run.lock"));
          writeFileSync(lockOf("robbed"), JSON.stringify({ ...lock, token: "another" }));
        },
      }),
      /robbed: expected the run\.lock of this training, found that of process/,
    );
    assert.deepEqual(epochs, [1]);
    assert.match(text("robbed", "run.lock"), /another/);
  });
});

test("a killed training leaves a lock, which the next one takes over", async () => {
  const child = spawn(process.execPath, [launcher, ...project.command("killed", { epochs: 500 })]);
  await once(child.stdout.setEncoding("utf8"), "data");
  while (!existsSync(at("killed/history.csv"))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(lockOf("killed")));
  const controller = new AbortController();
  await assert.rejects(
    e2.training.trainInThisThread({
      ...project.settings("killed"),
      resume: true,
      signal: controller.signal,
      onEpoch: () => controller.abort(new Error("resumed")),
    }),
    /resumed/,
  );
  assert.deepEqual(
    readdirSync(at("killed")).filter((name) => /lock|part/.test(name)),
    [],
  );
});
