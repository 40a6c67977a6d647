import assert from "node:assert/strict";
import { PNG } from "pngjs";
import { describe, test } from "vitest";
import { modelDensity } from "../model/density";
import { Random } from "../random";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import { column, count, epochs, growth, picture, twoStates } from "./figures.test.helper";
import { resolutionTicks } from "./frequencyPlot";
import { fscFigure } from "./fscFigure";
import { growthFigure } from "./growthFigure";
import { histogram } from "./histogramFigure";
import { montageFigure } from "./montageFigure";
import { clearestAxis, motionFigure } from "./motionFigure";
import { scatterFigure } from "./scatterFigure";
import { trainingFigure } from "./trainingFigure";

describe("the content of figures", () => {
  test("a point for each particle, coloured by its number or set", async () => {
    const x = column(
      "x",
      Float32Array.from({ length: 50 }, (_, i) => i),
    );
    const y = column(
      "y",
      Float32Array.from({ length: 50 }, (_, i) => i % 7),
    );
    const plain = await scatterFigure(x, y).svg();
    assert.equal(count(plain, /<circle [^>]*fill="#0072B2"/g), 50);
    const sets = Array.from({ length: 50 }, (_, i) => (i < 20 ? 0 : 1));
    const coloured = await scatterFigure(x, y, { colour: { label: "set", sets } }).svg();
    // and one of each in the legend
    assert.equal(count(coloured, /<circle [^>]*fill="#0072B2"/g), 20 + 1);
    assert.equal(count(coloured, /<circle [^>]*fill="#D55E00"/g), 30 + 1);
    const numbers = await scatterFigure(x, y, { colour: x }).svg();
    assert.equal(new Set([...numbers.matchAll(/<circle [^>]*fill="([^"]*)"/g)].map((m) => m[1])).size, 50);
  });

  test("cells that count particles, if there are too many for points", async () => {
    const random = new Random(1);
    const values = Float32Array.from({ length: 4000 }, () => random.normal());
    const svg = await scatterFigure(column("x", values), column("y", values)).svg();
    assert.equal(count(svg, /<circle /g), 0);
    const diagonal = histogram(values, 60).counts.filter((n) => n > 0).length;
    const squares = [
      ...svg.matchAll(/<path d="(M[^"]*h[^"]*v[^"]*)" fill="#|<path d="(M[^"]*h[^"]*v[^"]*)" fill="rgb/g),
    ];
    assert.equal(squares.length, diagonal);
  });

  test("correlations below the title", () => {
    const figure = scatterFigure(column("x", [1, 2, 3, 4]), column("y", [2, 1, 4, 3]), { correlation: true });
    assert.equal(figure.description, "y against x of 4 particles: Pearson r 0.600, rank correlation 0.600");
  });

  test("a histogram counts each particle once, also at its edges and for equal values", () => {
    assert.deepEqual(histogram([0, 0.4, 1, 2, 2], 2), { counts: Int32Array.of(2, 3), from: 0, step: 1 });
    assert.deepEqual(histogram([5, 5, 5], 3).counts, Int32Array.of(0, 3, 0));
  });

  test("arrows for the Gaussians that move, along the clearest axis", async () => {
    const [from, to] = twoStates(20);
    assert.equal(clearestAxis(from, to), "z", "along x the moving cloud would lie before the other");
    const figure = motionFigure(from, to, { axis: "z", width: 300 });
    assert.match(figure.description, /10 of 40 Gaussians move more than 2 Å, the farthest 20 Å/);
    const svg = await figure.svg();
    const lines = [...svg.matchAll(/<line [^>]*x2="(-?[\d.]+)" y2="(-?[\d.]+)" stroke="rgb/g)];
    assert.ok(lines.length > 3 && lines.length <= 10);
    for (const [, dx, dy] of lines) {
      assert.equal(Number(dx), 0);
      assert.ok(Number(dy) < 0, "a motion to larger y goes up");
    }
    assert.ok(/motion/i.test(motionFigure(from, from).description), "two equal states are no error");
  });

  test("images with y upwards, on one grey scale or one each", async () => {
    const pixels = async (contrast: "each" | "shared") => {
      const pictures = [picture([0, 1, 2, 3], 2, 2), picture([0, 0, 0, 6], 2, 2)];
      const svg = await montageFigure(pictures, { contrast }).svg();
      return [...svg.matchAll(/base64,([^"]+)"/g)].map(([, text]) => {
        const { data } = PNG.sync.read(Buffer.from(text!, "base64"));
        return [0, 1, 2, 3].map((p) => data[4 * p]!);
      });
    };
    // The lower row of the picture, 0 and 1, comes last in the PNG
    assert.deepEqual((await pixels("each"))[0], [170, 255, 0, 85]);
    assert.deepEqual((await pixels("shared"))[0], [85, 128, 0, 43]);
    const flat = await montageFigure([picture([2, 2])]).svg();
    assert.ok(flat.includes("<image "), "a picture without contrast is no error");
  });

  test("a scale bar of a round length", async () => {
    const svg = await montageFigure(
      [
        picture(
          new Array(64 * 64).fill(0).map((_, i) => i),
          64,
          64,
        ),
      ],
      { size: 128 },
    ).svg();
    // 64 pixels of 2 Å are 128 Å on 128 screen pixels: a third is 43 Å
    assert.match(svg, /<rect [^>]*width="20\.0" height="4"[^>]*\/><text [^>]*>20 Å<\/text>/);
  });

  test("a curve for every round of growth and every start of a training, and the resolution of the FSC", async () => {
    assert.match(
      growthFigure(growth([0, 0.9, 0.8])).description,
      /40 to 50 Å, mean 0.900; 40 to 20 Å, mean 0.900/,
    );
    const two = await trainingFigure([...epochs(0, 2), ...epochs(1, 4)]).svg();
    assert.equal(count(two, /opacity="0\.25"/g) > 0, true);
    const [from] = twoStates();
    const map = modelDensity(from);
    const { description } = fscFigure([
      { label: "same", curve: fourierShellCorrelation(map, map) },
      { label: "same", curve: fourierShellCorrelation(map, map) },
    ]);
    assert.equal(description, "FSC, resolution at 0.143: same: 8 Å; same: 8 Å (2)");
  });

  test("resolution ticks at round numbers that do not overlap", () => {
    assert.deepEqual(
      resolutionTicks(1 / 8).map((f) => Math.round(1 / f)),
      [50, 30, 20, 15, 12, 10, 8],
    );
    for (const highest of [0.02, 0.1, 0.5]) {
      const ticks = resolutionTicks(highest);
      assert.ok(ticks.length >= 2 && ticks.length <= 11);
      assert.ok(ticks.every((f, i) => f <= highest && (i === 0 || f - ticks[i - 1]! > 0.08 * highest)));
    }
  });
});
