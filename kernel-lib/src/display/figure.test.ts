import assert from "node:assert/strict";
import { displaySymbol } from "tslab-widgets/display";
import { test } from "vitest";
import { Figure } from "./figure";

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"><path d="M0 20H120" stroke="black"/></svg>';

test("a figure has SVG, PNG for notebooks that are not trusted, and a description", async () => {
  const bundle = await new Figure("A line from left to right", () => svg)[displaySymbol]();
  assert.deepEqual(Object.keys(bundle), ["image/svg+xml", "image/png", "text/plain"]);
  assert.equal(Buffer.from(bundle["image/png"]!, "base64").subarray(1, 4).toString(), "PNG");
  assert.equal(bundle["text/plain"], "A line from left to right");
});
