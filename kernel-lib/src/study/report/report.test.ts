import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { StudyReport } from "../studyReport";
import { htmlPage } from "./htmlPage";
import { notebookText } from "./notebook";
import { studySections } from "./sections";

const at = (value: number) => ({ value, low: value - 0.05, high: value + 0.03 });
const axis = (number: number, r: number) => ({
  ...{ axis: number, label: `conformation ${number}`, real: true, told: at(r), linear: r },
});
const trick = '<script>alert("1")</script> & `x`';

/** A study of halves with two clusters, whose names of files try to be code. */
const report = (): StudyReport => ({
  ...{ format: 1, program: "0.0.0", kind: "halves", verdict: "partly" },
  settings: { format: 1, kind: "halves", particles: `/data/${trick}.star` },
  sentence: `partly reproducible: ${trick}`,
  notes: ["The halves are random."],
  parts: [1, 2].map((half) => ({
    ...{
      name: `half${half}`,
      label: `half ${half}`,
      particles: 500,
      gaussians: 64,
      poses: "file" as const,
      axes: 2,
      realAxes: 2,
    },
    ...{ evidence: "found" as const, sentence: "heterogeneity found", gain: 3.1, standardError: 0.2 },
  })),
  comparisons: [
    {
      parts: ["half1", "half2"],
      verdict: "partly",
      sentence: "partly reproducible",
      findings: [{ question: "evidence", answer: "yes", short: "", sentence: trick }],
      space: {
        particles: 1000,
        reference: 1,
        axes: [
          [axis(1, 0.95), axis(2, 0.8)],
          [axis(1, 0.94), axis(2, 0.8)],
        ],
        correlations: [
          [0.9, 0.1],
          [-0.2, -0.7],
        ],
        sample: { first: [-1, 0, 1], second: [-0.9, 0.1, 1.2] },
      },
      changes: [
        { axis: 1, same: true, motion: 0.8, region: 0.9, sizes: [3, 3.2], density: 0.85, masses: [0.1, 0.2] },
      ],
      populations: [
        {
          ...{ axis: 1, distance: 0.06, chance: 0.08, same: true },
          histograms: { edges: [-3, 0, 3], first: [0.5, 0.5], second: [0.45, 0.55] },
        },
      ],
      clusters: {
        ...{ numbers: [3, 2], apart: [3, 2], chosen: "apart" },
        rand: 0.8,
        pairs: [1, 2].map((cluster) => ({
          ...{ first: cluster, second: 3 - cluster, overlap: 0.9, matched: true, equal: true },
          counts: [500, 480],
          fractions: [at(0.5), at(0.48)],
        })),
        alone: [[3], []],
      },
      averages: {
        of: "clusters",
        clusters: [1, 2],
        particles: [
          [250, 240],
          [250, 260],
        ],
        refused: ["cluster 3: 4 and 5 particles are too few"],
        frequency: [0, 0.02, 0.04, 0.06],
        matched: [
          [1, 0.99, 0.6, 0.1],
          [1, 0.98, 0.5, 0],
        ],
        others: [
          [1, 0.9, 0.2, 0.1],
          [1, 0.9, 0.3, 0],
        ],
        resolution: [
          { half: 22, seventh: 17 },
          { half: 25, seventh: null },
        ],
        differencesTo: 25,
        differences: [
          [0.8, -0.7],
          [-0.7, 0.8],
        ],
      },
    },
  ],
});

describe("the report of a study", () => {
  test("is one page without scripts and links, whose strings are text, with the verdict first", async () => {
    const page = await htmlPage(report(), studySections(report()));
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|javascript:|\son\w+=/i);
    assert.ok(page.includes("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; `x`"));
    const addresses = [...page.matchAll(/https?:\/\/[^\s"'<)]+/g)].map(([address]) => address);
    assert.deepEqual(
      [...new Set(addresses)].filter((address) => !address.startsWith("http://www.w3.org/")),
      [],
    );
    assert.ok(page.indexOf('class="verdict partly"') < page.indexOf("<table"));
    assert.equal([...page.matchAll(/<svg /g)].length, 7);
    for (const text of [
      /3\.10 ± 0\.20/,
      /Without a partner in the other part: cluster 3 of half 1/,
      /are too few/,
    ]) {
      assert.match(page, text);
    }
  });

  test("is a notebook of nbformat 4.5 with its figures in it", async () => {
    const notebook = JSON.parse(await notebookText(report(), studySections(report())));
    assert.deepEqual([notebook.nbformat, notebook.nbformat_minor], [4, 5]);
    const ids = notebook.cells.map(({ id }: { id: string }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const outputs = notebook.cells.flatMap((cell: { outputs?: { data: object }[] }) => cell.outputs ?? []);
    assert.equal(outputs.filter(({ data }: { data: object }) => "image/svg+xml" in data).length, 7);
    const title = notebook.cells[0].source.join("");
    assert.ok(title.startsWith("# Even/odd study\n\n**Partly reproducible"), title);
    assert.ok(!title.includes("<script>"), title);
    const source = notebook.cells[1].source.join("");
    assert.match(source, /e2\.study\.read\("\."\)/);
  });

  test("of one pair of clusters, and of a continuum, has no control and no clusters", async () => {
    const one = report();
    const [comparison] = one.comparisons;
    comparison!.averages = {
      ...comparison!.averages!,
      clusters: [1],
      matched: [[1, 0.9, 0.5, 0.1]],
      others: [],
      differences: [],
    };
    comparison!.averages.particles = [[250, 240]];
    assert.match(await htmlPage(one, studySections(one)), /cluster 1 \(250 and 240\)/);
    comparison!.averages.of = "thirds";
    assert.match(await htmlPage(one, studySections(one)), /third 1 \(250 and 240\)/);
    delete comparison!.averages;
    comparison!.clusters = { ...comparison!.clusters, numbers: [1, 1], apart: [3, 2], chosen: "together" };
    const page = await htmlPage(one, studySections(one));
    assert.equal([...page.matchAll(/<svg /g)].length, 4);
    assert.match(page, /a continuum\. By themselves the parts find 3 and 2/);
  });
});
