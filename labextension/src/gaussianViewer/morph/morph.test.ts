import assert from "node:assert/strict";
import { test } from "vitest";
import { fakeMap, fakeViewer } from "../viewer.test.helper.js";
import { morphableMaps, morphedAccess, morphedMap } from "./morphedMap.js";
import { MorphModel } from "./morphModel.js";

/** A map of values, 0 to 10 in 16 bits. */
function map(name: string, values: readonly number[], further = {}) {
  const data = Uint16Array.from(values, (value) => Math.round((value * 65535) / 10));
  return fakeMap({
    ...{ name, visible: true, level: 2, colour: "#000000", opacity: 1, dust: 0, data, low: 0, high: 10 },
    ...{ size: [2, 2, 1], apix: 2, origin: [0, 0, 0], ...further },
  });
}
const valuesOf = (one: ReturnType<typeof morphedMap>) => {
  const step = (one.read("high") - one.read("low")) / 65535;
  return Array.from(one.read("data"), (value) => one.read("low") + step * value);
};

test("between two maps the values are those of both, in units of their levels, and so are the colours", () => {
  const maps = [
    map("a", [0, 2, 4, 8]),
    map("b", [10, 5, 0, 5], { level: 5, colour: "#ff8000", opacity: 0.5 }),
    map("c", [0, 0, 0, 2]),
  ];
  const half = morphedMap(maps, 0.5);
  for (const [i, value] of valuesOf(half).entries()) {
    const expected = [1, 1, 1, 2.5][i]!;
    assert.ok(Math.abs(value - expected) < 1e-3, `${value} instead of ${expected}`);
  }
  assert.deepEqual([half.read("level"), half.read("colour"), half.read("opacity")], [1, "#804000", 0.75]);
  const last = valuesOf(morphedMap(maps, 2));
  for (const [i, expected] of [0, 0, 0, 1].entries()) assert.ok(Math.abs(last[i]! - expected) < 1e-3);
});

test("only maps that are shown, on one grid, with a level above 0 are morphed; one alone is not", () => {
  const maps = [
    map("a", [0, 2, 4, 8]),
    map("hidden", [0, 2, 4, 8], { visible: false }),
    map("other grid", [0, 2, 4, 8], { apix: 3 }),
    map("negative", [0, 2, 4, 8], { level: -1 }),
  ];
  assert.deepEqual(morphableMaps(fakeViewer({ maps })), []);
  const more = [...maps, map("b", [1, 1, 1, 1])];
  assert.deepEqual(
    morphableMaps(fakeViewer({ maps: more })).map((one) => one.read("name")),
    ["a", "b"],
  );
});

test("the morph stands in place of its maps, stays the same while nothing changes, and goes there and back", () => {
  const maps = [map("a", [0, 2, 4, 8]), map("b", [1, 1, 1, 1]), map("other", [1, 1, 1, 1], { apix: 3 })];
  const viewer = fakeViewer({ maps });
  let steps = 0;
  const morph = new MorphModel(viewer, () => steps++);
  const access = morphedAccess(viewer, () => morph.position);
  assert.equal(access.read("maps"), viewer.read("maps"));
  morph.show(true);
  morph.moveTo(0.25);
  assert.deepEqual(morph.leg, { from: "a", to: "b", percent: 25 });
  const drawn = access.read("maps");
  assert.deepEqual(
    drawn.map((one) => one.read("name")),
    ["other", "a → b"],
  );
  assert.equal(access.read("maps")[1], drawn[1]);
  const places: number[] = [];
  for (let step = 0; step < morph.stepsOfRound; step++) {
    morph.showStep(step);
    places.push(morph.position!);
  }
  assert.deepEqual([places[0], places[12], places[23]], [0, 1, 1 / 12]);
  assert.equal(steps, 2 + 24);
  maps[1]!.set({ visible: false });
  assert.equal(morph.shown, false);
  assert.equal(access.read("maps"), viewer.read("maps"));
  morph.dispose();
});
