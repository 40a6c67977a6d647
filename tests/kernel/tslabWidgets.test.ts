import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { notebookOf } from "../notebookFile";
import { skipIf } from "../requirement";
import { repositoryRoot } from "../testing";

/** The npm package tslab-widgets in a project that knows nothing of e2gmm: packed, installed, and run there. */

const python = path.join(repositoryRoot, ".venv/bin/python");
const skip = existsSync(python) ? false : `no Python environment at ${python}`;

let folder: string;
/** The project in which the package is installed. */
let project: string;
/** Where the notebooks lie: outside the project. */
let notebooks: string;

const installed = () => path.join(project, "node_modules/tslab-widgets");

/** Packs the package and unpacks it in the project; links its dependencies. */
function install(): void {
  const options = [
    "--json",
    "--ignore-scripts",
    "--workspace",
    "tslab-widgets",
    "--pack-destination",
    folder,
  ];
  const told = JSON.parse(
    execFileSync("npm", ["pack", ...options], { cwd: repositoryRoot, encoding: "utf8" }),
  );
  const [{ filename }] = Object.values(told) as [{ filename: string }];
  execFileSync("tar", ["-xzf", path.join(folder, filename), "-C", folder]);
  const modules = path.join(repositoryRoot, "node_modules");
  mkdirSync(path.join(project, "node_modules"), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (/^\.|^e2gmm|^tslab-widgets$/.test(name)) continue;
    symlinkSync(path.join(modules, name), path.join(project, "node_modules", name));
  }
  renameSync(path.join(folder, "package"), installed());
}

/** A library of the project: plain JavaScript with declarations, and a module to be preloaded. */
function writeLibrary(): void {
  const library = path.join(project, "library");
  mkdirSync(library);
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "my-library", version: "3.2.1", main: "index.js" }),
    "index.js": `const { IntSlider } = require("tslab-widgets");
exports.dial = (value) => new IntSlider({ description: "Dial", value });`,
    "index.d.ts": `import { IntSlider } from "tslab-widgets";\nexport declare function dial(value: number): IntSlider;`,
    "setup.js": "globalThis.preloaded = 'yes';",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(library, name), text);
}

function command(...args: string[]): string {
  const program = path.join(installed(), "bin/tslab-widgets.js");
  return execFileSync(process.execPath, [program, ...args], { cwd: project, encoding: "utf8" });
}

interface Output {
  data?: Record<string, string | string[]>;
  ename?: string;
  evalue?: string;
  text?: string | string[];
}

const joined = (text: string | string[] | undefined) => [text ?? ""].flat().join("");

/** Runs cells in a notebook by nbclient. @returns the outputs of each cell */
async function execute(kernel: string, cells: string[]): Promise<Output[][]> {
  writeFileSync(path.join(notebooks, "cells.ipynb"), JSON.stringify(notebookOf(cells, { kernel })));
  const args = ["-m", "nbconvert", "--to", "notebook", "--execute", "cells.ipynb", "--output", "done.ipynb"];
  const child = spawn(python, args, {
    cwd: notebooks,
    env: { ...process.env, JUPYTER_PATH: path.join(folder, "share/jupyter"), PYTHONWARNINGS: "ignore" },
  });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(status, 0, printed);
  const done = JSON.parse(readFileSync(path.join(notebooks, "done.ipynb"), "utf8"));
  return done.cells.map(({ outputs }: { outputs: Output[] }) => outputs);
}

const shown = (outputs: Output[] | undefined, type = "text/plain") =>
  joined(outputs?.find(({ data }) => data?.[type])?.data?.[type]);

describe("tslab-widgets, installed in another project", () => {
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tslab-widgets-")));
    project = path.join(folder, "project");
    notebooks = path.join(folder, "notebooks");
    mkdirSync(notebooks);
    install();
    writeLibrary();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds no word of e2gmm but in the names of its authors", () => {
    const files = readdirSync(installed(), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.length > 50);
    const found = files
      .map(({ parentPath, path: older, name }) => path.join(parentPath ?? older, name))
      .filter((file) =>
        readFileSync(file, "utf8")
          .replaceAll("the e2gmm-lab developers", "")
          .match(/e2gmm|cryo/i),
      );
    assert.deepEqual(found, []);
  });

  test("writes, replaces and removes kernelspecs of any name", () => {
    writeFileSync(path.join(project, "logo.svg"), "<svg/>");
    const place = ["--name", "my-lab", "--prefix", folder];
    const spec = command("install", "--display-name", "My lab", "--logo", "logo.svg", ...place).trim();
    assert.equal(spec, path.join(folder, "share/jupyter/kernels/my-lab"));
    const written = JSON.parse(readFileSync(path.join(spec, "kernel.json"), "utf8"));
    assert.equal(written.display_name, "My lab");
    assert.equal(readFileSync(path.join(spec, "logo-svg.svg"), "utf8"), "<svg/>");
    command("install", "--display-name", "Other", ...place);
    assert.match(readFileSync(path.join(spec, "kernel.json"), "utf8"), /"Other"/);
    assert.equal(command("uninstall", ...place).trim(), `${spec} is removed`);
    assert.equal(existsSync(spec), false);
  });

  test("runs the README's slider and chart", skipIf(skip), async () => {
    command("install", "--name", "plain", "--prefix", folder);
    const [example] = /(?<=```ts\n)[\s\S]*?(?=```)/.exec(
      readFileSync(path.join(installed(), "README.md"), "utf8"),
    )!;
    const [panel, chart] = await execute("plain", [example, "frequency.value = 5; chart"]);
    assert.match(shown(panel), /^Frequency 5 \(0\.5 to 10\)/);
    assert.match(shown(panel, "text/html"), /<input type="range"[^>]* value="5"/);
    assert.match(shown(chart, "text/html"), /<polyline points="0,50 2,43\.7/);
  });

  test("runs notebooks that use a library of the project from elsewhere, typed", skipIf(skip), async () => {
    const options = ["--package", "library", "--preload", "./setup.js", "--name", "my-lab"];
    command("install", ...options, "--display-name", "My lab", "--prefix", folder);
    const [first, second, third] = await execute("my-lab", [
      `import { dial } from "my-library"; const d = dial(3); d`,
      `import { HBox } from "tslab-widgets"; d.value += 4; const row = new HBox([d]); const n: number = d.value; n`,
      `[(globalThis as any).preloaded, row.children.length]`,
    ]);
    assert.equal(shown(first), "Dial 7 (0 to 100)");
    assert.equal(shown(second), "7");
    assert.equal(shown(third), "[ 'yes', 1 ]");
  });
});
