import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";
import { root } from "../workspace/repository";

/** Notebooks that are run in the kernel as `npm start -- --execute` does, and their outputs. */

const python = path.join(root, ".venv/bin/python");
const kernel = path.join(root, ".venv/share/jupyter/kernels/e2gmm/kernel.json");

/** Why notebooks cannot be run here, or false. With CI=true this is an error. */
export const skip: string | false =
  existsSync(python) && existsSync(kernel)
    ? false
    : "JupyterLab or the kernel is not set up (npm test does both)";
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

interface Output {
  output_type: string;
  data?: Record<string, string | string[]>;
  text?: string | string[];
}

export interface Notebook {
  cells: {
    cell_type: string;
    id: string;
    source: string[];
    outputs?: Output[];
    execution_count?: number | null;
  }[];
  metadata: { kernelspec: { name: string; display_name: string } };
}

export const joined = (text: string | string[] | undefined) =>
  Array.isArray(text) ? text.join("") : (text ?? "");

/** The file of one of our notebooks. */
export const notebookFile = (name: string) => path.join(root, "notebooks", `${name}.ipynb`);

export const readNotebook = (file: string): Notebook => JSON.parse(readFileSync(file, "utf8"));

/** All outputs of the cells. */
export function outputs(notebook: Notebook) {
  const all = notebook.cells.flatMap((cell) => cell.outputs ?? []);
  return {
    shown: all.filter((output) => output.data !== undefined).map((output) => output.data!),
    figures: all.flatMap((output) => {
      const svg = output.data?.["image/svg+xml"];
      const png = Buffer.from(joined(output.data?.["image/png"]), "base64");
      return svg ? [{ svg: joined(svg), png, words: joined(output.data!["text/plain"]) }] : [];
    }),
    printed: all.map((output) => joined(output.text)).join(""),
    errors: all.filter((output) => output.output_type === "error"),
  };
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-notebook-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a notebook like `npm start -- --execute`. @returns the executed notebook and its output folder */
export function execute(t: TestContext, name: string, variables: Record<string, string>) {
  const folder = temporaryFolder(t);
  const results = path.join(folder, "results");
  const source = notebookFile(name);
  const before = readFileSync(source, "utf8");
  const { status, stderr } = spawnSync(python, [path.join(root, "binder/execute.py"), source, folder], {
    encoding: "utf8",
    env: { ...process.env, JUPYTER_PREFER_ENV_PATH: "1", E2GMM_OUT: results, ...variables },
  });
  assert.equal(status, 0, stderr);
  assert.equal(readFileSync(source, "utf8"), before, "the notebook itself changed");
  return { notebook: readNotebook(path.join(folder, `${name}.ipynb`)), results };
}

/** Checks that a notebook is stored as it was executed, with so many figures, and small enough to view on GitHub. */
export function checkStored(name: string, figures: number): void {
  const notebook = readNotebook(notebookFile(name));
  assert.deepEqual(notebook.metadata.kernelspec, {
    display_name: "TypeScript (e2gmm)",
    language: "typescript",
    name: "e2gmm",
  });
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  assert.deepEqual(
    code.map((cell) => cell.execution_count),
    code.map((_, i) => i + 1),
  );
  const stored = outputs(notebook);
  assert.deepEqual([stored.figures.length, stored.errors.length], [figures, 0]);
  assert.ok(readFileSync(notebookFile(name)).length < 1_000_000);
}
