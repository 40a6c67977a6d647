import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import { PNG } from "pngjs";
import { type Displayable, displaySymbol, escapeMarkup, formsOf } from "tslab-widgets/display";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { modelDensity } from "../model/density";
import { emptyModel, type GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import type { EpochReport } from "../training/trainer";
import type { Figure } from "./figure";
import { resolutionTicks } from "./frequencyAxis";
import { fscFigure } from "./fscFigure";
import { growthFigure } from "./growthFigure";
import { histogram, histogramFigure } from "./histogramFigure";
import { mapFigure } from "./mapFigure";
import { montageFigure } from "./montageFigure";
import { clearestAxis, motionFigure } from "./motionFigure";
import { progressBar } from "./progressBar";
import { scatterFigure } from "./scatterFigure";
import { show } from "./show";
import { table } from "./table";
import { trainingFigure } from "./trainingFigure";

/** A text that is markup, a Vega expression and a template at once. */
const hostile = `</text><script>alert("1")</script> & 'x' \${1} datum.value`;

/** Gaussians of two clouds; the second, beside the first along x, is moved along y by `motion` Å. */
function twoStates(motion = 20): [GaussianModel, GaussianModel] {
  const random = new Random(3);
  const from = emptyModel(40, 32, 4);
  for (let i = 0; i < 40; i++) {
    for (let axis = 0; axis < 3; axis++) from.params[axis * 40 + i] = 0.06 * random.normal();
    if (i >= 30) from.params[i]! += 0.25;
    from.params[3 * 40 + i] = 1;
    from.params[4 * 40 + i] = 1.5;
  }
  const to = { ...from, params: from.params.slice() };
  for (let i = 30; i < 40; i++) to.params[40 + i]! += motion / (32 * 4);
  return [from, to];
}

function epochs(start: number, count: number): EpochReport[] {
  return Array.from({ length: count }, (_, i) => ({
    start,
    epoch: i + 1,
    rings: Math.min(10, 1 + 3 * i),
    trainFrc: 0.5 + 0.02 * i,
    validationFrc: 0.49 + 0.02 * i,
    validationScore: 0.5,
    seconds: 2 * (i + 1),
  }));
}

const growth = (frcByRing: number[]) => ({
  model: twoStates()[0],
  rounds: [50, 20].map((resolution) => ({ gaussians: 40, resolution, frc: 0.9, frcByRing })),
});

const column = (label: string, values: ArrayLike<number> = [1, 2, 4, 3]) => ({ label, values });
const picture = (data: number[], width = data.length, height = 1) => ({
  image: { data: Float32Array.from(data), width, height, apix: 2 },
});

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
    density: scatterFigure(column(text), column(text), { ...options, mostPoints: 2 }),
    fsc: fscFigure([{ label: text, curve: fourierShellCorrelation(map, other) }], options),
    motion: motionFigure(from, to, options),
    maps: mapFigure([{ label: text, map }], options),
    montage: montageFigure([{ ...picture([1, 2, 3, 4], 2, 2), label: text }], options),
  };
}

/** What a strict reader sees: names of elements, and the text between them. */
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

const count = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].length;

