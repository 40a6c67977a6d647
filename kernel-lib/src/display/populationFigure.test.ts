import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { InputError } from "../errors";
import { Random } from "../random";
import type { Run } from "../training/runs/run";
import { count, hostile } from "./figures.test.helper";
import { populationFigure } from "./populationFigure";

const random = new Random(5);
const n = 600;
const values = (of: () => number) => Float32Array.from({ length: 2 * n }, of);
const refined = values(() => (random.uniform() < 0.3 ? 1.4 : -0.6) + 0.4 * random.normal());
const latents = { refined, standardDeviation: values(() => 0.3) };
const axes = ["z1", "z2"].map((name, d) => ({ name, title: `${hostile} ${d + 1}` }));

/** A run of two axes, as far as the figure looks at it. */
function someRun(record: object = {}): Run {
  return {
    ...{ latent: 2, record, latents: async () => latents, axes: async () => axes },
    outliers: async () => [{ index: 0 }],
  } as unknown as Run;
}

describe("a figure of the population", () => {
  test("has a panel for each axis: a histogram, and the density with its errors", async () => {
    const figure = await populationFigure(someRun());
    const svg = await figure.svg();
    assert.equal(count(svg, />Fraction per unit</g), 2);
    // A band and a line in each panel.
    assert.equal(
      count(
        svg,
        /<path [^>]*fill="#D55E00" [^>]*opacity="0.25"|<path [^>]*opacity="0.25"[^>]*fill="#D55E00"/g,
      ),
      2,
    );
    assert.ok(count(svg, /<path [^>]*stroke="#D55E00"/g) >= 2);
    assert.ok(count(svg, /<path [^>]*fill="#56B4E9"/g) > 40, "bars");
    assert.ok(!svg.includes("<script>"));
    assert.match(figure.description, new RegExp(`Population of ${n - 1} particles`));
    const one = await (await populationFigure(someRun(), { axes: [1] })).svg();
    assert.equal(count(one, />Fraction per unit</g), 1);
  });

  test("has maps of two axes side by side, with lines around half and 95 % of the population", async () => {
    const svg = await (await populationFigure(someRun(), { axes: [0, 1] })).svg();
    for (const text of ["point estimates", "population, errors taken out", "50 % of the population"]) {
      assert.ok(svg.includes(`>${text}<`), text);
    }
    assert.ok(count(svg, /<path [^>]*stroke="#D55E00"/g) >= 4);
    assert.ok(svg.length < 200_000, `${svg.length} characters`);
  });

  test("says that nothing was found, and refuses axes that are not there", async () => {
    const none = await populationFigure(someRun({ evidence: { verdict: "none" } }));
    assert.match(await none.svg(), /No heterogeneity was found/);
    for (const wrong of [[2], [0, 0], [0, 1, 2], [], [0.5]]) {
      await assert.rejects(
        populationFigure(someRun(), { axes: wrong }),
        (error: Error) =>
          error instanceof InputError && /axes: expected one or two of the axes 0 to 1/.test(error.message),
      );
    }
  });
});
