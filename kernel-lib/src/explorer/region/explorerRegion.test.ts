import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { readMask } from "../../maps/mask";
import { maskFlags } from "../../model/regions";
import { trainInThisThread } from "../../training/train";
import { explore } from "../explore";
import type { Explorer } from "../explorer";
import { type TestBench, testBench } from "../explorer.test.helper";
import type { RegionAction, RegionAnswer } from "./regionMessages";

/** What pages ask of the region of an explorer, on a small trained run. */

let bench: TestBench;
let explorer: Explorer;

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
});
afterAll(() => bench.end());
beforeEach(async () => {
  bench.forget();
  explorer = await explore("run");
});
afterEach(async () => {
  explorer.close();
  await explorer.workbench.saved().catch(() => {});
});

/** @throws Error with the kernel's message */
async function ask(action: RegionAction): Promise<RegionAnswer> {
  const answer = await bench.page.ask(explorer, { kind: "region", action });
  if (answer.kind === "problem") throw new Error(answer.text);
  return answer.region!;
}
const masks = () => bench.at("run/workbench/masks");

test("moving parts are found and added, and the region is measured over all, a set, and the selection", async () => {
  await assert.rejects(ask({ act: "motion", particles: "all" }), /The region is empty/);
  const { state } = await ask({ act: "bodies", count: 2 });
  const last = state!.bodies.length - 1;
  await ask({ act: "body", body: last, mode: "add" });
  const inside = explorer.viewer.region.reduce((sum, flag) => sum + flag, 0);
  assert.equal(inside, state!.bodies[last]!.count);
  const { motion } = await ask({ act: "motion", particles: "all" });
  assert.equal(motion!.of, explorer.scatter.count);
  assert.ok(motion!.inside > 0 && motion!.inside >= motion!.outside!);
  const { id } = explorer.sets.add([0, 1, 2], { name: "few" });
  assert.equal((await ask({ act: "motion", particles: { set: id } })).motion!.decoded, 3);
  await assert.rejects(ask({ act: "motion", particles: "selection" }), /First select particles/);
  await assert.rejects(
    ask({ act: "body", body: 9, mode: "add" }),
    /body: expected one that was found, found 10/,
  );
});

test("a mask is written whole into the run folder, is not replaced unasked, and becomes the region again", async () => {
  explorer.viewer.shapes = [{ kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 20 }];
  const flags = [...explorer.viewer.region];
  const { state, text } = await ask({ act: "save", name: "arm ü", overwrite: false });
  assert.deepEqual(state!.masks, ["arm ü"]);
  assert.match(text!, /Saved \d+ Gaussians as .*arm ü\.mrc/);
  assert.deepEqual(
    [...maskFlags(explorer.run!.neutral, await readMask(path.join(masks(), "arm ü.mrc")))],
    flags,
  );
  await assert.rejects(ask({ act: "save", name: "arm ü", overwrite: false }), /expected a name that is free/);
  explorer.viewer.shapes = [];
  await assert.rejects(
    ask({ act: "save", name: "empty", overwrite: true }),
    /region: expected at least one Gaussian/,
  );
  await ask({ act: "restore", name: "arm ü" });
  assert.deepEqual([...explorer.viewer.region], flags);
  await ask({ act: "save", name: "arm ü", overwrite: true });
  assert.deepEqual(readdirSync(masks()).sort(), ["arm ü.json", "arm ü.mrc"]);
});

test("names that are no names of files, and damaged shapes, are refused", async () => {
  explorer.viewer.shapes = [{ kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 20 }];
  for (const name of ["../arm", "a/b", "a\\b", ".hidden", "  ", "a:b"])
    await assert.rejects(ask({ act: "save", name, overwrite: false }), /expected a file name|needs a name/);
  assert.equal(existsSync(masks()), false);
  await ask({ act: "save", name: "arm", overwrite: false });
  writeFileSync(path.join(masks(), "arm.json"), '{"format":1,"gaussians":24,"shapes":[{"kind":"cone"}]}');
  await assert.rejects(ask({ act: "restore", name: "arm" }), /arm\.json: expected shapes such as/);
  writeFileSync(path.join(masks(), "arm.json"), '{"format":1,"gaussians":7,"shapes":[]}');
  await assert.rejects(
    ask({ act: "restore", name: "arm" }),
    /gaussians: expected 24, as the model has, found 7/,
  );
  await assert.rejects(
    ask({ act: "restore", name: "leg" }),
    /leg\.json: expected the shapes of a mask, found no such file/,
  );
});

test("a second round is shown as a command; it is written below the working folder or beside the run, and nowhere else", async () => {
  const round = {
    mask: "arm",
    out: "second",
    particles: "selection",
    axes: "drop",
    latent: 1,
    cpus: 2,
  } as const;
  const { same } = await ask({ act: "plan", round });
  const at = (name: string) => path.resolve(name);
  assert.equal(
    same!.command,
    `e2gmm train --from ${at("run")} --select ${at("second_particles.txt")} --axes drop --latent 1 ` +
      `--mask ${at("run/workbench/masks/arm.mrc")} --out ${at("second")} --queue local --queue-cpus 2`,
  );
  for (const out of ["", "../second", "/tmp/second", ".", "a\nb"])
    await assert.rejects(ask({ act: "plan", round: { ...round, out } }), /out: expected a folder/);
  explorer.scatter.select([3, 5, 8]);
  await assert.rejects(ask({ act: "train", round }), /arm\.mrc: no such file/);
  assert.equal(existsSync("second_particles.txt"), false, "nothing is left of a round that was refused");
});

test("nothing is kept of an explorer that keeps nothing", async () => {
  explorer.close();
  explorer = await explore("run", { keep: false });
  explorer.viewer.shapes = [{ kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 20 }];
  await assert.rejects(
    ask({ act: "save", name: "arm", overwrite: false }),
    /nothing is kept of this explorer/,
  );
});
