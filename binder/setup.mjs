// Sets up everything that `npm start` and `npm test` need: npm packages, build, Python environment, Jupyter kernels.
// Runs before any `npm install`, so it uses only Node's built-in modules. Usage:
//   node binder/setup.mjs            set up whatever is missing or outdated
//   node binder/setup.mjs --check    list the steps and their state, change nothing; exit status 1 if any is missing
//   node binder/setup.mjs --prefix P install the kernels into the Jupyter at P instead of .venv (for mybinder)
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { command, filesBelow, hashFiles, isCurrent, Progress, runStep, SetupError } from "./steps.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const at = (...parts) => path.join(root, ...parts);

const oldestNode = 20;
const oldestPython = [3, 10]; // required by JupyterLab 4.6
const venv = at(".venv");
const retry = "Completed steps are kept; fix this and run the same command again.";

/** Path of a program in the Python environment, such as `jupyter-lab`. */
export const pythonProgram = (name) => path.join(venv, "bin", name);

/** Environment variables for Jupyter programs: kernels of `.venv` take precedence over the user's. */
export const jupyterEnvironment = { JUPYTER_PREFER_ENV_PATH: "1" };

function checkNode() {
  if (Number(process.versions.node.split(".")[0]) < oldestNode) {
    throw new SetupError(`Node ${oldestNode} or newer is needed; this is ${process.version}`, {
      advice: "On Debian 13 or Ubuntu 25.04 and newer: apt install nodejs npm",
    });
  }
}

/** Runs the npm that started this process, or else the one on the PATH. */
export function npm(args, options) {
  const cli = process.env["npm_execpath"];
  const isNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli);
  return isNpm ? command(process.execPath, [cli, ...args], options) : command("npm", args, options);
}

/** Whether node_modules holds exactly the locked packages, according to npm's own record. */
export function holdsLockedPackages(lockText, installedText) {
  const locked = JSON.parse(lockText).packages;
  const installed = JSON.parse(installedText).packages;
  const same = (a, b) => a.version === b.version && a.integrity === b.integrity && a.link === b.link;
  for (const [name, entry] of Object.entries(locked)) {
    if (name === "" || (installed[name] === undefined && (entry.optional || entry.peer))) continue;
    if (installed[name] === undefined || !same(entry, installed[name])) return false;
  }
  return Object.keys(installed).every((name) => locked[name] !== undefined);
}

function npmPackages() {
  const manifests = [
    "package.json",
    "package-lock.json",
    "kernel-lib/package.json",
    "kernel-lib/tslab-widgets/package.json",
    "labextension/package.json",
    ".npmrc",
  ].map((file) => at(file));
  const record = at("node_modules/.package-lock.json");
  return {
    name: "npm packages",
    stamp: at("node_modules/.e2gmm-lab"),
    outputs: [record],
    inputs: () => `${hashFiles(root, manifests)} ${process.platform} ${process.arch}`,
    adopt: () =>
      existsSync(record) &&
      existsSync(at("node_modules/e2gmm")) &&
      existsSync(at("node_modules/tslab-widgets")) &&
      holdsLockedPackages(readFileSync(at("package-lock.json"), "utf8"), readFileSync(record, "utf8")),
    run: async (say) => {
      await npm(["ci", "--no-audit", "--no-fund"], {
        cwd: root,
        say,
        what: "npm ci",
        advice: `Packages come from npm's registry as your npm is set up (proxy, certificates). ${retry}`,
      });
      await socketAddon(say);
    },
  };
}

/**
 * The kernel's sockets need a compiled addon. The package includes one for Linux and macOS on x64 and ARM64; elsewhere its
 * install script, which .npmrc disables, builds it.
 */
