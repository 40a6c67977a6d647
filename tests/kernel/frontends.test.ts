import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { notebookOf } from "../notebookFile";
import { skipIf } from "../requirement";
import { launcher, repositoryRoot } from "./kernelProcess";

/** The kernel as programs other than our own client use it: started from an installed kernelspec. */

const python = process.env["E2GMM_PYTHON"] ?? path.join(repositoryRoot, ".venv/bin/python");
const skip = existsSync(python) ? false : `no Python environment at ${python}`;
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "kernel-frontends-"));
  const { installKernelspec } = require(path.join(repositoryRoot, "kernel-lib/dist/jupyter/kernelspec")) as {
    installKernelspec(options: { prefix: string; launcher: string }): string;
  };
  installKernelspec({ prefix: folder, launcher });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const patienceMs = 90_000;

function run(args: string[], stdin = ""): Promise<{ status: number | null; output: string }> {
  const child = spawn(python, args, {
    cwd: folder,
    env: { ...process.env, JUPYTER_PATH: path.join(folder, "share/jupyter"), PYTHONWARNINGS: "ignore" },
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString("utf8");
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    // Ended before the test times out, so that its output is reported.
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new Error(`${args.join(" ")} did not end within ${patienceMs / 1000} s; it printed:\n${output}`),
      );
    }, patienceMs);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(late);
      resolve({ status, output });
    });
  });
}

interface Output {
  output_type: string;
  data?: Record<string, string | string[]>;
  text?: string | string[];
}

interface Notebook {
  cells: { cell_type: string; outputs: Output[] }[];
  metadata: Record<string, unknown>;
}

function writeNotebook(name: string, cells: string[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(notebookOf(cells, { tags: ["parameters"] })));
  return file;
}

const nbconvert = (...args: string[]) => run(["-m", "jupyter", "nbconvert", ...args]);
const readNotebook = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Notebook;
const joined = (text: string | string[] | undefined) => (Array.isArray(text) ? text.join("") : (text ?? ""));

test("jupyter_kernel_test passes", skipIf(skip), async () => {
  const { status, output } = await run([path.join(repositoryRoot, "tests/kernel/conformance.py")]);
  assert.equal(status, 0, output);
  assert.match(output, /OK \(skipped=1\)/, "only the pager is skipped, which the protocol has deprecated");
});

test(
  "a notebook of widgets run by nbclient shows their last state, also as HTML by nbconvert",
  skipIf(skip),
  async () => {
    const notebook = writeNotebook("widgets.ipynb", [
      `import * as w from "e2gmm/widgets";
const turn = new w.IntSlider({ description: "Turn", value: 3, max: 50 });
const name = new w.Text({ description: "Name", value: "<first>" });
const panel = new w.VBox([turn, name, new w.IntProgress({ value: 40 })]);
panel`,
      "await display(turn); turn.value = 17;",
      `name.value = "<last & final>"; turn.value = 23;`,
      `const area = new w.Output(); await area.capture(() => console.log(["captured", "text"].join(" "))); area`,
    ]);
    const executed = path.join(folder, "executed.ipynb");
    const first = await nbconvert("--to", "notebook", "--execute", notebook, "--output", executed);
    assert.equal(first.status, 0, first.output);
    const { cells, metadata } = readNotebook(executed);
    const shown = cells[0]!.outputs.find(({ data }) => data)!.data!;
    assert.match(joined(shown["text/plain"]), /Turn 23 \(0 to 50\)\nName <last & final>/);
    assert.match(joined(cells[1]!.outputs[0]!.data!["text/plain"]), /Turn 23/);
    assert.deepEqual(
      cells[3]!.outputs.map(({ data, text }) => joined(data?.["text/plain"] ?? text)),
      ["captured text\n"],
    );
    const saved = (
      metadata["widgets"] as Record<string, { state: Record<string, { state: Record<string, unknown> }> }>
    )["application/vnd.jupyter.widget-state+json"]!.state;
    const slider = Object.values(saved).find(({ state }) => state["description"] === "Turn");
    assert.equal(slider!.state["value"], 23);

    const second = await nbconvert("--to", "html", executed, "--output", "page.html");
    assert.equal(second.status, 0, second.output);
    const page = readFileSync(path.join(folder, "page.html"), "utf8");
    assert.match(page, /<input[^>]*type="range"[^>]*value="23"/);
    assert.match(page, /value="&lt;last &amp; final&gt;"/);
    assert.match(page, /captured text/);
    assert.doesNotMatch(page, /<script type="application\/vnd.jupyter.widget-view\+json">/);
  },
);

test("a failing cell ends nbclient with the error of the cell", skipIf(skip), async () => {
  const notebook = writeNotebook("failing.ipynb", ["const n = 1;", "throw new Error('on purpose ' + n);"]);
  const { status, output } = await nbconvert("--to", "notebook", "--execute", notebook);
  assert.notEqual(status, 0);
  assert.match(output, /on purpose 1/);
});

test("papermill runs a notebook", skipIf(skip), async () => {
  const notebook = writeNotebook("plain.ipynb", ["let size = 2;", "console.log(size * 21);"]);
  const done = path.join(folder, "done.ipynb");
  const { status, output } = await run(["-m", "papermill", "-k", "e2gmm", notebook, done]);
  assert.equal(status, 0, output);
  assert.equal(joined(readNotebook(done).cells[1]!.outputs[0]!.text), "42\n");
});

test("jupyter console works", skipIf(skip), async () => {
  const { output } = await run(
    ["-m", "jupyter", "console", "--simple-prompt", "--kernel", "e2gmm"],
    "const seven = 7;\nseven * 6\nexit\n",
  );
  assert.match(output, /42/);
});
