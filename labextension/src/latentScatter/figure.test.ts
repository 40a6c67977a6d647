import assert from "node:assert/strict";
import { test } from "vitest";
import { exportedFigure } from "./exportedFigure.js";
import { scatterFigure, steppedScale, titleLines } from "./figure.js";
import { drawnIndex, pointsBeside, selectedPoints, visiblePoints } from "./points.js";
import { axisOf, scatterState } from "./scatterState.test.helper.js";
import type { Snapshot } from "./snapshot.js";
import type { ScatterTheme } from "./theme.js";
import { greyLevels } from "./thumbnail.js";

const hostile = '<a href="javascript:alert(1)">x</a> &lt; $y$';
const theme: ScatterTheme = {
  dark: false,
  background: "#fff",
  text: "#000",
  faint: "#eee",
  line: "#bbb",
  font: "serif",
};
const ranges = { x: [0, 4], y: [0, 4] } as const;

const axis = (name: string) => ({ ...axisOf(name), kind: "number" as const });

/** Points of two categories over two columns, one with a hostile name. */
const stateOf = (more: Partial<Snapshot> = {}) =>
  scatterState({
    title: hostile,
    shown: { x: axis(hostile), y: axis("z2"), z: null },
    colouring: {
      kind: "category",
      name: "class",
      categories: [
        { name: hostile, colour: "#ff0000", marker: "circle", count: 2 },
        { name: "b", colour: "#00ff00", marker: "square", count: 2 },
      ],
    },
    colourCodes: Uint16Array.of(0, 1, 0, 1),
    ...more,
  });

/** All texts anywhere in a figure. */
function texts(of: unknown): string[] {
  if (typeof of === "string") return [of];
  if (ArrayBuffer.isView(of) || typeof of !== "object" || of === null) return [];
  return Object.values(of).flatMap(texts);
}

test("titles, names and categories are escaped for plotly, on the page and in a saved picture", () => {
  for (const figure of [scatterFigure, exportedFigure]) {
    const found = texts(figure(stateOf(), theme, ranges));
    assert.ok(found.some((text) => text.includes("javascript")));
    assert.ok(found.every((text) => !/[<>$]|&(?!#\d+;)/.test(text)));
  }
});

test("the title of the vertical axis is divided between its parts if it is long, and has room", () => {
  assert.deepEqual(titleLines("z1"), ["z1"]);
  const title = "z2, not real · mixed 1 · 1 unit = 3.4 Å RMS, 10 % of density";
  assert.deepEqual(titleLines(title), ["z2, not real · mixed 1", "1 unit = 3.4 Å RMS, 10 % of density"]);
  const layoutOf = (vertical: string) =>
    scatterFigure(
      stateOf({ shown: { x: axis("z1"), y: { ...axis("z2"), title: vertical }, z: null } }),
      theme,
      ranges,
    ).layout as { margin: { l: number }; yaxis: { title: { text: string } } };
  assert.equal(layoutOf(title).yaxis.title.text, titleLines(title).join("<br>"));
  assert.ok(layoutOf(title).margin.l > layoutOf("z2").margin.l);
  assert.ok(!layoutOf(`${hostile} · ${hostile}`).yaxis.title.text.includes("<a"));
});

test("points of hidden categories are left out; the others keep their coordinates and colours", () => {
  const state = stateOf({ hidden: [hostile], selected: Uint8Array.of(1, 1, 0, 0), selectedCount: 2 });
  assert.deepEqual(visiblePoints(state), {
    x: Float32Array.of(1, 3),
    y: Float32Array.of(2, 0),
    colour: Float32Array.of(1, 1),
  });
  assert.deepEqual(Array.from(selectedPoints(state).x), [1]);
  assert.deepEqual([drawnIndex(state, 0), drawnIndex(state, 1), drawnIndex(state, 2)], [1, 3, -1]);
});

test("selected particles are drawn above the others, which are faint", () => {
  const state = stateOf({
    selected: Uint8Array.of(0, 0, 1, 0),
    selectedCount: 2,
    selectedBeside: Float32Array.of(1.5, 2.5),
  });
  const { data } = scatterFigure(state, theme, ranges);
  assert.deepEqual(
    data.map((trace) => Array.from(trace["x"] as Float32Array)),
    [[0, 1, 2, 3], [1.5], [2]],
  );
  const opacity = (i: number) => (data[i]!["marker"] as { opacity: number }).opacity;
  assert.ok(opacity(0) < 0.5 * opacity(2));
  assert.deepEqual(pointsBeside(state), { x: Float32Array.of(1.5), y: Float32Array.of(2.5) });
});

test("cells of the density are at the coordinates of their particles", () => {
  const densityCounts = new Float32Array(16);
  densityCounts[5] = 7;
  const { data } = scatterFigure(stateOf({ density: { cells: 4, most: 7 }, densityCounts }), theme, ranges);
  const heatmap = data[0]!;
  assert.equal(heatmap["type"], "heatmap");
  assert.deepEqual([heatmap["x0"], heatmap["dx"], heatmap["y0"]], [0.5, 1, 0.5]);
  assert.equal((heatmap["z"] as Float32Array[])[1]![1], Math.fround(Math.log1p(7)));
});

test("the population is drawn as lines above the points, with gaps between its outlines", () => {
  const populationLines = Float32Array.of(0, 1, 2, 3, Number.NaN, Number.NaN, 4, 5);
  const { data } = scatterFigure(stateOf({ populationLines }), theme, ranges);
  const line = data.at(-1)!;
  assert.deepEqual([line["mode"], line["connectgaps"]], ["lines", false]);
  assert.deepEqual(line["x"], [0, 2, Number.NaN, 4]);
  assert.deepEqual(line["y"], [1, 3, Number.NaN, 5]);
  const space = { shown: { x: axis("a"), y: axis("b"), z: axis("c") }, pointsZ: Float32Array.of(1, 1, 1, 1) };
  assert.ok(
    scatterFigure(stateOf({ populationLines, ...space }), theme, ranges).data.every(
      (t) => t["connectgaps"] === undefined,
    ),
  );
});

test("the colour scale has one step for each code", () => {
  assert.deepEqual(steppedScale(["#a", "#b"]), [
    [0, "#a"],
    [0.5, "#a"],
    [0.5, "#b"],
    [1, "#b"],
  ]);
});

test("with three axes probe and path are traces in space", () => {
  const state = stateOf({
    shown: { x: axis("a"), y: axis("b"), z: axis("c") },
    pointsZ: Float32Array.of(1, 1, 1, 1),
    probePlace: [1, 2, 3],
    stationPlaces: Float32Array.of(0, 0, 0, 4, 5, 6),
  });
  const { data } = scatterFigure(state, theme, ranges);
  assert.ok(data.every((trace) => trace["type"] === "scatter3d"));
  assert.deepEqual(data.at(-3)!["z"], [3]);
  assert.deepEqual(data.at(-1)!["y"], [0, 5]);
});

test("grey levels are scaled about the mean of an image", () => {
  const grey = greyLevels(Float32Array.of(-1, 1, -1, 1));
  assert.deepEqual(Array.from(grey.slice(0, 8)), [85, 85, 85, 255, 170, 170, 170, 255]);
  assert.deepEqual(Array.from(greyLevels(Float32Array.of(5)).slice(0, 4)), [128, 128, 128, 255]);
});
