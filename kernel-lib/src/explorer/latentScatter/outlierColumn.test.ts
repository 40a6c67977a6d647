import assert from "node:assert/strict";
import { test } from "vitest";
import { agreementWords } from "./outlierColumn";

test("each particle is labelled as agreeing with the model, or with the reason why not", () => {
  const outliers = [
    { index: 1, score: -4, expected: 6, reason: "inverted contrast" as const },
    { index: 3, score: 0, expected: 6, reason: "empty image" as const },
  ];
  assert.deepEqual(agreementWords(outliers, 5), [
    "agrees",
    "inverted contrast",
    "agrees",
    "empty image",
    "agrees",
  ]);
});
