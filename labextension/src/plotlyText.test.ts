import assert from "node:assert/strict";
import { test } from "vitest";
import { plotlyText, plotlyText3d } from "./plotlyText.js";

test("escaped text contains no tag, entity, formula or template for plotly", () => {
  const hostile = `<img src=x onerror="alert(1)"> <a href="javascript:1">&lt; $x^2$ %{text}`;
  const escaped = plotlyText(hostile);
  assert.doesNotMatch(escaped, /[<>$]|%\{|&(?!#\d+;)/);
  const read = escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  assert.equal(read, hostile);
});

test("plain names are unchanged", () => {
  assert.equal(plotlyText("PC 1 (50 %), defocus (Å)"), "PC 1 (50 %), defocus (Å)");
  assert.equal(plotlyText3d("PC 1 (50 %), defocus (Å) & more"), "PC 1 (50 %), defocus (Å) & more");
});

test("titles of three-dimensional axes contain no tags or templates", () => {
  assert.doesNotMatch(plotlyText3d("<b>bold</b> %{x}"), /[<>]|%\{/);
});
