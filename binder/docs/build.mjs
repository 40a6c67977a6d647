// npm run docs: builds the book from notebooks/index.md, notebooks/guide and the notebooks with their stored outputs; the
// reference of the library and the command line is generated from the sources and from `--help`.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { exitWith, findPython, installLocked, root, steps } from "../setup.mjs";
import { command, filesBelow, hashFiles, Progress, runStep, SetupError } from "../steps.mjs";
import { writeApiPages } from "./apiPages.mjs";
import { bookProblems } from "./bookLinks.mjs";
import { commandLinePage } from "./commandLine.mjs";

const at = (...parts) => path.join(root, ...parts);

const help = `npm run docs               set up what is missing and build the book; its first page is book/html/index.html
npm run docs -- --check    the same, then check its links: those inside it, and that no page loads anything from elsewhere`;

const venv = at(".venv-docs");
const book = at("book");
const source = path.join(book, "source");
export const html = path.join(book, "html");

/** Sphinx's Python environment, separate from JupyterLab's, since only builders of the book need it. */
function sphinxEnvironment() {
  const requirements = at("binder/docs-requirements.txt");
  const python = path.join(venv, "bin/python");
  return {
    name: "Python packages of the book",
    stamp: path.join(venv, ".e2gmm-lab-ready"),
    outputs: [path.join(venv, "bin/sphinx-build")],
    inputs: () => `${hashFiles(root, [requirements])} ${venv}`,
    run: async (say) => {
      rmSync(venv, { recursive: true, force: true });
      await command(findPython(), ["-m", "venv", venv], { say, what: "python -m venv" });
      await installLocked(python, requirements, say);
    },
  };
}

/** Writes a file only if its content changes, so that Sphinx detects changes. */
function writeIfNew(file, content) {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Pages of the repository included in the book. */
const repositoryPages = {
  "BENCHMARKS.md": "guide/benchmarks.md",
  "CHANGELOG.md": "guide/changes.md",
  "CONTRIBUTING.md": "guide/contributing.md",
};

/** A page with its links adapted to the book. @param {string} file in the repository @param {string} page in the book */
function pageText(file, page) {
  return readFileSync(at(file), "utf8").replace(/\]\((?![a-z]+:|#)([^)#\s]+)/g, (link, target) => {
    const linked = path.posix.join(path.posix.dirname(file), target);
    const inBook =
      repositoryPages[linked] ??
      (linked.startsWith("notebooks/") ? linked.slice("notebooks/".length) : undefined);
    return inBook === undefined ? link : `](${path.posix.relative(path.posix.dirname(page), inBook)}`;
  });
}

/**
 * Collects the input of Sphinx: the pages of notebooks/ and the generated ones.
 * @returns whether the set of pages has changed, so that links of unchanged pages must be resolved again
 */
async function gatherSource() {
  const kept = new Map();
  const written = filesBelow(at("notebooks"), ["output", ".ipynb_checkpoints", "__pycache__"]);
  for (const file of written.filter((each) => /\.(md|ipynb|png|svg)$/.test(each))) {
    const page = path.relative(at("notebooks"), file);
    kept.set(page, page.endsWith(".md") ? pageText(path.relative(root, file), page) : readFileSync(file));
  }
  for (const [file, page] of Object.entries(repositoryPages)) kept.set(page, pageText(file, page));
  kept.set("guide/command-line.md", commandLinePage());
  const api = path.join(book, "api");
  await writeApiPages(api);
  for (const file of filesBelow(api)) kept.set(`guide/api/${path.relative(api, file)}`, readFileSync(file));
  const before = filesBelow(source).map((file) => path.relative(source, file));
  for (const [name, content] of kept) writeIfNew(path.join(source, name), content);
  for (const name of before) if (!kept.has(name)) rmSync(path.join(source, name));
  return before.length !== kept.size || !before.every((name) => kept.has(name));
}

/** Builds the book. Every warning of Sphinx is an error. @throws SetupError */
export async function buildBook() {
  const progress = new Progress();
  const needed = steps().filter(({ name }) => name === "npm packages" || name === "build");
  for (const step of [...needed, sphinxEnvironment()]) await runStep(step, progress);
  progress.begin("book");
  try {
    const otherPages = await gatherSource();
    const configuration = at("notebooks/guide");
    const options = [
      "-b",
      "html",
      "-W",
      "--keep-going",
      "-q",
      "-c",
      configuration,
      "-d",
      path.join(book, "doctrees"),
    ];
    if (otherPages) rmSync(html, { recursive: true, force: true });
    const all = otherPages ? ["-E"] : [];
    await command(path.join(venv, "bin/sphinx-build"), [...options, ...all, source, html], {
      cwd: root,
      what: "sphinx-build",
      env: { PYTHONDONTWRITEBYTECODE: "1" },
      say: (line) => progress.say(line),
    });
  } catch (error) {
    progress.end(false);
    throw error;
  }
  progress.end(true);
}

async function main(args) {
  if (args.some((word) => word !== "--check")) {
    console.log(help);
    process.exitCode = args.includes("--help") || args.includes("-h") ? 0 : 1;
    return;
  }
  await buildBook();
  console.log(path.relative(process.cwd(), path.join(html, "index.html")));
  if (!args.includes("--check")) return;
  const problems = bookProblems(html);
  if (problems.length > 0) throw new SetupError("links of the book are broken", { tail: problems });
  console.log("Every link was found.");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main(process.argv.slice(2)).catch(exitWith);
