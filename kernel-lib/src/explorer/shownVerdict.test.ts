import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { displaySymbol } from "tslab-widgets/display";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Evidence } from "../training/evidence/evidence";
import { openRun } from "../training/runs/openRun";
import { trainInThisThread } from "../training/train";
import { explore, exploreTraining } from "./explore";
import { type TestBench, testBench } from "./explorer.test.helper";
import "../display/runFigure";

const gain = { gain: 1, standardError: 0.1 };

/** Evidence of two axes. */
const evidence = (verdict: Evidence["verdict"], real: readonly boolean[]): Evidence => ({
  ...{ format: 1, particles: 10, verdict, sentence: "a sentence", gain, poses: { ...gain, gain: 0 } },
  table: { motion: gain, poses: { ...gain, gain: 0 }, both: gain },
  ...{ rings: [], realAxes: real.filter(Boolean).length, kinds: {}, single: "mean", block: 1 },
  axes: real.map((one) => ({ ...gain, real: one, told: 0.9, agreement: 0.9, variance: 1 })),
  motion: { rms: 3, large: 5, rigid: { shift: 0, angle: 0 }, mass: 0 },
  prior: { rotation: 1, shift: 1 },
});

describe("the verdict in the explorer", () => {
  let bench: TestBench;

  /** A copy of the run with other evidence; undefined: none. */
  const runWith = async (name: string, found: Evidence | string | undefined): Promise<string> => {
    const folder = bench.at(name);
    await cp(bench.at("run"), folder, { recursive: true });
    for (const file of ["evidence.json", "leaks.json"]) await rm(`${folder}/${file}`, { force: true });
    const text = typeof found === "string" ? found : JSON.stringify(found);
    if (found) await writeFile(`${folder}/evidence.json`, text);
    return folder;
  };

  beforeAll(async () => {
    bench = await testBench();
    (await trainInThisThread(bench.settings)).close();
  });
  afterAll(() => bench.end());

  test("is above the picture; axes have their sizes, particles their observability, the ring its distance", async () => {
    const explorer = await explore(await runWith("found", evidence("found", [true, false])));
    const { kind, headline, facts, axes } = explorer.get("verdict")!;
    assert.deepEqual([kind, headline], ["found", "heterogeneity found"]);
    assert.match(
      facts,
      /^\+1\.00 ± 0\.10 nats per particle held out, 1 of 2 axes real; decoded motion 3\.0 Å RMS$/,
    );
    assert.match(axes[0]!, /^z1: conformation 1 · 1 unit = .* Å RMS .*, real; /);
    const { x, y } = explorer.scatter.get("shown")!;
    assert.match(x.title, /^z1 · conformation 1 · 1 unit = \d+\.\d+ Å RMS$/);
    assert.match(y.title, /^z2, not real · conformation 2 · 1 unit/);

    const { observability, standardDeviation } = await explorer.run!.latents();
    for (const [name, values] of [
      ["observability of z2", observability],
      ["deviation of z2", standardDeviation],
    ] as const) {
      explorer.scatter.colour = name;
      assert.deepEqual(
        Array.from(explorer.scatter.get("colourNumbers")),
        Array.from(values.filter((_, i) => i % 2 === 1)),
      );
    }
    assert.match(
      explorer.scatter.get("probeNote"),
      /^0\.00 Å RMS from the mean, [\d.]+ Å from the neutral model/,
    );
    explorer.scatter.probe = [1.5, 0];
    const [first] = await explorer.run!.axes();
    const text = explorer.scatter.get("probeNote");
    const distance = Number(/^([\d.]+) Å/.exec(text)![1]);
    assert.ok(
      distance > 0 && distance <= first!.angstrom(1.5) + 0.1,
      `${text}, path ${first!.angstrom(1.5)} Å`,
    );
    const { svg, text: words } = explorer.picture();
    assert.match(words, /heterogeneity found: \+1\.00/);
    assert.ok(svg!.includes("Heterogeneity found") && svg!.includes("<image "));
    explorer.close();
  });

  test("says which places depend on what must not matter, unless nothing was found", async () => {
    const leaks = {
      format: 1,
      sentence: "places follow the view (R² 0.300, p 0.0010)",
      found: true,
      leaks: [],
    };
    const more = { untested: [], permutations: 10, seed: 1, significance: 0.01 };
    for (const verdict of ["found", "none"] as const) {
      const folder = await runWith(`leaks ${verdict}`, evidence(verdict, [true, false]));
      await writeFile(`${folder}/leaks.json`, JSON.stringify({ ...leaks, ...more }));
      const explorer = await explore(folder);
      const expected = verdict === "found" ? "Places follow the view (R² 0.300, p 0.0010)" : "";
      assert.equal(explorer.get("verdict")!.advice, expected, explorer.get("status"));
      explorer.close();
    }
  });

  test("stands in place of the picture where nothing was found, until the picture is asked for", async () => {
    const explorer = await explore(await runWith("none", evidence("none", [false, false])));
    assert.equal(explorer.get("verdict")!.kind, "none");
    const alone = explorer.picture();
    assert.match(alone.text, /no heterogeneity found: .* not to be trusted; no sets$/);
    assert.ok(!alone.svg!.includes("<image ") && alone.svg!.includes("No heterogeneity found"));
    bench.page.update(explorer.id, { shownAnyway: true });
    const anyway = explorer.picture();
    assert.ok(anyway.svg!.includes("<image ") && anyway.svg!.includes("No heterogeneity found"));
    explorer.close();
  });

  test("leaves the picture of a second round that found nothing more, since the axes of the first are real", async () => {
    const second = { ...evidence("none", [false, false]), fixed: 1 };
    const explorer = await explore(await runWith("second", second));
    const { kind, isEmpty, headline } = explorer.get("verdict")!;
    assert.deepEqual([kind, isEmpty, headline], ["none", false, "no further heterogeneity found"]);
    assert.ok(explorer.picture().svg!.includes("<image "));
    explorer.close();
  });

  test("is missing in runs without evidence, and a damaged file is reported", async () => {
    const folder = await runWith("unmeasured", undefined);
    const explorer = await explore(folder);
    const { kind, headline, facts } = explorer.get("verdict")!;
    assert.deepEqual(
      [kind, headline, facts],
      ["unmeasured", "heterogeneity not measured", `e2gmm evidence ${folder}`],
    );
    assert.ok(explorer.picture().svg!.includes("<image "));
    explorer.close();
    const damaged = await explore(await runWith("damaged", "{"));
    assert.equal(damaged.get("verdict")!.kind, "unmeasured");
    assert.match(damaged.get("status"), /evidence\.json: expected JSON/);
    damaged.close();
  });

  test("is not there while a training runs, and comes when it ends", async () => {
    const out = bench.at("followed");
    const seen: (string | undefined)[] = [];
    const explorer = await exploreTraining({
      ...{ ...bench.settings, out },
      onEpoch: () => seen.push(explorer.get("verdict")?.facts),
    });
    (await explorer.training).close();
    assert.ok(seen.length > 0 && seen.every((facts) => facts === "it is when the training has ended"));
    const { evidence: summary } = JSON.parse(await readFile(`${out}/run.json`, "utf8"));
    assert.equal(explorer.get("verdict")!.kind, summary?.verdict ?? "unmeasured");
    assert.match(explorer.scatter.get("shown")!.x.title, /^z1.* 1 unit = /);
    explorer.close();
  });

  test("a run as the value of a cell shows verdict, axes and what it was trained on", async () => {
    const run = await openRun(await runWith("shown", evidence("weak", [true, false])));
    const bundle = await (run as unknown as { [displaySymbol](): Promise<Record<string, string>> })[
      displaySymbol
    ]();
    assert.match(
      bundle["text/plain"]!,
      /^weak heterogeneity: .*\nz1: conformation 1 · .*\nz2: .*\n.*shown: 96 particles, 2 axes, 24 Gaussians$/,
    );
    assert.match(bundle["image/svg+xml"]!, /^<svg role="img" aria-label="weak heterogeneity: /);
    run.close();
  });

  test("mixtures take the deviations of the particles into account, as the command does", async () => {
    const explorer = await explore("run");
    const { refined, standardDeviation } = await explorer.run!.latents();
    const rowsOf = (sets: readonly { rows: Uint32Array }[]) => sets.map(({ rows }) => Array.from(rows));
    const clustering = { method: "mixture", count: 3 } as const;
    const { clusterRows } = await import("./sets/clusterings");
    const points = { points: refined, dimensions: 2 };
    const expected = await clusterRows({ ...points, deviations: standardDeviation }, clustering);
    assert.deepEqual(rowsOf(await explorer.cluster(clustering)), rowsOf(expected.map((rows) => ({ rows }))));
    const without = await clusterRows(points, clustering);
    assert.notDeepEqual(
      rowsOf(without.map((rows) => ({ rows }))),
      rowsOf(expected.map((rows) => ({ rows }))),
    );
    explorer.close();
  });
});