async function socketAddon(say) {
  const { status } = spawnSync(process.execPath, ["-e", "require('zeromq')"], { cwd: root });
  if (status === 0) return;
  await npm(["rebuild", "zeromq", "--ignore-scripts=false"], {
    cwd: root,
    say,
    what: "npm rebuild zeromq",
    advice: `zeromq has no prebuilt addon for this system; building it needs a C++ compiler, CMake and Ninja. ${retry}`,
  });
}

/** The build's output for JupyterLab. */
const extensionBundle = "labextension/build/labextension";

/** Tests and their helpers run from their sources and are not compiled. */
const isTest = (file) => /\.test\.(helper\.)?[^.]+$/.test(file);

/** Removes outputs whose source was deleted or is no longer compiled, so that nothing stale is imported. */
export function pruneOrphans(sourceFolder, outputFolder) {
  for (const file of filesBelow(outputFolder)) {
    const stem = path.relative(outputFolder, file).match(/^(.*?)(\.d\.ts|\.js)(\.map)?$/)?.[1];
    if (stem === undefined) continue;
    const source = path.join(sourceFolder, `${stem}.ts`);
    if (!existsSync(source) || isTest(source)) rmSync(file);
  }
}

/** Whether a source has no compiled file. */
function lacksOutput(sourceFolder, outputFolder) {
  return filesBelow(sourceFolder, ["dist"])
    .filter((file) => /(?<!\.d)\.ts$/.test(file) && !isTest(file))
    .some(
      (file) => !existsSync(path.join(outputFolder, path.relative(sourceFolder, file).replace(/ts$/, "js"))),
    );
}

function build() {
  const sources = () =>
    [
      ...["package.json", "package-lock.json", "tsconfig.json", "kernel-lib/package.json"].map((file) =>
        at(file),
      ),
      ...["kernel-lib/tsconfig.json", "kernel-lib/build.mjs"].map((file) => at(file)),
      ...["package.json", "tsconfig.json", "build.mjs"].map((file) => at("kernel-lib/tslab-widgets", file)),
      ...filesBelow(at("kernel-lib/tslab-widgets/src")),
      ...filesBelow(at("kernel-lib/src")),
      ...filesBelow(at("kernel-lib/assembly")),
      ...["package.json", "tsconfig.json", "build.mjs", "licences.mjs"].map((file) =>
        at("labextension", file),
      ),
      ...["src", "schema", "style"].flatMap((folder) => filesBelow(at("labextension", folder))),
      ...filesBelow(at("tests"), ["dist", "artefacts"]).filter((file) => /\.(ts|json)$/.test(file)),
    ].filter((file) => !isTest(file));
  return {
    name: "build",
    stamp: at("kernel-lib/dist/.built"),
    outputs: [
      at("kernel-lib/tslab-widgets/dist/index.js"),
      at("kernel-lib/dist/index.js"),
      at(extensionBundle, "package.json"),
      at("tests/dist"),
    ],
    inputs: () => hashFiles(root, sources()),
    run: async (say) => {
      for (const [source, output] of [
        [at("kernel-lib/tslab-widgets/src"), at("kernel-lib/tslab-widgets/dist")],
        [at("kernel-lib/src"), at("kernel-lib/dist")],
        [at("labextension/src"), at("labextension/lib")],
        [at("tests"), at("tests/dist")],
      ]) {
        pruneOrphans(source, output);
        // tsc trusts its build info and would not write a deleted output again
        if (lacksOutput(source, output)) rmSync(path.join(output, ".tsbuildinfo"), { force: true });
      }
      await npm(["run", "build", "--silent"], { cwd: root, say, what: "npm run build" });
    },
  };
}

