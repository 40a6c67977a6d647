import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { pearson } from "../../latent/statistics";
import { train } from "../background";
import type { Run } from "../runs/run";
import { smallTraining } from "../smallTraining.test.helper";

const data = smallTraining();

/** Root mean square change, between the ends of the motion, of the centres of the domain that stands still, in box units. */
function motionOfTheRest(run: Run): number {
  const { count: n, params } = run.neutral;
  const [low, high] = [run.decode([-1.5]).params, run.decode([1.5]).params];
  const still = [...Array(n).keys()].filter((i) => params[i]! < 0.08);
  assert.ok(still.length > n / 4 && still.length < n, `${still.length} of ${n} stand still`);
  const squares = still.map((i) =>
    [i, n + i, 2 * n + i].reduce((sum, k) => sum + (high[k]! - low[k]!) ** 2, 0),
  );
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / still.length);
}

test("the penalty on strain holds what stands still, finds the same motion, and is recorded", async (t) => {
  const folder = temporaryFolder(t);
  const moved: number[] = [];
  for (const strainPenalty of [0, undefined]) {
    const out = path.join(folder, `strain-${strainPenalty}`);
    const run = await train(
      data.settings(out, { epochs: 8, coarseEpochs: 4, strainPenalty: strainPenalty! }),
    );
    const { refined } = await run.latents();
    assert.ok(Math.abs(pearson(refined, data.truth)) > 0.95, `r ${pearson(refined, data.truth)}`);
    assert.equal(run.record.options.strainPenalty, strainPenalty ?? 0.3);
    moved.push(motionOfTheRest(run));
    run.close();
  }
  assert.ok(moved[1]! < 0.7 * moved[0]!, `without ${moved[0]}, with the penalty ${moved[1]} box units`);
});
