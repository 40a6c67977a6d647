import assert from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { skipIf } from "../requirement";
import { checkStored, execute, joined, type Notebook, outputs, skip } from "./executed";

// Runs the tutorials after the publication's data sets in their short form, and checks what they find of the truth.

const small = { E2GMM_NOTEBOOK_SIZE: "small" };

/** The table with a heading, as rows of its cells, which are separated by two blanks or more; the first row names the columns. */
function table(notebook: Notebook, heading: RegExp): string[][] {
  const texts = outputs(notebook).shown.map((data) => joined(data["text/plain"]));
  const text = texts.find((candidate) => heading.test(candidate));
  assert.ok(text !== undefined, `no table ${heading} among\n${texts.join("\n")}`);
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));
}

/** A number that a notebook printed. */
function printed(notebook: Notebook, pattern: RegExp): number {
  const text = outputs(notebook).printed;
  const found = pattern.exec(text);
  assert.ok(found, `${pattern} is not printed in\n${text}`);
  return Number(found[1]);
}

/** Checks that nothing failed, and that the verdict above the figures is that there is something. */
function checkVerdict(notebook: Notebook): void {
  const { errors, figures } = outputs(notebook);
  assert.deepEqual(errors, []);
  assert.ok(
    figures.some(({ words }) => /^heterogeneity found/i.test(words)),
    figures.map(({ words }) => words).join("\n"),
  );
}

describe("tutorials on their stand-ins", skipIf(skip), () => {
  test("assembly-states.ipynb finds the six common states, the rare one, and the part of its second round", (t) => {
    const { notebook } = execute(t, "assembly-states", small);
    checkVerdict(notebook);
    expect(printed(notebook, /adjusted Rand index: ([\d.]+)/)).toBeGreaterThan(0.95);
    const [, ...rows] = table(notebook, /Particles of each true state in each set/).slice(1);
    const counts = rows.map((row) => row.slice(1).map(Number));
    // Each state has a set of its own, and none is divided.
    const best = counts.map((row) => row.indexOf(Math.max(...row)));
    expect(new Set(best).size).toBe(7);
    expect(counts[0]!.length).toBe(7);
    const rare = counts.at(-1)!;
    const found = rare[best.at(-1)!]!;
    const inItsSet = counts.reduce((sum, row) => sum + row[best.at(-1)!]!, 0);
    const all = rare.reduce((a, b) => a + b, 0);
    expect(found / inItsSet, `${found} of ${inItsSet} in the set`).toBeGreaterThan(0.8);
    expect(found / all, `${found} of ${all} of the rare state`).toBeGreaterThan(0.8);
    expect(printed(notebook, /([\d.]+) % of the particles are on the same side/)).toBeGreaterThan(95);
  });

  test("large-motions.ipynb tells the motions of both domains apart", (t) => {
    const { notebook } = execute(t, "large-motions", small);
    checkVerdict(notebook);
    const [, ...rows] = table(notebook, /r\| with the first domain/);
    const [one, two] = rows.slice(0, 2).map((row) => row.slice(1).map(Number));
    const [first, second] = one![0]! > one![1]! ? [one!, two!] : [two!, one!];
    expect(Math.min(first[0]!, second[1]!)).toBeGreaterThan(0.93);
    expect(Math.max(first[1]!, second[0]!)).toBeLessThan(0.2);
  });

  test("symmetric-trimer.ipynb measures by how many degrees each unit is open", (t) => {
    const { notebook } = execute(t, "symmetric-trimer", small);
    checkVerdict(notebook);
    const { words } = outputs(notebook).figures.find(({ words: text }) => text.startsWith("Found angle"))!;
    expect(Number(/Pearson r (-?[\d.]+)/.exec(words)![1])).toBeGreaterThan(0.9);
    const truth = printed(notebook, /more than 30°: ([\d.]+)° on average/);
    const found = printed(notebook, /found ([\d.]+)° beyond/);
    expect(Math.abs(found / truth - 1), `${found}° of ${truth}°`).toBeLessThan(0.2);
  });
});

for (const [name, figures] of [
  ["assembly-states", 16],
  ["large-motions", 15],
  ["symmetric-trimer", 11],
] as const) {
  test(`${name}.ipynb is stored with all outputs and figures, and small enough to view on GitHub`, () => {
    checkStored(name, figures);
  });
}
