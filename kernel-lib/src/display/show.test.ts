import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { type Displayable, displaySymbol, escapeMarkup, formsOf } from "tslab-widgets/display";
import { describe, test } from "vitest";
import { progressBar } from "./progressBar";
import { show } from "./show";
import { table } from "./table";

test("escaped text is well-formed", () => {
  assert.equal(escapeMarkup(`<a b="c">&'`), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
  assert.equal(escapeMarkup("a\u0000b\u001bc\ud800d\n"), "a\ufffdb\ufffdc\ufffdd\n");
  assert.equal(escapeMarkup("Å 🧬"), "Å 🧬");
});

/** What a kernel shows while `work` runs. */
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

describe("show and progressBar", () => {
  test("show sends to the running kernel, with the name of the output", async () => {
    const calls = await shownIn(() => show(table([{ a: 1 }]), { id: "t", update: true }));
    assert.equal(calls.length, 1);
    assert.deepEqual([calls[0]!.id, calls[0]!.update], ["t", true]);
  });

  test("show prints text to standard output outside a notebook", () => {
    const script = `require(${JSON.stringify(path.join(__dirname, "show.js"))}).show(require(${JSON.stringify(
      path.join(__dirname, "table.js"),
    )}).table([{ a: 1 }]))`;
    assert.equal(spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stdout, "a\n1\n");
  });

  test("progressBar updates one output in place, up to the end", async () => {
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

  test("progressBar writes lines to standard error outside a notebook, at the start and end of each task", () => {
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