describe("every figure", () => {
  test("shows as an SVG on white with a description in words, and is text in a console", async () => {
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

  test("takes texts of files as text, whatever they hold", async () => {
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
      assert.ok(!/&(?!(amp|lt|gt|quot|#39);)/.test(svg), `${name}: an ampersand that is none`);
    }
  });

  test("is written as a file", async (t) => {
    const file = path.join(temporaryFolder(t), "figure.svg");
    const figure = histogramFigure(column("z"));
    await figure.save(file);
    assert.equal(readFileSync(file, "utf8"), await figure.svg());
  });

  test("refuses nothing to draw, and numbers that are none, naming them", () => {
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

describe("what is drawn", () => {
  test("a point for each particle, in the colour of its number or set", async () => {
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

  test("squares that count particles, where there are too many for points", async () => {
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

  test("correlations under the title, as the statistics have them", () => {
    const figure = scatterFigure(column("x", [1, 2, 3, 4]), column("y", [2, 1, 4, 3]), { correlation: true });
    assert.equal(figure.description, "y against x of 4 particles: Pearson r 0.600, rank correlation 0.600");
  });

  test("a histogram counts each particle once, also at its edges and where all are equal", () => {
    assert.deepEqual(histogram([0, 0.4, 1, 2, 2], 2), { counts: Int32Array.of(2, 3), from: 0, step: 1 });
    assert.deepEqual(histogram([5, 5, 5], 3).counts, Int32Array.of(0, 3, 0));
  });

  test("arrows for the Gaussians that move, as long as they move, seen along the clearest axis", async () => {
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

  test("a picture with y upwards, dark to bright, on one scale where they are to be compared", async () => {
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

  test("every round of growth and every start of a training has its curve, and the FSC its resolution", async () => {
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

  test("ticks of resolution at round numbers, not crowded", () => {
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

describe("a table", () => {
  test("is HTML with numbers to the right, and aligned text", () => {
    const bundle = table(
      [
        { file: "a", r: 0.98765 },
        { file: "long name", r: -12 },
      ],
      { title: "Runs" },
    )[displaySymbol]();
    assert.equal(bundle["text/plain"], "Runs\nfile           r\na          0.988\nlong name    -12");
    assert.ok(bundle["text/html"]!.includes('<td style="text-align:right">0.988</td>'));
  });

  test("takes texts of files as text", () => {
    const html = table([{ [hostile]: hostile }], { title: hostile })[displaySymbol]()["text/html"]!;
    assert.ok(!html.includes("<script"));
    assert.equal(count(html, /&lt;script&gt;/g), 3);
  });

  test("refuses no rows, and rows that differ in their columns", () => {
    assert.throws(() => table([]), /table: expected at least one row, found none/);
    assert.throws(() => table([{ a: 1 }, { b: 2 }]), /table: row 2: expected a, found b/);
  });
});

test("escaped text is well formed whatever it holds", () => {
  assert.equal(escapeMarkup(`<a b="c">&'`), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
  assert.equal(escapeMarkup("a\u0000b\u001bc\ud800d\n"), "a\ufffdb\ufffdc\ufffdd\n");
  assert.equal(escapeMarkup("Å 🧬"), "Å 🧬");
});

/** What a kernel would have shown while `work` ran. */
async function shownIn(work: () => void | Promise<void>) {
  const calls: { bundle: Record<string, string>; id?: string; update?: boolean }[] = [];
  const place = globalThis as { display?: unknown };
  place.display = async (value: Displayable, options: { id?: string; update?: boolean } = {}) => {
    calls.push({ bundle: formsOf(await value[displaySymbol]()), ...options });
  };
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    delete place.display;
  }
  return calls;
}

describe("showing", () => {
  test("goes to the kernel that is running, with the output's name", async () => {
    const calls = await shownIn(() => show(table([{ a: 1 }]), { id: "t", update: true }));
    assert.equal(calls.length, 1);
    assert.deepEqual([calls[0]!.id, calls[0]!.update], ["t", true]);
  });

  test("outside a notebook is text on standard output", () => {
    const script = `require(${JSON.stringify(path.join(__dirname, "show.js"))}).show(require(${JSON.stringify(
      path.join(__dirname, "table.js"),
    )}).table([{ a: 1 }]))`;
    assert.equal(spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stdout, "a\n1\n");
  });

  test("progress is one output that moves in place and ends at the end", async () => {
    const calls = await shownIn(() => {
      const bar = progressBar("Run");
      for (let done = 0; done <= 1000; done++) bar({ task: "fit <b>", done, total: 1000, note: "FRC 0.5" });
    });
    assert.equal(new Set(calls.map((call) => call.id)).size, 1);
    assert.deepEqual(
      calls.map((call) => call.update),
      calls.map((_, i) => i > 0),
    );
    assert.ok(calls.length < 20, "a kernel is not flooded");
    assert.match(calls[0]!.bundle["text/plain"]!, /^Run: fit <b> · 0 % · FRC 0\.5 · [\d.]+ s$/);
    assert.match(calls.at(-1)!.bundle["text/plain"]!, /· 100 % ·/);
    assert.ok(!calls.some((call) => call.bundle["text/html"]!.includes("<b>")));
  });

  test("progress outside a notebook is a line on standard error for each task's beginning and end", () => {
    const script = `const bar = require(${JSON.stringify(path.join(__dirname, "progressBar.js"))}).progressBar();
      for (const task of ["one", "two"]) for (let done = 0; done <= 5; done++) bar({ task, done, total: 5 });`;
    const { stderr, stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    const seen = stderr
      .trim()
      .split("\n")
      .map((line) => line.split(" · ").slice(0, 2).join(" "));
    assert.deepEqual(seen, ["one 0 %", "one 100 %", "two 0 %", "two 100 %"]);
    assert.equal(stdout, "");
  });
});

test("Vega is not loaded before a figure is drawn", () => {
  const files = readdirSync(__dirname).filter((name) => /^[^.]+\.js$/.test(name));
  const script = `for (const file of ${JSON.stringify(files)}) require(${JSON.stringify(`${__dirname}/`)} + file);
    console.log(Object.keys(require.cache).filter((name) => name.includes("vega/") || name.includes("vega-lite/")).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  assert.equal(stdout, "0\n", stderr);
});
