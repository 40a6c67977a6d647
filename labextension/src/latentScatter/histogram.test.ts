import assert from "node:assert/strict";
import { test } from "vitest";
import { scatterFigure } from "./figure.js";
import { binsOf, countedAxis, histogramTraces } from "./histogram.js";
import { axisOf, scatterState } from "./scatterState.test.helper.js";
import type { Snapshot } from "./snapshot.js";
import type { ScatterTheme } from "./theme.js";
import type { Trace } from "./trace.js";

const theme: ScatterTheme = {
  ...{ dark: false, background: "#fff", text: "#000", faint: "#eee", line: "#bbb", font: "serif" },
};
const heights = { ...axisOf("histogram"), kind: "number" as const, spreads: true };

/** Eight particles along one dimension: five in the first bin, three in the last of eight. */
const state = (more: Partial<Snapshot> = {}) =>
  scatterState({
    shown: { x: axisOf("z1"), y: heights, z: null },
    count: 8,
    pointsX: Float32Array.of(0, 0, 0, 0, 0, 4, 4, 4),
    pointsY: new Float32Array(8),
    colourNumbers: Float32Array.of(0, 0, 0, 0, 0, 10, 10, 10),
    colourCodes: Uint16Array.of(0, 0, 0, 1, 1, 1, 1, 1),
    colouring: { kind: "none" },
    selected: new Uint8Array(8),
    selectedCount: 0,
    selectedBeside: new Float32Array(0),
    ...more,
  });

/** Colour, and lower and upper end of each bar by the place of its left edge. */
const barsOf = (traces: readonly Trace[], along: "x" | "y" = "x") =>
  traces.map((trace) => {
    const [places, ends] = (
      along === "x" ? [trace["x"], trace["y"]] : [trace["y"], trace["x"]]
    ) as number[][];
    const bars: [number, number, number][] = [];
    for (let i = 0; i < places!.length; i += 5) bars.push([places![i]!, ends![i]!, ends![i + 1]!]);
    return { colour: trace["fillcolor"], opacity: trace["opacity"], bars };
  });

test("one dimension is drawn as bars that count the particles, not as points", () => {
  assert.equal(countedAxis(state()), "x");
  const { data } = scatterFigure(state(), theme, { x: [0, 4], y: [0, 5] });
  assert.deepEqual(barsOf(data), [
    {
      colour: "#0072b2",
      opacity: 1,
      bars: [
        [0, 0, 5],
        [3.5, 0, 3],
      ],
    },
  ]);
  assert.equal(countedAxis(scatterState()), undefined);
});

test("categories are stacked, hidden ones are not counted, and numbers colour each bar by its mean", () => {
  const category = (name: string, colour: string) => ({ name, colour, marker: "circle" as const, count: 4 });
  const colouring = {
    ...{ kind: "category" as const, name: "class" },
    categories: [category("a", "#aa0000"), category("b", "#0000bb")],
  };
  const bars = (more: Partial<Snapshot>) => barsOf(histogramTraces(state(more), theme, "x"));
  assert.deepEqual(bars({ colouring }), [
    { colour: "#aa0000", opacity: 1, bars: [[0, 0, 3]] },
    {
      colour: "#0000bb",
      opacity: 1,
      bars: [
        [0, 3, 5],
        [3.5, 0, 3],
      ],
    },
  ]);
  assert.deepEqual(bars({ colouring, hidden: ["a"] }), [
    {
      colour: "#0000bb",
      opacity: 1,
      bars: [
        [0, 0, 2],
        [3.5, 0, 3],
      ],
    },
  ]);
  const numbers = { kind: "number" as const, name: "n", title: "n", low: 0, high: 10 };
  assert.deepEqual(bars({ colouring: numbers }), [
    { colour: "#440154", opacity: 1, bars: [[0, 0, 5]] },
    { colour: "#fde725", opacity: 1, bars: [[3.5, 0, 3]] },
  ]);
});

test("selected particles stand before all, also those that are not drawn; drawn ones count for all", () => {
  const selected = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
  const traces = histogramTraces(state({ selected, selectedCount: 2 }), theme, "x");
  assert.deepEqual(barsOf(traces), [
    {
      colour: "#0072b2",
      opacity: 0.3,
      bars: [
        [0, 0, 5],
        [3.5, 0, 3],
      ],
    },
    { colour: "#d55e00", opacity: 1, bars: [[0, 0, 2]] },
  ]);
  const subset = state({
    ...{ selected, selectedCount: 3, selectedBeside: Float32Array.of(4, 0.5) },
    ...{ drawnRows: Uint32Array.of(0, 2, 4, 6, 8, 10, 12, 14), count: 16 },
  });
  const [all, chosen] = barsOf(histogramTraces(subset, theme, "x"));
  assert.deepEqual(
    all!.bars.map(([, , to]) => to),
    [10, 6],
  );
  assert.deepEqual(
    chosen!.bars.map(([, , to]) => to),
    [2, 1],
  );
});

test("the bars lie along a vertical axis too; values that are not numbers are in no bin", () => {
  const upright = state({
    shown: { x: heights, y: axisOf("z1"), z: null },
    pointsY: Float32Array.of(0, 0, 4, Number.NaN, 4, 4, 4, 4),
  });
  assert.equal(countedAxis(upright), "y");
  const [bars] = barsOf(histogramTraces(upright, theme, "y"), "y");
  assert.deepEqual(bars!.bars, [
    [0, 0, 2],
    [3.5, 0, 5],
  ]);
  assert.deepEqual(binsOf([3, 3], 2), { low: 2.5, width: 0.125, count: 8 });
});
