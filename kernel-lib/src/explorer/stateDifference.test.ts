import assert from "node:assert/strict";
import { afterAll, beforeAll, beforeEach, test } from "vitest";
import { modelDensity } from "../model/density";
import { trainInThisThread } from "../training/train";
import { explore } from "./explore";
import type { Explorer } from "./explorer";
import { particlesPerState, states, type TestBench, testBench } from "./explorer.test.helper";

let bench: TestBench;
let explorer: Explorer;

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
});
beforeEach(async () => {
  bench.forget();
  explorer?.close();
  explorer = await explore("run", { keep: false });
});
afterAll(() => {
  explorer?.close();
  bench.end();
});

const ask = (sets: string[], shown = true) =>
  bench.page.ask(explorer, { kind: "difference", shown, sets }) as Promise<{ kind: string; text: string }>;
const maps = () => explorer.viewer.maps.map(({ name }) => name);
/** Largest and smallest difference of the model at the probe and another one. */
const extremes = (pinned: Float32Array) => {
  const shown = explorer.model;
  const [a, b] = [shown, { ...shown, params: pinned }].map((model) => modelDensity(model, { boxSize: 64 }));
  const values = a!.data.map((value, i) => value - b!.data[i]!);
  return [values.reduce((m, v) => Math.max(m, v)), values.reduce((m, v) => Math.min(m, v))] as const;
};
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5 * Math.abs(b), `${a} is not ${b}`);

test("the ring and the pinned state: two maps of what each has more of, at one level, which follow the ring and go with the pin", async () => {
  assert.match((await ask([])).text, /Pin a state to compare/);
  explorer.viewer.overlay(explorer.model);
  const pinned = explorer.viewer.second.slice();
  assert.match((await ask([])).text, /do not differ/);
  assert.deepEqual([maps(), explorer.get("difference")], [[], ""]);

  explorer.scatter.probe = [1, 0];
  assert.equal((await ask([])).text, "Blue: more in the ring; vermilion: more in the pinned state");
  assert.deepEqual(maps(), [
    "more in the ring than in the pinned state",
    "more in the pinned state than in the ring",
  ]);
  const [more, less] = explorer.viewer.maps as [
    (typeof explorer.viewer.maps)[0],
    (typeof explorer.viewer.maps)[0],
  ];
  const [most, least] = extremes(pinned);
  near(more.high, most);
  near(less.high, -least);
  assert.equal(more.level, less.level);
  assert.ok(more.level > 0 && more.level < Math.max(most, -least));
  assert.notEqual(more.colour, less.colour);
  const { level } = more;

  explorer.scatter.probe = [-1, 0.5];
  const [then] = extremes(pinned);
  for (let tries = 0; tries < 60 && Math.abs(more.high - then) > 1e-5 * then; tries++) {
    await new Promise((done) => setTimeout(done, 50));
  }
  near(more.high, then);
  assert.equal(more.level, level);
  explorer.viewer.overlay(null);
  assert.deepEqual([maps(), explorer.get("difference")], [[], ""]);
});

test("two sets: their maps at the coarser resolution, the second scaled to the first; names are data", async () => {
  const rows = (from: number, to: number) =>
    Array.from({ length: (to - from) * particlesPerState }, (_, i) => from * particlesPerState + i);
  const hostile = "<img src=x onerror=alert(1)>";
  const open = explorer.sets.add(rows(0, states / 2), { name: hostile });
  const closed = explorer.sets.add(rows(states / 2, states), { name: "closed" });
  assert.match((await ask([open.id])).text, /two sets; 1 is ticked/);
  assert.match((await ask([open.id, closed.id])).text, /has no map yet/);
  await explorer.reconstruct(open.id);
  await explorer.reconstruct(closed.id);
  const before = maps().length;
  assert.equal((await ask([open.id, closed.id])).kind, "answer");
  assert.deepEqual(maps().slice(before), [
    `more in ${hostile} than in closed`,
    `more in closed than in ${hostile}`,
  ]);
  assert.equal(explorer.get("difference"), `${hostile} − closed`);
  // It does not follow the ring
  const { high } = explorer.viewer.maps.at(-1)!;
  explorer.scatter.probe = [1, 1];
  await new Promise((done) => setTimeout(done, 400));
  assert.equal(explorer.viewer.maps.at(-1)!.high, high);
  await ask([], false);
  assert.deepEqual([maps().length, explorer.get("difference")], [before, ""]);
});
