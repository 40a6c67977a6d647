// Type-checks and runs the examples of the documentation: every ```ts block below an `@example` tag in kernel-lib/src, and in
// the pages of the book and the READMEs. The code cells of the notebooks are type-checked, too.
//   node tests/docs/examples.mjs [PATH …]     PATH such as kernel-lib/src/maps or README.md: only the examples there
// The declarations of kernel-lib/dist are checked against, so build before. Exit status 1 when an example fails.
//
// An example is a cell of a notebook: `import * as e2 from "e2gmm"` is implicit, `await` works at the top level, and the files
// of fixture.mjs lie in the working folder. ```ts no-run is only type-checked. On a page, ```ts continued goes on after the
// block before it; ```ts setup=NAME begins with what examples/NAME.ts in this folder has.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeFixture } from "./fixture.mjs";
import { root } from "./publicSymbols.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const fromLibrary = createRequire(path.join(root, "kernel-lib/package.json"));
const ts = createRequire(fromLibrary.resolve("tslab/package.json"))("@tslab/typescript-for-tslab");

/**
 * @typedef {object} Example
 * @property {string} place file and line, for messages
 * @property {string} file relative to the repository
 * @property {string[]} lines of code as it is checked and run
 * @property {(number | string)[]} at line of the file that each of them is, counted from 1; in a notebook, cell and line
 * @property {boolean} run whether it is run, too
 */

function filesBelow(folder, matches) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && matches(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !/\/(node_modules|dist|output|reference|_build|\.ipynb_checkpoints)\//.test(file))
    .sort();
}

const fence = /^([ \t]*)(`{3,})ts(?:[ \t]+([^\n`]*))?\n([\s\S]*?)^[ \t]*\2[ \t]*$/gm;

