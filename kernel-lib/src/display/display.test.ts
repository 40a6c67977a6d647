import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import { displaySymbol } from "tslab-widgets/display";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { modelDensity } from "../model/density";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import type { Figure } from "./figure";
import { column, epochs, growth, hostile, picture, twoStates } from "./figures.test.helper";
import { fscFigure } from "./fscFigure";
import { growthFigure } from "./growthFigure";
import { histogramFigure } from "./histogramFigure";
import { mapFigure } from "./mapFigure";
import { montageFigure } from "./montageFigure";
import { motionFigure } from "./motionFigure";
import { scatterFigure } from "./scatterFigure";
import { trainingFigure } from "./trainingFigure";

function everyFigure(text: string): Record<string, Figure> {
  const [from, to] = twoStates();
  const [map, other] = [modelDensity(from), modelDensity(to)];
  const options = { title: text };
  return {
    growth: growthFigure(growth([0, 0.9, 0.8, 0.7]), options),
    training: trainingFigure(epochs(0, 3), options),
    histogram: histogramFigure(column(text), options),
    scatter: scatterFigure(column(text), column(text), { ...options, colour: column(text) }),
    sets: scatterFigure(column(text), column(text), {
      ...options,
      colour: { label: text, sets: [text, "b", "b", text] },
    }),
    density: scatterFigure(column(text), column(text), { ...options, maxPoints: 2 }),
    fsc: fscFigure([{ label: text, curve: fourierShellCorrelation(map, other) }], options),
    motion: motionFigure(from, to, options),
    maps: mapFigure([{ label: text, map }], options),
    montage: montageFigure([{ ...picture([1, 2, 3, 4], 2, 2), label: text }], options),
  };
}

/** Elements and text of a document, read strictly. */
function readMarkup(svg: string): { elements: Set<string>; text: string; unbalanced: string[] } {
  const elements = new Set<string>();
  const open: string[] = [];
  let text = "";
  for (const [, tag, between] of svg.matchAll(/<([^<>]*)>|([^<>]+)/g)) {
    if (between !== undefined) text += between;
    else if (tag!.startsWith("/")) assert.equal(open.pop(), tag!.slice(1));
    else {
      const name = tag!.match(/^[a-zA-Z]+/)![0];
      elements.add(name);
      if (!tag!.endsWith("/")) open.push(name);
    }
  }
  return { elements, text, unbalanced: open };
}

describe("every figure", () => {
  test("is an SVG on white with a description, and text in a console", async () => {
    for (const [name, figure] of Object.entries(everyFigure("A title"))) {
      const bundle = await figure[displaySymbol]();
      assert.deepEqual(Object.keys(bundle).sort(), ["image/png", "image/svg+xml", "text/plain"], name);
      const svg = bundle["image/svg+xml"]!;
      assert.match(
        svg,
        /^<svg role="img" aria-label="[^"]{10,}" xmlns="http:\/\/www.w3.org\/2000\/svg"/,
        name,
      );
      assert.match(svg.slice(0, 1500), /<rect width="\d+(\.\d+)?" height="\d+(\.\d+)?" fill="#ffffff"/, name);
      assert.ok(svg.includes(">A title</text>"), name);
      assert.ok(bundle["text/plain"].length > 10 && !bundle["text/plain"].includes("<"), name);
      assert.equal(inspect(figure), bundle["text/plain"], name);
    }
  });

  test("treats text from files as text", async () => {
    for (const [name, figure] of Object.entries(everyFigure(hostile))) {
      const svg = await figure.svg();
      const { elements, text, unbalanced } = readMarkup(svg);
      assert.deepEqual(unbalanced, [], name);
      for (const element of elements) {
        assert.match(
          element,
          /^(svg|g|path|rect|line|text|tspan|circle|image|defs|linearGradient|stop|clipPath)$/,
          name,
        );
      }
      assert.ok(text.includes("&lt;script&gt;"), name);
      assert.ok(!/&(?!(amp|lt|gt|quot|#39);)/.test(svg), `${name}: an unescaped ampersand`);
    }
  });

  test("is written as a file", async (t) => {
    const file = path.join(temporaryFolder(t), "figure.svg");
    const figure = histogramFigure(column("z"));
    await figure.save(file);
    assert.equal(readFileSync(file, "utf8"), await figure.svg());
  });

  test("refuses empty data and values that are not finite, and names them", () => {
    const [from, to] = twoStates();
    const map = modelDensity(from);
    const gone = { ...to, params: to.params.map((value, i) => (i === 3 ? Number.NaN : value)) };
    const bad: [RegExp, () => unknown][] = [
      [
        /rounds: expected at least one round of growth, found none/,
        () => growthFigure({ ...growth([]), rounds: [] }),
      ],
      [/FRC of round 1: value 2: .* found NaN/, () => growthFigure(growth([0, 1, Number.NaN]))],
      [/history: expected at least one epoch, found none/, () => trainingFigure([])],
      [
        /FRC by epoch: value 1: .* found NaN/,
        () => trainingFigure([{ ...epochs(0, 1)[0]!, trainFrc: Number.NaN }]),
      ],
      [/^z: expected at least one number to draw, found none/, () => histogramFigure(column("z", []))],
      [
        /^z: value 2: expected a finite number, found Infinity/,
        () => histogramFigure(column("z", [1, Infinity])),
      ],
      [/^z: expected 4 values, as many as x, found 2/, () => scatterFigure(column("x"), column("z", [1, 2]))],
      [/^c: expected 4 values/, () => scatterFigure(column("x"), column("y"), { colour: column("c", [1]) })],
      [
        /^c: expected 4 values/,
        () => scatterFigure(column("x"), column("y"), { colour: { label: "c", sets: [1] } }),
      ],
      [
        /^c: expected at most 30 sets .*, found 31/,
        () => {
          const many = Array.from({ length: 31 }, (_, i) => i);
          scatterFigure(column("x", many), column("y", many), { colour: { label: "c", sets: many } });
        },
      ],
      [/curves: expected at least one curve/, () => fscFigure([])],
      [/displacements: value 10: .* found NaN/, () => motionFigure(from, gone)],
      [/scale: expected a number above 0, found 0/, () => motionFigure(from, to, { scale: 0 })],
      [/pictures: expected at least one/, () => montageFigure([])],
      [/picture 1: value 2: .* found NaN/, () => montageFigure([picture([1, Number.NaN])])],
      [
        /columns: expected an integer of 1 or more, found 0/,
        () => montageFigure([picture([1])], { columns: 0 }),
      ],
      [/maps: expected at least one/, () => mapFigure([])],
      [/axes: expected at least one/, () => mapFigure([{ label: "a", map }], { axes: [] })],
    ];
    for (const [message, make] of bad) {
      assert.throws(
        make,
        (error: Error) => error instanceof InputError && message.test(error.message),
        String(message),
      );
    }
  });
});

test("Vega is not loaded before a figure is drawn", () => {
  const files = readdirSync(__dirname).filter((name) => /^[^.]+\.js$/.test(name));
  const script = `for (const file of ${JSON.stringify(files)}) require(${JSON.stringify(`${__dirname}/`)} + file);
    console.log(Object.keys(require.cache).filter((name) => name.includes("vega/") || name.includes("vega-lite/")).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  assert.equal(stdout, "0\n", stderr);
});
