import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type typescript from "typescript";
import { describe, test } from "vitest";
import { root } from "./repository";

const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const manifest = (file: string) => JSON.parse(read(file));

/** Entries of Python lock files: `name==version ; marker` and hashes. */
function pythonLocks(): { file: string; packages: { name: string; hashes: string[] }[] }[] {
  return ["requirements.txt", "docs-requirements.txt", "tensorflow-cpu.txt", "tensorflow-gpu.txt"].map(
    (name) => {
      const file = `binder/${name}`;
      const entries = read(file).trim().replaceAll(" \\\n    ", "\u0000").split("\n");
      return {
        file,
        packages: entries.map((entry) => {
          const [name, ...hashes] = entry.split("\u0000");
          return { name: name!, hashes };
        }),
      };
    },
  );
}

test("all packages of the workspace have the same version, also in the lock file", () => {
  const { version, workspaces } = manifest("package.json");
  const lock = manifest("package-lock.json");
  assert.equal(lock.version, version);
  for (const workspace of workspaces) {
    assert.equal(manifest(`${workspace}/package.json`).version, version, workspace);
    assert.equal(lock.packages[workspace].version, version, `${workspace} in package-lock.json`);
  }
});

test("all other copies of the version agree, and the changelog has it", () => {
  const { version } = manifest("package.json");
  const places: Record<string, RegExp> = {
    "CITATION.cff": /^version: (.+)$/m,
    "binder/conda/recipe.yaml": /^ {2}version: "(.+)"$/m,
    "kernel-lib/src/explorer/module.ts": /widgetModuleVersion = "(.+)"/,
    "labextension/src/module.ts": /widgetModuleVersion = "(.+)"/,
  };
  for (const [file, pattern] of Object.entries(places))
    assert.equal(read(file).match(pattern)?.[1], version, file);
  assert.equal(manifest("labextension/package.json").dependencies.e2gmm, version, "e2gmm for the extension");
  assert.equal(manifest("kernel-lib/package.json").dependencies["tslab-widgets"], version, "tslab-widgets");
  assert.match(read("CHANGELOG.md"), new RegExp(`^## \\[?${version.replaceAll(".", "\\.")}\\b`, "m"));
});

test("mybinder finds an environment, and no Dockerfile that would override it", () => {
  assert.ok(existsSync(path.join(root, "binder/environment.yml")));
  assert.ok(!existsSync(path.join(root, "binder/Dockerfile")));
});

test("the workflow for public hosting runs the documented commands", () => {
  const workflow = read(".github/workflows/ci.yml");
  for (const needed of ["bash .ci/run", "npm test", "npm run wheel", "npm pack"]) {
    assert.match(workflow, new RegExp(`^ +- run: ${needed.replace(".", "\\.")}( .*)?$`, "m"), needed);
  }
  const matrix = workflow.match(/^ {8}node: \[(.+)\]$/m)?.[1];
  assert.equal(matrix, "20, 22, 24");
});

test("the lock files name packages and versions but no registry", () => {
  assert.doesNotMatch(read("package-lock.json"), /"resolved": "[^"]*:/);
  for (const { name, hashes } of pythonLocks().flatMap(({ packages }) => packages)) {
    assert.match(name, /^[a-z0-9][a-z0-9._-]*==[0-9][\w.]*( ; .+)?$/i);
    assert.ok(hashes.length > 0, name);
    for (const hash of hashes) assert.match(hash, /^--hash=sha256:[0-9a-f]{64}$/);
  }
});

test("Python packages are installed by hash, and only those in the lock file", () => {
  for (const script of ["binder/setup.mjs", "binder/native.mjs"]) {
    const text = read(script);
    const installs = text.match(/"install"/g)?.length ?? 0;
    assert.ok(installs > 0, script);
    for (const option of ["--require-hashes", "--no-deps"]) assert.ok(text.includes(`"${option}"`), script);
  }
  for (const { file, packages } of pythonLocks()) {
    const { name } = packages.find(({ name }) => name.startsWith("tensorflow")) ?? packages[0]!;
    if (!file.includes("tensorflow")) continue;
    const [, version] = name.match(/^tensorflow(?:-cpu)?==([\d.]+)$/) ?? [];
    assert.ok(
      version && read("binder/native.mjs").includes(`const tensorflow = "${version}"`),
      `${file}: ${name}`,
    );
  }
});

/** Packages that may have an install script, and why they work although it does not run. */
const withScripts: Record<string, string> = {
  "@fortawesome/fontawesome-free": "prints credits",
  "@scarf/scarf": "counts downloads",
  "es5-ext": "prints a message",
  webgpu: "takes the mark of a download from its macOS addon, which npm's packages do not have",
  zeromq: "builds its addon if none is prebuilt: socketAddon in binder/setup.mjs",
};