/** The ```ts blocks of a Markdown text. */
function blocksOf(text) {
  return [...text.matchAll(fence)].map((match) => ({
    words: (match[3] ?? "").split(/[\s,]+/).filter(Boolean),
    code: match[4].replace(new RegExp(`^${match[1]}`, "gm"), ""),
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

function example(file, { code, words, line }) {
  const lines = code.trimEnd().split("\n");
  const name = path.relative(root, file);
  return {
    place: `${name}:${line}`,
    file: name,
    lines,
    at: lines.map((_, i) => line + i),
    run: !words.includes("no-run"),
  };
}

/** The kernel's own package; its examples may use every name that it exports without saying from where. */
const widgetsPackage = path.join(root, "kernel-lib/tslab-widgets");
const widgetEntries = {
  "tslab-widgets": "dist/index.d.ts",
  "tslab-widgets/testing": "dist/widgets/fakeTransport.d.ts",
};

/** Names that the entry points of the kernel's package export, with the entry point of each. */
let widgetNames;
function namesOfWidgets() {
  if (widgetNames) return widgetNames;
  const entries = Object.entries(widgetEntries).map(([name, file]) => [
    name,
    path.join(widgetsPackage, file),
  ]);
  const program = ts.createProgram(
    entries.map(([, file]) => file),
    cellOptions,
  );
  const checker = program.getTypeChecker();
  widgetNames = new Map();
  for (const [entry, file] of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    for (const { name } of checker.getExportsOfModule(module)) {
      if (!widgetNames.has(name)) widgetNames.set(name, entry);
    }
  }
  return widgetNames;
}

/** Imports of the names of the kernel's package that occur in a code. */
function widgetImports(code) {
  const used = new Set(code.match(/\b[A-Za-z_]\w*\b/g));
  const declared = new Set(
    [...code.matchAll(/\b(?:const|let|class|function) (\w+)/g)].map(([, name]) => name),
  );
  const found = [...namesOfWidgets()].filter(([name]) => used.has(name) && !declared.has(name));
  return found.map(([name, entry]) => `import { ${name} } from "${entry}"; `).join("");
}

/** What a notebook would have run: the library is imported under its usual name. */
function codeOf({ file, lines }) {
  const code = lines.join("\n");
  if (/^import .* from "tslab-widgets/m.test(code)) return code;
  const own = path.resolve(root, file).startsWith(`${widgetsPackage}/`) ? widgetImports(code) : "";
  return /\bimport \* as e2\b/.test(code) ? code : `import * as e2 from "e2gmm"; ${own}${code}`;
}

/** Examples in the comments of a source file. */
function examplesOfSource(file) {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    if (!comment[0].includes("@example")) return [];
    const first = text.slice(0, comment.index).split("\n").length;
    // Keeps the number of lines, so that places stay right
    const plain = comment[0].replace(/^[ \t]*(\/\*\*|\*(?!\/)) ?/gm, "");
    const start = plain.indexOf("@example");
    return blocksOf(plain.slice(0, start).replace(/[^\n]/g, "") + plain.slice(start)).map((block) =>
      example(file, { ...block, line: first + block.line - 1 }),
    );
  });
}

/** Examples of a page; a block may continue an earlier one. */
function examplesOfPage(file) {
  const found = [];
  let last;
  for (const block of blocksOf(readFileSync(file, "utf8"))) {
    const one = example(file, block);
    if (!block.words.includes("continued")) {
      found.push(one);
      if (one.run) last = one;
      continue;
    }
    if (!last) throw new Error(`${one.place}: no block before it is run`);
    const joined = { lines: [...last.lines, ...one.lines], at: [...last.at, ...one.at] };
    if (one.run) Object.assign(last, joined);
    else found.push({ ...one, ...joined });
  }
  return found;
}

/** The code cells of a notebook, one after the other. They are run by the tests of the notebooks. */
function examplesOfNotebook(file) {
  const name = path.relative(root, file);
  const cells = JSON.parse(readFileSync(file, "utf8")).cells.filter((cell) => cell.cell_type === "code");
  const numbered = cells.flatMap(({ id, source }) =>
    [source]
      .flat()
      .join("")
      .split("\n")
      .map((line, i) => ({ line, at: `cell ${id}: ${i + 1}` })),
  );
  const lines = numbered.map(({ line }) => line);
  return [{ place: name, file: name, lines, at: numbered.map(({ at }) => at), run: false }];
}

/** @param {string[]} only paths relative to the repository; none for all @returns {Example[]} */
export function collectExamples(only = []) {
  const sources = ["kernel-lib/src", "kernel-lib/tslab-widgets/src"].flatMap((folder) =>
    filesBelow(path.join(root, folder), (name) => /(?<!\.test|\.helper|\.d)\.ts$/.test(name)),
  );
  const pages = [
    ...[
      "README.md",
      "kernel-lib/README.md",
      "kernel-lib/tslab-widgets/README.md",
      "labextension/README.md",
      "labextension/README-PyPI.md",
    ].map((name) => path.join(root, name)),
    ...filesBelow(path.join(root, "notebooks"), (name) => name.endsWith(".md")),
  ].filter((file) => existsSync(file));
  const notebooks = filesBelow(path.join(root, "notebooks"), (name) => name.endsWith(".ipynb"));
  const all = [
    ...sources.flatMap(examplesOfSource),
    ...pages.flatMap(examplesOfPage),
    ...notebooks.flatMap(examplesOfNotebook),
  ];
  const wanted = only.map((each) => path.relative(root, path.resolve(each)));
  return all.filter(
    ({ file }) => only.length === 0 || wanted.some((each) => file === each || file.startsWith(`${each}/`)),
  );
}

/** Compiler options of tslab's converter, with which the kernel checks cells. */
const cellOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  esModuleInterop: true,
  noImplicitUseStrict: true,
  experimentalDecorators: true,
  resolveJsonModule: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
  typeRoots: [path.join(root, "node_modules/@types")],
};

/** Checks all examples in one program. @param {Example[]} examples @returns {string[]} problems with their locations */
export function checkTypes(examples) {
  // Beside the library, so that its name resolves as it does in a notebook
  const virtual = new Map(examples.map((each, i) => [path.join(root, "kernel-lib", `example${i}.ts`), each]));
  const types = path.join(root, "kernel-lib/dist");
  const options = {
    ...cellOptions,
    baseUrl: root,
    paths: {
      e2gmm: [path.join(types, "index.d.ts")],
      "e2gmm/widgets": [path.join(types, "widgets/index.d.ts")],
    },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => virtual.has(file) || fileExists(file);
  host.getSourceFile = (file, ...rest) => {
    const found = virtual.get(file);
    return found
      ? ts.createSourceFile(file, `${codeOf(found)}\nexport {};`, options.target, true)
      : getSourceFile.call(host, file, ...rest);
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  const found = [...virtual].flatMap(([file, each]) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      (found) => {
        const { line } = source.getLineAndCharacterOfPosition(found.start);
        const message = ts.flattenDiagnosticMessageText(found.messageText, " ");
        return `${each.file}:${each.at[line] ?? each.at.at(-1)}: TS${found.code}: ${message}`;
      },
    );
  });
  // A block that others go on after is checked more than once
  return [...new Set(found)];
}

/** Examples as the kernel would run them: CommonJS in an asynchronous function. */
function compiled(each) {
  const { outputText } = ts.transpileModule(codeOf(each), {
    compilerOptions: { ...cellOptions, noEmit: false, module: ts.ModuleKind.CommonJS },
  });
  return outputText;
}

/** Runs the examples one after the other in one process; an example should take less than a second. @returns {Promise<string[]>} what failed or took too long */
export async function runExamples(examples, longest = 30_000) {
  if (!examples.some(({ run }) => run)) return [];
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-examples-"));
  try {
    const fixture = path.join(folder, "fixture");
    const work = path.join(folder, "work");
    await makeFixture(fixture);
    cpSync(fixture, work, { recursive: true });
    const jobs = path.join(folder, "jobs.json");
    const results = path.join(folder, "results.json");
    const code = examples
      .filter(({ run }) => run)
      .map((each) => ({ place: each.place, code: compiled(each) }));
    writeFileSync(jobs, JSON.stringify(code));
    const child = spawnSync(process.execPath, [path.join(here, "runExamples.mjs"), jobs, results, fixture], {
      cwd: work,
      encoding: "utf8",
      timeout: 300_000,
      maxBuffer: 1 << 28,
    });
    if (!existsSync(results)) return [`the process ended early: ${child.stderr.slice(-3000)}`];
    const done = JSON.parse(readFileSync(results, "utf8"));
    return [
      ...done.flatMap(({ place, error, ms }) =>
        error ? [`${place}: ${error}`] : ms > longest ? [`${place}: took ${(ms / 1000).toFixed(1)} s`] : [],
      ),
      ...code.slice(done.length).map(({ place }) => `${place}: the process ended before or in it`),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const examples = collectExamples(process.argv.slice(2));
  const wrong = checkTypes(examples);
  for (const line of wrong) console.log(line);
  const failed = wrong.length > 0 || examples.length === 0 ? [] : await runExamples(examples);
  for (const line of failed) console.log(line);
  console.error(
    `${examples.length} examples: ${wrong.length} type errors, ${failed.length} that failed or took too long`,
  );
  process.exitCode = wrong.length + failed.length === 0 ? 0 : 1;
}
