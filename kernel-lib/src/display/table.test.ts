import assert from "node:assert/strict";
import { displaySymbol } from "tslab-widgets/display";
import { describe, test } from "vitest";
import { count, hostile } from "./figures.test.helper";
import { table } from "./table";

describe("a table", () => {
  test("is HTML with right-aligned numbers, and aligned text", () => {
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

  test("treats text from files as text", () => {
    const html = table([{ [hostile]: hostile }], { title: hostile })[displaySymbol]()["text/html"]!;
    assert.ok(!html.includes("<script"));
    assert.equal(count(html, /&lt;script&gt;/g), 3);
  });

  test("refuses no rows and rows with different columns", () => {
    assert.throws(() => table([]), /table: expected at least one row, found none/);
    assert.throws(() => table([{ a: 1 }, { b: 2 }]), /table: row 2: expected a, found b/);
  });
});
