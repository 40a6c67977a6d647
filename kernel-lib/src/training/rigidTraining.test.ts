import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { pearson } from "../latent/statistics";
import { readMap, writeMap } from "../maps/mapFile";
import { train } from "./background";
import { Run } from "./runs/run";
import { smallTraining } from "./smallTraining.test.helper";

const data = smallTraining();

/** Masks of the half with the moving domain and of the other, and of nothing. */
async function masks(folder: string): Promise<{ domain: string; rest: string; none: string }> {
  const map = await readMap(path.join(data.folder, "consensus.mrc"));
  const files = { domain: "domain.mrc", rest: "rest.mrc", none: "none.mrc" };
  const inside = {
    domain: (x: number) => x >= 20,
    rest: (x: number) => x < 22,
    none: (x: number) => x === 0,
  };
  for (const name of ["domain", "rest", "none"] as const) {
    files[name] = path.join(folder, files[name]);
    await writeMap(files[name], { ...map, data: map.data.map((_, i) => Number(inside[name](i % 32))) });
  }
  return files;
}

/** Largest change of a distance between two Gaussians of a body, in box units, from z = 0 to another place. */
function deformation(run: Run, body: number, z: number): number {
  const { params, count: n } = run.decode([0]);
  const moved = run.decode([z]).params;
  const members = [...run.bodies!.keys()].filter((i) => run.bodies![i] === body);
  const distance = (of: Float32Array, i: number, j: number) =>
    Math.hypot(...[0, n, 2 * n].map((row) => of[row + i]! - of[row + j]!));
  let most = 0;
  for (const i of members) {
    for (const j of members) most = Math.max(most, Math.abs(distance(moved, i, j) - distance(params, i, j)));
  }
  return most;
}

describe("rigid bodies", () => {
  test("keep their shape at every place, find the motion, and are recorded", async (t) => {
    const folder = temporaryFolder(t);
    const { domain, rest } = await masks(folder);
    const out = path.join(folder, "run");
    const settings = { ...data.settings(out, { epochs: 8, coarseEpochs: 4 }), rigid: [domain, rest] };
    const run = await train(settings);
    const { refined } = await run.latents();
    assert.ok(Math.abs(pearson(refined, data.truth)) > 0.95, `r ${pearson(refined, data.truth)}`);
    const { count: n, params } = run.neutral;
    // The first mask that holds a Gaussian counts.
    for (let i = 0; i < n; i++) {
      const voxel = Math.round(params[i]! * 32) + 16;
      assert.equal(run.bodies![i], voxel >= 20 ? 1 : 2);
    }
    const [low, high] = [run.decode([-1.3]).params, run.decode([1.3]).params];
    const steps = [...run.bodies!.keys()].map((i) => Math.abs(high[n + i]! - low[n + i]!));
    assert.ok(Math.max(...steps.filter((_, i) => run.bodies![i] === 1)) > 0.08, "the domain moves");
    for (const z of [-2, -1, 0, 1, 2]) {
      for (const body of [1, 2]) assert.ok(deformation(run, body, z) < 1e-6, `body ${body} at ${z}`);
    }
    assert.deepEqual(run.record.inputs.rigid, [domain, rest]);
    assert.deepEqual(
      run.record.inputFiles!.rigid!.map(({ file }) => file),
      [domain, rest],
    );
    run.close();
    const table = path.join(out, "rigid.txt");
    const text = await readFile(table, "utf8");
    await writeFile(table, text.replace("1", "2"));
    await assert.rejects(Run.open(out), /rigid\.txt/);
  });

  test("an aborted and resumed run ends like an uninterrupted one", async (t) => {
    const folder = temporaryFolder(t);
    const { domain } = await masks(folder);
    const options = { epochs: 3, coarseEpochs: 1 };
    const settings = (name: string) => ({
      ...data.settings(path.join(folder, name), options),
      rigid: [domain],
    });
    const whole = await train(settings("whole"));
    const controller = new AbortController();
    const stopped = train({
      ...settings("stopped"),
      signal: controller.signal,
      onEpoch: ({ epoch }) => epoch === 2 && controller.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /enough/);
    const resumed = await train({ ...data.settings(path.join(folder, "stopped"), options), resume: true });
    assert.deepEqual(resumed.bodies, whole.bodies);
    assert.deepEqual(resumed.decode([1]).params, whole.decode([1]).params);
    whole.close();
    resumed.close();
  });

  test("masks without Gaussians, and positions that do not vary, are refused", async (t) => {
    const folder = temporaryFolder(t);
    const { domain, none } = await masks(folder);
    const out = path.join(folder, "run");
    await assert.rejects(
      train({ ...data.settings(out), rigid: [domain, none] }),
      /none\.mrc: expected values of at least 0\.5 at the centres of three or more Gaussians that may change, and that no mask before it holds, found 0/,
    );
    await assert.rejects(
      train({ ...data.settings(out), rigid: [domain, domain] }),
      /domain\.mrc: expected .* that no mask before it holds, found 0/,
    );
    await assert.rejects(
      train({ ...data.settings(out, { vary: ["amplitude"] }), rigid: [domain] }),
      /rigid: expected positions that vary, where bodies are to move, found vary amplitude/,
    );
  });
});
