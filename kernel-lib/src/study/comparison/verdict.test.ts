import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { AxisReport, ClusterPair, PartReport, PopulationReport } from "../studyReport";
import { type Compared, verdictOf } from "./verdict";

const part = (label: string, given: Partial<PartReport> = {}): PartReport => ({
  ...{
    name: label.replace(" ", ""),
    label,
    particles: 500,
    gaussians: 64,
    poses: "file",
    axes: 2,
    realAxes: 2,
  },
  ...{ evidence: "found", sentence: "heterogeneity found", gain: 3, standardError: 0.3 },
  ...given,
});
const at = (value: number) => ({ value, low: value - 0.03, high: value + 0.02 });
const pair = (first: number, given: Partial<ClusterPair> = {}): ClusterPair => ({
  ...{ first, second: first, overlap: 0.9, matched: true, counts: [250, 245], equal: true },
  fractions: [at(0.5), at(0.49)],
  ...given,
});
const axis = (number: number, r: number, given: Partial<AxisReport> = {}): AxisReport => ({
  ...{ axis: number, label: `conformation ${number}`, real: true, told: at(r), linear: r - 0.01 },
  ...given,
});
const change = {
  axis: 1,
  same: true,
  motion: 0.9,
  region: 0.95,
  sizes: [4, 4.2] as [number, number],
  density: 0.92,
  masses: [0.1, 0.1] as [number, number],
};

const population = (number: number, same = true): PopulationReport => ({
  ...{ axis: number, distance: same ? 0.05 : 0.4, chance: 0.08, same },
  histograms: { edges: [], first: [], second: [] },
});

/** Two halves that agree. */
const good = (): Compared => ({
  parts: [part("half 1"), part("half 2")],
  space: {
    ...{ particles: 1000, reference: 1, correlations: [[1]], sample: { first: [], second: [] } },
    axes: [
      [axis(1, 0.97), axis(2, 0.9)],
      [axis(1, 0.96), axis(2, 0.91)],
    ],
  },
  changes: [change, { ...change, axis: 2, density: 0.85 }],
  populations: [population(1), population(2)],
  clusters: {
    ...{ numbers: [2, 2], apart: [2, 2], chosen: "apart", rand: 0.9 },
    pairs: [pair(1), pair(2)],
    alone: [[], []],
  },
  averages: {
    ...{
      of: "clusters",
      clusters: [1, 2],
      particles: [],
      refused: [],
      frequency: [],
      matched: [],
      others: [],
    },
    resolution: [
      { half: 14, seventh: 11 },
      { half: 15, seventh: 12 },
    ],
    ...{
      differencesTo: 15,
      differences: [
        [0.8, -0.7],
        [-0.6, 0.75],
      ],
    },
  },
});

