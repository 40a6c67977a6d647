import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { notebookOf } from "../notebookFile";
import { skipIf } from "../requirement";
import { root } from "../workspace/repository";

const python = path.join(root, ".venv/bin/python");
const kernel = path.join(root, ".venv/share/jupyter/kernels/tslab/kernel.json");
const skip =
  existsSync(python) && existsSync(kernel) ? false : "JupyterLab or tslab is not set up (npm test does both)";
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

test(
  "a stock tslab kernel shows figures and tables with their text, and progress updated in place",
  skipIf(skip),
  (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-stock-"));
    t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, "stock.ipynb");
    const cells = [
      `import * as e2 from ${JSON.stringify(path.join(root, "kernel-lib"))};
await e2.show(e2.figures.histogram({ label: "z", values: [1, 2, 2, 3] }));
await e2.show(e2.figures.table([{ name: "a", value: 1 }]));
const bar = e2.progressBar("Work");
for (const done of [0, 1, 2]) bar({ task: "count", done: done, total: 2 });
await new Promise((resolve) => setTimeout(resolve, 300));`,
    ];
    writeFileSync(file, JSON.stringify(notebookOf(cells, { kernel: "tslab" })));
    const out = path.join(folder, "out");
    const { status, stderr } = spawnSync(python, [path.join(root, "binder/execute.py"), file, out], {
      encoding: "utf8",
      env: { ...process.env, JUPYTER_PREFER_ENV_PATH: "1" },
    });
    assert.equal(status, 0, stderr);
    const executed = JSON.parse(readFileSync(path.join(out, "stock.ipynb"), "utf8"));
    const shown = executed.cells[0].outputs.map((output: { data: Record<string, string | string[]> }) =>
      Object.fromEntries(Object.entries(output.data).map(([type, text]) => [type, [text].flat().join("")])),
    );
    assert.deepEqual(
      shown.map((data: object) => Object.keys(data).sort()),
      [
        ["image/png", "image/svg+xml", "text/plain"],
        ["text/html", "text/plain"],
        ["text/html", "text/plain"],
      ],
    );
    assert.match(shown[0]["image/svg+xml"], /^<svg /);
    assert.match(shown[1]["text/html"], /<table>/);
    assert.match(shown[2]["text/plain"], /^Work: count · 100 %/);
  },
);