test("install scripts of npm packages do not run, and every package with one is known to work without it", () => {
  assert.match(read(".npmrc"), /^ignore-scripts=true$/m);
  const { packages } = manifest("package-lock.json");
  const found = Object.entries<{ hasInstallScript?: boolean }>(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([place]) => place.replace(/^.*node_modules\//, ""));
  assert.deepEqual([...new Set(found)].sort(), Object.keys(withScripts).sort());
});

test("the npm lock file holds all dependencies of locked packages, also for other systems", () => {
  // npm ci rejects a lock file without an optional package, such as a tool's build for another system
  const { packages } = manifest("package-lock.json");
  const missing: string[] = [];
  for (const [place, entry] of Object.entries<Record<string, object>>(packages)) {
    for (const name of Object.keys({ ...entry["dependencies"], ...entry["optionalDependencies"] })) {
      let folder = place;
      while (folder !== "" && packages[`${folder}/node_modules/${name}`] === undefined) {
        folder = folder.replace(/(^|\/)[^/]*$/, "");
      }
      if (folder === "" && packages[`node_modules/${name}`] === undefined)
        missing.push(`${name} of ${place}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("every required Python package is locked", () => {
  for (const file of ["binder/requirements", "binder/docs-requirements"]) {
    const locked = new Set(read(`${file}.txt`).match(/^[^=\s]+/gm));
    const asked = read(`${file}.in`).match(/^[a-z][\w.-]*(?<!\.)/gim) ?? [];
    assert.ok(asked.length > 0);
    for (const name of asked) assert.ok(locked.has(name), `${name} is not in ${file}.txt`);
  }
});

test("no tracked file contains a registry host or a local path", (t) => {
  if (!existsSync(path.join(root, ".git"))) {
    t.skip("not a git checkout");
    return;
  }
  // Assembled here, so that this file does not contain them
  const hosts = [
    ["registry", "npmjs", "org"],
    ["registry", "yarnpkg", "com"],
    ["files", "pythonhosted", "org"],
    ["pypi", "org"],
    ["deb", "debian", "org"],
    ["conda", "anaconda", "org"],
  ].map((parts) => parts.join("."));
  const folders = ["work", "root", "home/[a-z]+", "Users/[A-Za-z]+"].map(
    (name) => `(?<![\\w.~*/-])/${name}/[\\w.]`,
  );
  const forbidden = new RegExp([...hosts.map((host) => host.replaceAll(".", "\\.")), ...folders].join("|"));
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  const files = tracked.filter((file) => file !== "" && existsSync(path.join(root, file)));
  assert.ok(files.length > 0);
  const found: string[] = [];
  for (const file of files) {
    const bytes = readFileSync(path.join(root, file));
    if (bytes.includes(0)) continue;
    bytes
      .toString("utf8")
      .split("\n")
      .forEach((line, i) => {
        const hit = line.match(forbidden);
        if (hit) found.push(`${file}:${i + 1}: ${hit[0]}`);
      });
  }
  assert.deepEqual(found, []);
});

describe("a notebook's TypeScript 5.0 with its node10 resolution", () => {
  const ts: typeof typescript = require("@tslab/typescript-for-tslab");
  const options: typescript.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    module: ts.ModuleKind.CommonJS,
    moduleResolution: 2, // node10, as 5.0 calls it
    esModuleInterop: true,
    strict: true,
    noEmit: true,
    types: ["node"],
    typeRoots: [path.join(root, "node_modules/@types")],
  };

  /**
   * Diagnostics for cells and our declarations, by file name; declarations of other packages are ignored.
   */
  function diagnose(cells: Record<string, string>): { file: string; message: string }[] {
    const folder = mkdtempSync(path.join(root, "tests/dist/consumer-"));
    try {
      for (const [name, source] of Object.entries(cells)) writeFileSync(path.join(folder, name), source);
      const program = ts.createProgram(
        Object.keys(cells).map((name) => path.join(folder, name)),
        options,
      );
      const built = ["kernel-lib/dist", "kernel-lib/tslab-widgets/dist"].map((each) => path.join(root, each));
      const ours = [folder, ...built].map((each) => each + path.sep);
      return ts
        .getPreEmitDiagnostics(program)
        .filter(
          (d) => d.file === undefined || ours.some((each) => path.resolve(d.file!.fileName).startsWith(each)),
        )
        .map((d) => ({
          file: path.basename(d.file?.fileName ?? ""),
          message: ts.flattenDiagnosticMessageText(d.messageText, "\n"),
        }));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("accepts the package's declarations and checks a cell against them", () => {
    assert.match(ts.version, /^5\.0\./);
    const [wrong, ...others] = diagnose({
      "good.ts": `import * as e2 from "e2gmm";\nexport const names: string[] = Object.keys(e2);\n`,
      "wrong.ts": `import { noSuchName } from "e2gmm";\nexport default noSuchName;\n`,
    });
    assert.deepEqual(others, []);
    assert.equal(wrong?.file, "wrong.ts");
    assert.match(wrong!.message, /noSuchName/);
  });
});

test("requiring the package gives exactly the values in its declarations", () => {
  const ts: typeof typescript = require("typescript");
  const entry = path.join(root, "kernel-lib/dist/index.d.ts");
  const program = ts.createProgram([entry], {
    skipLibCheck: true,
    moduleResolution: ts.ModuleResolutionKind.Node10,
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!);
  const isValue = (symbol: typescript.Symbol) => {
    const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return (meant.flags & ts.SymbolFlags.Value) !== 0;
  };
  const promised = checker.getExportsOfModule(module!).filter(isValue);
  assert.deepEqual(Object.keys(require("e2gmm")).sort(), promised.map((symbol) => symbol.name).sort());
});
