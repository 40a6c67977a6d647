import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { decide } from "./decisiveAxes";
import { gainOver, type HalfScores } from "./halfScores";

const particles = 200;

/** Scores on one ring with a mean over 0 and a scatter of 0.4 about it, the same in both halves. */
function scored(mean: number): HalfScores {
  const half = Float64Array.from({ length: 2 * particles }, (_, i) =>
    i % 2 === 0 ? 0 : mean / 2 + ((i - 1) % 4 === 0 ? 0.2 : -0.2),
  );
  return { byRing: [half, half] };
}

const compare = (of: HalfScores, over: HalfScores) => ({ gain: gainOver(of, over, { rings: 1 }) });
const before: HalfScores = {
  byRing: [new Float64Array(2 * particles), new Float64Array(2 * particles)],
};

describe("the axes that decide", () => {
  test("are all of them if these have a gain", async () => {
    const along = () => Promise.reject(new Error("not asked"));
    const found = await decide({ before, first: [scored(-0.5), scored(0.6)], along }, compare);
    assert.deepEqual([found.verdict, found.deciding], ["found", undefined]);
  });

  test("are the first ones if noise on the others costs more than these gain", async () => {
    const along = () => Promise.reject(new Error("not asked"));
    const found = await decide({ before, first: [scored(0.3), scored(-0.4)], along }, compare);
    assert.deepEqual([found.verdict, found.deciding], ["found", [0]]);
  });

  test("are those that gain beside larger axes of noise, if they gain without these", async () => {
    const first = [scored(-0.5), scored(-0.6), scored(-0.3)];
    const asked: (readonly number[])[] = [];
    const along = (gain: number) => (axes: readonly number[]) => {
      asked.push(axes);
      return Promise.resolve(scored(gain));
    };
    const found = await decide({ before, first, along: along(0.3) }, compare);
    assert.deepEqual([found.verdict, found.deciding], ["found", [2]]);
    const none = await decide({ before, first, along: along(-0.1) }, compare);
    assert.deepEqual([none.verdict, none.deciding], ["none", undefined]);
    assert.ok(Math.abs(none.gain.gain + 0.3) < 1e-9);
    assert.deepEqual(asked, [[2], [2]]);
  });
});
