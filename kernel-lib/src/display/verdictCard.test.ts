import assert from "node:assert/strict";
import { test } from "vitest";
import type { Verdict } from "../evidence/verdict";
import { verdictCard } from "./verdictCard";

const verdict = (more: Partial<Verdict> = {}): Verdict => ({
  ...{
    kind: "found",
    isEmpty: false,
    headline: "heterogeneity found",
    facts: "+1.00 ± 0.10 nats",
    advice: "",
    axes: [],
  },
  ...more,
});

test("verdicts differ by colour and headline, and grow with their lines", () => {
  const cards = (["found", "weak", "none", "unmeasured"] as const).map((kind) =>
    verdictCard(verdict({ kind }), 600),
  );
  assert.equal(new Set(cards.map(({ svg }) => svg)).size, 4);
  assert.match(cards[0]!.svg, />Heterogeneity found</);
  const long = verdictCard(verdict({ axes: ["z1: ".repeat(60)], advice: "Poses are wrong" }), 600);
  assert.ok(long.height > cards[0]!.height + 50);
  assert.match(long.svg, />Poses are wrong</);
});

test("text from files is text", () => {
  const { svg } = verdictCard(verdict({ facts: "<script>alert(1)</script>", axes: ['"><b>'] }), 600, ["<i>"]);
  assert.ok(!/<(script|b|i)>/.test(svg), svg);
});
