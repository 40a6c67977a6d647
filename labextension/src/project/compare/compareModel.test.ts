import assert from "node:assert/strict";
import { test } from "vitest";
import { CompareModel, type Comparison } from "./compareModel.js";

const run = (folder: string, places: number[][]) => ({ folder, particles: 5, axes: places.length, places });
const comparison: Comparison = {
  first: run("a", [
    [0, 1, 2, 3],
    [5, 5, 7, 5],
  ]),
  second: run("b", [[0, -1, -2, -3]]),
  ...{ shown: 4, common: 4, correlations: [[-1], [0.1]], canonical: [1], differences: [] },
};

function begun(ask: () => Promise<Comparison> = async () => comparison) {
  const asked: object[] = [];
  const model = new CompareModel({
    ask: (async (request: object) => {
      asked.push(request);
      return ask();
    }) as never,
  });
  return { model, asked };
}

test("a selection in one run is the selection of the same particles in the other", async () => {
  const { model, asked } = begun();
  await model.compare("a", "b");
  assert.deepEqual(asked, [{ kind: "compare", first: "a", second: "b" }]);
  assert.deepEqual(model.axes, { first: [0, 1], second: [0, 0] });
  model.select("second", [-0.5, -3.5], [-9, 9]);
  assert.deepEqual([...model.selected], [0, 1, 1, 1]);
  assert.match(
    model.summary,
    /^3 of 4 particles selected; first run z1 2\.00 ± 0\.82, z2 5\.67 ± 0\.94; second run z1 -2\.00/,
  );
  model.select("first", [0, 2], [4, 6]);
  assert.deepEqual([...model.selected], [1, 1, 0, 0]);
  model.clear();
  assert.match(model.summary, /^None of 4 particles is selected/);
});

test("a refusal is shown; a comparison that is closed or overtaken does not come back", async () => {
  const { model } = begun(async () => {
    throw new Error("b: expected a run that is complete, found training");
  });
  await model.compare("a", "b");
  assert.deepEqual(
    [model.status, model.shown, model.busy],
    ["b: expected a run that is complete, found training", undefined, false],
  );
  const late = begun().model;
  const comparing = late.compare("a", "b");
  late.close();
  await comparing;
  assert.deepEqual([late.shown, late.status, late.busy], [undefined, "", false]);
});
