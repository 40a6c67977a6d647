import assert from "node:assert/strict";
import { test } from "vitest";
import { canStandSideBySide, mainAccess, sideOf, sideTitles } from "./sides.js";
import { fakeMap, fakeViewer } from "./viewer.test.helper.js";
import type { ViewerAccess } from "./viewerState.js";

const map = (name: string, visible = true) => fakeMap({ name, visible });
const names = (viewer: ViewerAccess) => viewer.read("maps").map((one) => one.read("name"));
const pinned = Float32Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9);

test("two states or two shown maps can stand side by side; one cannot", () => {
  assert.equal(canStandSideBySide(fakeViewer({ second: new Float32Array(), maps: [] })), false);
  assert.equal(canStandSideBySide(fakeViewer({ second: pinned, maps: [] })), true);
  const maps = [map("a"), map("b", false)];
  const viewer = fakeViewer({ second: new Float32Array(), maps });
  assert.equal(canStandSideBySide(viewer), false);
  maps[1]!.change({ visible: true });
  assert.equal(canStandSideBySide(viewer), true);
});

test("the pinned state is on the left without the density of the other, which is on the right alone", () => {
  const density = map("Decoded density");
  const viewer = fakeViewer({ second: pinned, maps: [map("a")], density });
  const [left, right] = [sideOf(viewer, "left"), sideOf(viewer, "right")];
  assert.equal(left.read("gaussians"), pinned);
  assert.equal(left.read("density").read("visible"), false);
  assert.equal(right.read("gaussians"), viewer.read("gaussians"));
  assert.equal(right.read("second").length, 0);
  assert.equal(right.read("density").read("visible"), true);
  assert.deepEqual([names(left), names(right)], [["a"], ["a"]]);
  assert.deepEqual(sideTitles(viewer), {
    left: "pinned state, a",
    right: "state at the ring, Decoded density, a",
  });
});

test("of several shown maps the first is on the left and the others are on the right", () => {
  const maps = [map("hidden", false), map("a"), map("b"), map("c")];
  const viewer = fakeViewer({ second: new Float32Array(), maps, density: map("density", false) });
  assert.deepEqual(names(sideOf(viewer, "left")), ["hidden", "a"]);
  assert.deepEqual(names(sideOf(viewer, "right")), ["hidden", "b", "c"]);
  assert.equal(sideOf(viewer, "left").read("gaussians"), viewer.read("gaussians"));
  assert.deepEqual(sideTitles(viewer), { left: "a", right: "b, c" });
});

test("the main picture shows everything until there are two", () => {
  const viewer = fakeViewer({ second: pinned, maps: [map("a"), map("b")] });
  let split = false;
  const main = mainAccess(viewer, () => split);
  assert.deepEqual([main.read("second"), names(main)], [pinned, ["a", "b"]]);
  split = true;
  assert.deepEqual([main.read("second").length, names(main)], [0, ["b"]]);
});
