import assert from "node:assert/strict";
import type { LatentScatterState } from "e2gmm/messages/latentScatter";
import { test } from "vitest";
import { scatterState } from "../scatterState.test.helper.js";
import { neighbour, PairGridModel } from "./pairGridModel.js";
import { pairLayers } from "./pairPicture.js";

const look = { width: 100, height: 60, dark: false };

const axis = (name: string, d: number) => ({
  ...{ name, title: name, low: 0, high: 4, offset: 0 },
  weights: [0, 1, 2].map((e) => (e === d ? 1 : 0)),
});

function grid(more: Partial<LatentScatterState> = {}) {
  const names = ["z1", "z2", "z3"];
  const state = scatterState({
    axes: names.map((name) => ({ name, kind: "latent" })),
    pairs: "latent",
    pairAxes: names.map(axis),
    pairPoints: Float32Array.of(0, 3, 1, 2, 1, 3, 3, 0, 2),
    pairDrawn: Uint32Array.of(0, 2, 3),
    ...more,
  });
  const sent: object[] = [];
  return {
    state,
    sent,
    model: new PairGridModel({ state: () => state, change: (entries) => sent.push(entries) }),
  };
}

test("each pair of axes is in the grid once, and a click makes it the axes of the plot", () => {
  const { model, sent } = grid();
  assert.deepEqual(
    model.rows.map((row) => row.map(({ across, up }) => `${across}${up}`)),
    [["01"], ["02", "12"]],
  );
  assert.deepEqual(
    model.rows.flat().map((pair) => model.isShown(pair)),
    [true, false, false],
  );
  model.choose({ across: 1, up: 2 });
  assert.deepEqual(sent, [{ x: "z2", y: "z3", z: null, pairs: "" }]);
});

test("pairs are not offered where there is one pair alone", () => {
  assert.equal(grid().model.isOffered, true);
  assert.equal(
    grid({
      axes: [
        { name: "z1", kind: "latent" },
        { name: "z2", kind: "latent" },
      ],
    }).model.isOffered,
    false,
  );
});

test("arrow keys go from pair to pair, and not beyond the grid", () => {
  assert.deepEqual(neighbour({ across: 0, up: 1 }, "ArrowDown", 3), { across: 0, up: 2 });
  assert.deepEqual(neighbour({ across: 0, up: 2 }, "ArrowRight", 3), { across: 1, up: 2 });
  assert.equal(neighbour({ across: 1, up: 2 }, "ArrowUp", 3), undefined);
  assert.equal(neighbour({ across: 0, up: 1 }, "ArrowLeft", 3), undefined);
  assert.equal(neighbour({ across: 0, up: 1 }, "a", 3), undefined);
});

test("a small plot has the shown particles in their places, selected ones last, and the probe", () => {
  const { state } = grid({ selected: Uint8Array.of(1, 0, 0, 0), selectedCount: 1, probe: [2, 1, 3] });
  const { layers, probe } = pairLayers(state, { across: 0, up: 2 }, look);
  const at = (x: number, y: number) => [(x / 4) * look.width, (1 - y / 4) * look.height];
  assert.deepEqual(
    layers.map(({ places }) => places),
    [[at(2, 3), at(3, 2)], [at(0, 1)]],
  );
  assert.deepEqual(probe, at(2, 3));
  const numbers = grid({
    colouring: { kind: "number", name: "n", title: "n", low: 0, high: 1 },
    colourNumbers: Float32Array.of(0, 0.5, 0.2, 1),
    colourRange: { low: 0.1, high: null },
  }).state;
  const visible = pairLayers(numbers, { across: 0, up: 1 }, look).layers;
  assert.deepEqual(
    visible.map(({ places }) => places),
    [[at(2, 1)], [at(3, 0)]],
  );
});
