import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { kernelSession } from "./session";
import { printed, resultText } from "./wireClient";

const session = kernelSession();

test("an interrupted training stops at a step, keeps its checkpoint, and can be resumed in the next cell", async () => {
  const set = await session.client.execute(
    `import * as e2 from "e2gmm";
     const { consensus } = await e2.simulate.linearMotion({
       folder: "data", states: 6, particlesPerState: 20, range: 0.25, boxSize: 32, apix: 4, snr: 1, seed: 5 });
     const grown = await e2.model.grow(await e2.maps.read(consensus), {
       resolution: 12, gaussians: 32, startGaussians: 32, boxSize: 32 });
     await e2.model.writeText("neutral.txt", grown.model);
     const settings = { particles: "data/particles.star", model: "neutral.txt", out: "run",
       options: { latent: 1, vary: ["position" as const], epochs: 20, coarseEpochs: 1, batchSize: 8 } };
     process.cwd()`,
    { timeout: 120_000 },
  );
  const folder = resultText(set)?.replaceAll("'", "");
  assert.ok(folder, JSON.stringify(set.reply.content));
  const training = await session.client.startExecute(
    `await e2.train({ ...settings, onEpoch: (report) => console.log("epoch", report.epoch) });`,
  );
  const outputOf = () => printed({ published: session.client.publishedFor(training) });
  await session.client.until(() => (/epoch 1\n/.test(outputOf()) ? true : undefined), "first epoch", 120_000);
  await session.client.interrupt();
  const { reply } = await session.client.finished(training, 10_000);
  assert.equal(reply.content["ename"], "Interrupted");
  assert.equal(resultText(await session.client.execute("6 * 7")), "42");
  assert.ok(existsSync(path.join(folder, "run/history.csv")), "the run folder is there");
  const resumed = await session.client.execute(
    `const again = await e2.train({ ...settings, resume: true, onEpoch: (report) => console.log("epoch", report.epoch) });
     (await again.latents()).encoder.length`,
    { timeout: 120_000 },
  );
  assert.equal(resultText(resumed), "120", JSON.stringify(resumed.reply.content));
  assert.doesNotMatch(printed(resumed), /epoch 1\n/, "the first epoch is not trained again");
});

test("threads of a training let everything else go first, those of the kernel do not", async (t) => {
  if (process.platform !== "linux") return t.skip("priorities of threads are Linux's");
  const cell = await session.client.execute(
    `import { readFileSync, readdirSync } from "node:fs";
     /** Priorities (field 19, after the name in brackets) of the kernel's main thread, and of the others that have a lower one. */
     const niceness = (id: string) => Number(readFileSync("/proc/self/task/" + id + "/stat", "utf8").split(") ")[1].split(" ")[16]);
     let seen: [main: number, lower: number[]] | undefined;
     await e2.train({ ...settings, out: "polite", engine: { threads: 2 }, options: { ...settings.options, epochs: 1 }, onEpoch: () => {
       const others = readdirSync("/proc/self/task").filter((id) => id !== String(process.pid)).map(niceness);
       seen = [niceness(String(process.pid)), others.filter((nice) => nice > niceness(String(process.pid)))];
     } });
     const [main, lower] = seen!;
     JSON.stringify([main, lower.length >= 3, new Set(lower).size])`,
    { timeout: 120_000 },
  );
  const [main, several, values] = JSON.parse(resultText(cell)?.replaceAll("'", "") ?? "[]") as unknown[];
  assert.equal(typeof main, "number", JSON.stringify(cell.reply.content));
  assert.equal(several, true, "the training thread and two threads of projections");
  assert.equal(values, 1, "all with the same priority");
});