describe("the verdict", () => {
  test("says reproducible where everything is found again, with numbers", () => {
    const { verdict, sentence, findings } = verdictOf(good());
    assert.equal(verdict, "reproducible");
    assert.match(sentence, /^reproducible: heterogeneity found in both; /);
    assert.match(sentence, /along 2 of 2 axes \(r 0\.90 to 0\.97\)/);
    assert.match(sentence, /2 clusters matched of 2 and 2; 2 of 2 as large in both/);
    const counts = findings.find(({ question }) => question === "counts");
    assert.match(counts!.sentence, /in 2 of 2; of all particles, numbers differ by 2\.0, 2\.0 %$/);
    assert.match(findings[0]!.sentence, /^heterogeneity found in half 1 \(\+3\.00 ± 0\.30 nats\), /);
    assert.match(sentence, /averages of matched clusters agree to 11 to 12 Å, 2 of 2 with/);
    assert.match(sentence, /motion of 4\.0 and 4\.2 Å RMS between the ends with overlap /);
    assert.match(sentence, /particles are distributed alike along 2 of 2/);
    assert.equal(findings.length, 7);
  });

  test("names what is not found again", () => {
    const lonely = good();
    lonely.clusters = { ...lonely.clusters, numbers: [3, 2], alone: [[3], []] };
    const found = verdictOf(lonely);
    assert.equal(found.verdict, "partly");
    assert.match(
      found.sentence,
      /^partly reproducible: .*without a partner: cluster 3 of half 1; but heterogeneity/,
    );
    const single = good();
    single.clusters = { ...single.clusters, numbers: [2, 1], pairs: [pair(1)], alone: [[2], []] };
    assert.match(
      verdictOf(single).sentence,
      / 1 cluster matched of 2 and 1; without a partner: cluster 2 of half 1/,
    );
    const unequal = good();
    unequal.clusters.pairs[1] = pair(2, { equal: false });
    assert.match(verdictOf(unequal).sentence, /^partly reproducible: 1 of 2 as large/);
    const weak = good();
    weak.averages = {
      ...weak.averages!,
      differences: [
        [0.8, -0.7],
        [0.6, 0.2],
      ],
    };
    assert.match(verdictOf(weak).sentence, /^partly reproducible: averages of .* 1 of 2 with/);
  });

  test.for([
    [
      "the evidence of a half is none",
      (one: Compared) => ({
        ...one,
        parts: [one.parts[0], part("half 2", { evidence: "none", gain: -0.2 })],
      }),
    ],
    [
      "places do not agree",
      (one: Compared) => ({
        ...one,
        space: { ...one.space, axes: [[axis(1, 0.5), axis(2, 0.3)], one.space.axes[1]] },
        clusters: { ...one.clusters, numbers: [1, 1], apart: [3, 1], chosen: "none" },
      }),
    ],
    [
      "another region changes",
      (one: Compared) => ({
        ...one,
        changes: [
          { ...change, density: 0.2, same: false },
          { ...change, axis: 2, density: 0.1, same: false },
        ],
      }),
    ],
  ] as [string, (one: Compared) => Compared][])("is not reproducible where %s", ([, spoil]) => {
    const { verdict, sentence } = verdictOf(spoil(good()));
    assert.doesNotMatch(sentence, /continuum/);
    assert.equal(verdict, "not");
    assert.match(sentence, /^not reproducible: /);
  });

  test("is partly where clusters do not match, though places and changes agree", () => {
    const { averages: _, ...one } = good();
    one.clusters = {
      ...one.clusters,
      chosen: "together",
      apart: [3, 2],
      pairs: [pair(1, { matched: false })],
      alone: [
        [1, 2],
        [1, 2],
      ],
    };
    const { verdict, sentence, findings } = verdictOf(one);
    assert.equal(verdict, "partly");
    assert.match(sentence, /^partly reproducible: 0 clusters matched of 2 and 2/);
    assert.match(findings.at(-1)!.sentence, /matched of 2 and 2 \(each by itself: 3 and 2\)/);
  });

  test("names an axis that the other part does not have, and particles that are distributed otherwise", () => {
    const more = good();
    more.space.axes[1].push(axis(3, 0.2), axis(4, 0.1, { real: false }));
    const { verdict, sentence } = verdictOf(more);
    assert.equal(verdict, "partly");
    assert.match(
      sentence,
      /places agree along 2 of 2 axes .*; without a counterpart: axis 3 \(conformation 3\) of half 2/,
    );
    assert.doesNotMatch(sentence, /axis 4/);
    const moved = good();
    moved.populations[1] = population(2, false);
    assert.match(
      verdictOf(moved).sentence,
      /^partly reproducible: particles are distributed alike along 1 of 2/,
    );
  });

  test("is reproducible where one axis of a part is a curve along several of the other", () => {
    const { averages: _, ...one } = good();
    one.space.reference = 2;
    one.space.axes = [[axis(1, 0.9, { linear: 0.2 }), axis(2, 0.88, { linear: 0.8 })], [axis(1, 0.97)]];
    one.changes.length = 1;
    one.populations.length = 1;
    const { verdict, findings } = verdictOf(one);
    assert.equal(verdict, "reproducible");
    assert.match(findings[1]!.sentence, /; 2 of them are curves in the other space$/);
    assert.match(findings[1]!.short, /along 1 of 1 axis \(r 0\.97\)/);
  });

  test("says where one part decodes a motion as density that comes and goes", () => {
    const faded = good();
    faded.changes[0] = { ...change, sizes: [1.8, 6.7], masses: [0.8, 0.3] };
    const { sentence } = verdictOf({ ...faded, changes: [faded.changes[0]] });
    assert.match(sentence, /motion of 1\.8 and 6\.7 Å .* in part decoded as density that comes and goes/);
    assert.doesNotMatch(verdictOf(good()).sentence, /in part decoded/);
  });

  test("says that there is nothing to reproduce where neither half has heterogeneity", () => {
    const none = {
      ...good(),
      parts: [part("half 1", { evidence: "none" }), part("half 2", { evidence: "none" })] as const,
    };
    assert.match(
      verdictOf(none).sentence,
      /nothing to reproduce, since neither half 1 nor half 2 .*; what places have in common/,
    );
    const unlike: Compared = {
      ...none,
      space: { ...none.space, axes: [[axis(1, 0.2)], [axis(1, 0.2)]] },
      changes: [change],
      populations: [population(1)],
    };
    assert.match(verdictOf(unlike).sentence, /neither half 1 nor half 2 shows heterogeneity$/);
  });

  test("does not ask for clusters in a continuum", () => {
    const { averages: _, ...one } = good();
    one.clusters = {
      ...{ numbers: [1, 1], apart: [2, 3], chosen: "together", rand: 1 },
      pairs: [pair(1)],
      alone: [[], []],
    };
    const { verdict, findings } = verdictOf(one);
    assert.equal(verdict, "reproducible");
    assert.ok(findings.every(({ question }) => question !== "counts"));
    assert.match(findings.at(-1)!.sentence, /a continuum \(each by itself: 2 and 3\)$/);
  });
});