/** The first Python on the PATH that is new enough. @throws SetupError naming the Debian package that is missing */
export function findPython() {
  const asked = process.env["PYTHON"];
  const candidates = asked
    ? [asked]
    : ["python3", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
  const probe = "import sys; print(*sys.version_info[:2]); import venv, ensurepip";
  const seen = [];
  let withoutVenv;
  for (const program of candidates) {
    const { error, status, stdout } = spawnSync(program, ["-c", probe], { encoding: "utf8" });
    const version = stdout?.trim().split(" ").map(Number);
    if (error || version?.length !== 2) continue;
    seen.push(`${program} ${version.join(".")}`);
    if (version[0] !== oldestPython[0] || version[1] < oldestPython[1]) continue;
    if (status === 0) return program;
    withoutVenv ??= version.join(".");
  }
  if (withoutVenv) {
    throw new SetupError(`Python ${withoutVenv} was found, but its venv module is missing`, {
      advice: `Debian and Ubuntu: sudo apt install python3-venv (or python${withoutVenv}-venv)`,
    });
  }
  throw new SetupError(
    `Python ${oldestPython.join(".")} or newer is needed; found: ${seen.join(", ") || "none"}`,
    {
      advice:
        "Debian and Ubuntu: sudo apt install python3 python3-venv. To use another one: PYTHON=/path/to/python3",
    },
  );
}

/** Installs Python packages from a requirements file with exact versions and hashes. */
export async function installLocked(python, requirements, say) {
  const options = ["--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"];
  await command(python, ["-m", "pip", "install", ...options, "-r", requirements], {
    say,
    what: "pip install",
    noise: /^Ignoring .* markers /,
    advice: `Packages come from PyPI as your pip is set up (proxy, certificates). ${retry}`,
  });
}

/** Defaults for JupyterLab's settings: no news and no update checks over the network. Users may change them. */
const labSettings = {
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
};

/**
 * The Python environment in .venv. A marker file in it shows that this set-up created it and whether it is complete: an
 * incomplete one is recreated, an outdated one is updated in place (additions of `npm run native` stay), and one without
 * the marker is left alone.
 */
function pythonEnvironment() {
  const requirements = at("binder/requirements.txt");
  const marker = path.join(venv, ".e2gmm-lab");
  const stamp = path.join(venv, ".e2gmm-lab-ready");
  const python = pythonProgram("python");
  const settings = path.join(venv, "share/jupyter/lab/settings");
  return {
    name: "Python environment",
    stamp,
    outputs: [python, pythonProgram("jupyter-lab")],
    // Scripts in the environment contain its path, so it must be recreated after a move
    inputs: () => `${hashFiles(root, [requirements])} ${venv} ${JSON.stringify(labSettings)}`,
    run: async (say) => {
      if (existsSync(venv) && !existsSync(marker)) {
        throw new SetupError(`${venv} was not created by this set-up and is left alone`, {
          advice: "Move or delete it, then run the same command again.",
        });
      }
      const finished = existsSync(marker) && readFileSync(marker, "utf8") === venv && existsSync(python);
      if (!finished) {
        const base = findPython();
        rmSync(venv, { recursive: true, force: true });
        mkdirSync(venv);
        writeFileSync(marker, "unfinished");
        await command(base, ["-m", "venv", venv], { say, what: `${base} -m venv` });
      }
      writeFileSync(marker, "unfinished");
      await installLocked(python, requirements, say);
      mkdirSync(settings, { recursive: true });
      writeFileSync(path.join(settings, "overrides.json"), `${JSON.stringify(labSettings, null, 2)}\n`);
      writeFileSync(marker, venv);
    },
  };
}

const kernelJson = (file) => path.join(file, "kernel.json");

/** The stock tslab kernel, which also runs the library (with static figures). */
function tslabKernel(prefix) {
  const folder = path.join(prefix, "share/jupyter/kernels/tslab");
  const spec = {
    argv: [
      process.execPath,
      at("node_modules/tslab/bin/tslab"),
      "kernel",
      "--config-path",
      "{connection_file}",
    ],
    display_name: "TypeScript (tslab)",
    language: "typescript",
  };
  return {
    name: "kernel tslab",
    stamp: path.join(folder, ".e2gmm-lab"),
    outputs: [kernelJson(folder)],
    inputs: () => JSON.stringify(spec),
    run: async () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${kernelJson(folder)}.new`, `${JSON.stringify(spec, null, 2)}\n`);
      renameSync(`${kernelJson(folder)}.new`, kernelJson(folder));
    },
  };
}

/** The kernel of this package, installed by its own installer. */
function e2gmmKernel(prefix) {
  const folder = path.join(prefix, "share/jupyter/kernels/e2gmm");
  const installer = at("kernel-lib/dist/jupyter/kernelspec.js");
  return {
    name: "kernel e2gmm",
    stamp: path.join(folder, ".e2gmm-lab"),
    outputs: [kernelJson(folder)],
    inputs: () => {
      const sources = ["src/jupyter/kernelspec.ts", "tslab-widgets/src/kernel/kernelspec.ts"];
      const hash = hashFiles(
        root,
        sources.map((file) => at("kernel-lib", file)),
      );
      return `${hash} ${process.execPath} ${root}`;
    },
    run: async () => {
      if (!existsSync(installer)) throw new SetupError(`${installer} is missing, since the build failed`);
      const { default: kernelspec } = await import(pathToFileURL(installer).href);
      kernelspec.installKernelspec({ prefix });
    },
  };
}

/**
 * The extension in JupyterLab's extension folder. A link, so that reloading the page loads a new build; removed first,
 * since an older set-up or a wheel may have left a folder there.
 */
function labExtension(prefix) {
  const folder = path.join(prefix, "share/jupyter/labextensions");
  const link = path.join(folder, "e2gmm-labextension");
  return {
    name: "JupyterLab extension",
    stamp: path.join(folder, ".e2gmm-lab"),
    outputs: [path.join(link, "package.json")],
    inputs: () => at(extensionBundle),
    run: async () => {
      mkdirSync(folder, { recursive: true });
      rmSync(link, { recursive: true, force: true });
      symlinkSync(at(extensionBundle), link, "dir");
    },
  };
}

/** The steps in order. @param {string} [prefix] a Jupyter to use instead of `.venv` */
export function steps(prefix) {
  const python = prefix === undefined ? [pythonEnvironment()] : [];
  const place = prefix ?? venv;
  return [npmPackages(), build(), ...python, labExtension(place), e2gmmKernel(place), tslabKernel(place)];
}

/**
 * Runs every step that is not current.
 * @param {object} [options]
 * @param {string} [options.prefix] a Jupyter to use instead of `.venv`
 * @param {(error: SetupError) => void} [options.onBuildError] called when the build fails, after which set-up continues; without it, set-up stops
 * @returns {Promise<string[]>} names of the steps that ran
 */
export async function setup({ prefix, onBuildError } = {}) {
  checkNode();
  const progress = new Progress();
  const ran = [];
  for (const step of steps(prefix)) {
    try {
      if (await runStep(step, progress)) ran.push(step.name);
    } catch (error) {
      if (step.name !== "build" || onBuildError === undefined || !(error instanceof SetupError)) throw error;
      onBuildError(error);
    }
  }
  return ran;
}

/** Prints a set-up error and exits with status 1; any other error is a bug and is printed with its stack. */
export function exitWith(error) {
  console.error(error instanceof SetupError ? error.describe() : error);
  process.exit(1);
}

async function main(args) {
  const given = args.indexOf("--prefix");
  const prefix = given < 0 ? undefined : args[given + 1];
  if (args.includes("--check")) {
    const missing = steps(prefix).filter((step) => !isCurrent(step));
    for (const step of steps(prefix)) console.log(`${isCurrent(step) ? "current" : "missing"}  ${step.name}`);
    process.exit(missing.length === 0 ? 0 : 1);
  }
  const ran = await setup({ prefix });
  console.log(ran.length === 0 ? "Everything is up to date." : `Set up: ${ran.join(", ")}.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main(process.argv.slice(2)).catch(exitWith);
