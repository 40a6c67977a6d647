// npm run wheel: builds the Python wheel with the JupyterLab extension, the kernel with its npm packages, and the `e2gmm`
// command, so that users need only `pip install`.
//   node labextension/wheel.mjs [--out FOLDER]      default: labextension/dist
//   node labextension/wheel.mjs --python PROGRAM    skip the set-up: package the existing build with that Python's hatchling
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { exitWith, npm, pythonProgram, root, setup } from "../binder/setup.mjs";
import { command, SetupError } from "../binder/steps.mjs";
import { copyPackages, measure } from "./bundledPackages.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** Files of the npm package as npm would publish them. */
async function publishedFiles(workspace) {
  const listed = await npm(["pack", "--dry-run", "--json", "--ignore-scripts", "--workspace", workspace], {
    cwd: root,
    what: "npm pack",
  });
  const told = JSON.parse(listed);
  // npm 11 prints a list, later versions an object by name
  return Object.values(told)[0].files.map((file) => file.path);
}

/** Lays out the extension, marked as installed by pip. */
function layOutExtension(folder) {
  const built = path.join(here, "build/labextension");
  cpSync(built, folder, { recursive: true });
  // The build uses exact locked versions; the bundle accepts these or later compatible ones from JupyterLab
  const manifest = readJson(path.join(built, "package.json"));
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    if (/^\d/.test(version)) manifest.dependencies[name] = `^${version}`;
  }
  writeJson(path.join(folder, "package.json"), manifest);
  copyFileSync(path.join(here, "install.json"), path.join(folder, "install.json"));
}

/** Lays out the kernelspec of the kernel's own installer, changed to start through Jupyter's Python. */
function layOutKernelspec(prefix) {
  const { installKernelspec } = require("../kernel-lib/dist/jupyter/kernelspec.js");
  const file = path.join(installKernelspec({ prefix }), "kernel.json");
  const spec = readJson(file);
  // node, its flags, script, connection file
  const flags = spec.argv.slice(1, -2);
  writeJson(file, { ...spec, argv: ["python", "-m", "e2gmm_lab.kernel", ...flags, "{connection_file}"] });
}

const creditsHead = `The wheel contains third-party npm packages, unchanged except that files not needed to run them were removed. Their
licences, and the path of each licence text in the Python package e2gmm_lab:`;
const creditsBundled = `The reader of atomic models, e2gmm/dist/atoms/molstarReader.js, contains parts of molstar: MIT
  e2gmm/dist/atoms/LICENSE-molstar.txt`;
const creditsFoot = `The packages bundled into the JupyterLab extension, with their licence texts, are listed in
share/jupyter/labextensions/e2gmm-labextension/static/third-party-licenses.json.`;

/** Lays out the files for hatchling. */
async function layOut(stage) {
  for (const file of ["pyproject.toml", "package.json"]) {
    copyFileSync(path.join(here, file), path.join(stage, file));
  }
  // PyPI's description of the package; README.md is npm's description of the extension
  copyFileSync(path.join(here, "README-PyPI.md"), path.join(stage, "README.md"));
  copyFileSync(path.join(root, "LICENSE"), path.join(stage, "LICENSE"));
  const python = path.join(stage, "e2gmm_lab");
  cpSync(path.join(here, "e2gmm_lab"), python, {
    recursive: true,
    filter: (file) => path.basename(file) !== "__pycache__",
  });
  layOutExtension(path.join(stage, "share/jupyter/labextensions/e2gmm-labextension"));
  layOutKernelspec(stage);
  const { packages, systems, credits } = copyPackages({
    root,
    workspace: "kernel-lib",
    files: {
      "kernel-lib": await publishedFiles("e2gmm"),
      "kernel-lib/tslab-widgets": await publishedFiles("tslab-widgets"),
    },
    into: python,
  });
  writeFileSync(
    path.join(stage, "THIRD-PARTY-LICENSES.txt"),
    `${[creditsHead, ...credits, creditsBundled, creditsFoot].join("\n\n")}\n`,
  );
  return { packages, systems, unpacked: measure(stage) };
}

/**
 * Builds the wheel from the output of `npm run build`. The wheel appears in `out` complete or not at all.
 * @param {object} [options]
 * @param {string} [options.out]    folder for the wheel
 * @param {string} [options.python] Python that has hatchling
 * @returns {Promise<{ file: string, bytes: number, packages: number, systems: string[], unpacked: { bytes: number, files: number } }>}
 * @throws SetupError if an input is missing or hatchling fails
 */
export async function buildWheel({ out = path.join(here, "dist"), python = pythonProgram("python") } = {}) {
  const stage = mkdtempSync(path.join(tmpdir(), "e2gmm-wheel-"));
  const discard = () => rmSync(stage, { recursive: true, force: true });
  // Ctrl-C exits the process without running the finally block
  process.once("exit", discard);
  try {
    const about = await layOut(stage);
    const packed = path.join(stage, "packed");
    await command(python, ["-m", "hatchling", "build", "-t", "wheel", "-d", packed], {
      cwd: stage,
      what: "hatchling build",
      advice: "`node binder/setup.mjs` installs hatchling.",
    });
    const [name] = readdirSync(packed);
    mkdirSync(out, { recursive: true });
    const file = path.join(out, name);
    // Copy first, then rename: the temporary folder may be on another disk
    copyFileSync(path.join(packed, name), `${file}.new`);
    renameSync(`${file}.new`, file);
    return { file, bytes: statSync(file).size, ...about };
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    throw new SetupError(`${error.path} is missing`, { advice: "Build first: npm run build" });
  } finally {
    discard();
    process.off("exit", discard);
  }
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

async function main(args) {
  const usage = () =>
    new SetupError(`npm run wheel: invalid arguments: ${args.join(" ")}`, {
      advice: "npm run wheel [-- --out FOLDER] [--python PROGRAM]",
    });
  const given = {};
  for (let i = 0; i < args.length; i += 2) {
    if (!["--out", "--python"].includes(args[i]) || !args[i + 1]) throw usage();
    given[args[i].slice(2)] = args[i + 1];
  }
  if (given.out) given.out = path.resolve(given.out);
  if (!given.python) await setup();
  const { file, bytes, packages, systems, unpacked } = await buildWheel(given);
  console.log(
    `✔ ${path.relative(process.cwd(), file)}  ${megabytes(bytes)}, ${megabytes(unpacked.bytes)} unpacked`,
  );
  console.log(`  with ${packages} npm packages, for ${systems.join(", ")}`);
  console.log(`  Install with: pip install ${path.relative(process.cwd(), file)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main(process.argv.slice(2)).catch(exitWith);
