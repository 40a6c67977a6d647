import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import type { RunRecord } from "../runs/runRecord";
import { errorsOfPoses } from "./lineage";

test("how far poses were off is known for those that were refined, from the run or the reports beside its particles", async (t) => {
  const folder = temporaryFolder(t);
  const errorsIn = (particles: string, poses?: object) =>
    errorsOfPoses({ inputs: { particles: path.join(folder, particles) }, poses } as unknown as RunRecord);
  const write = (name: string, value: object) =>
    writeFileSync(path.join(folder, name), JSON.stringify(value));
  assert.equal(await errorsIn("particles.star"), undefined);
  assert.deepEqual(await errorsIn("particles.star", { prior: { rotation: 2, shift: 1 } }), {
    rotation: 2,
    shift: 1,
  });

  write("better_report.json", { verdict: "refine", prior: { rotation: 3, shift: 1.5 } });
  assert.deepEqual(await errorsIn("better.star"), { rotation: 3, shift: 1.5 });
  write("same_report.json", { verdict: "leave", prior: { rotation: 3, shift: 1.5 } });
  assert.equal(await errorsIn("same.star"), undefined);

  const round = (rotation: number, kept: boolean) => {
    const half = (by: number) => ({ prior: { rotation: rotation + by, shift: 1 } });
    return { kept, halves: [half(0.5), half(-0.5)] };
  };
  write("rounds.json", { verdict: "refine", rounds: [round(4, true), round(3, true), round(1, false)] });
  assert.deepEqual(await errorsIn("poses.star"), { rotation: 4, shift: 1 });
  assert.equal(await errorsIn("other.star"), undefined);
  write("rounds.json", { verdict: "leave", rounds: [round(4, false)] });
  assert.equal(await errorsIn("poses.star"), undefined);
});
