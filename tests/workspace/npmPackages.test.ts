import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type typescript from "typescript";
import { afterAll, beforeAll, describe, test } from "vitest";
import { importBinder, importModule, root } from "./repository";

/** The npm packages as published: packed, unpacked beside a program that uses them, and checked there. */

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports?: Record<string, string | { types: string; default: string }>;
  typesVersions?: { "*": Record<string, [string]> };
}

/** Minimal types of packages whose declarations are not found with node10 resolution. */
interface Publint {
  publint(options: { pack: { tarball: ArrayBuffer } }): Promise<{ messages: object[]; pkg: object }>;
}
interface PublintUtils {
  formatMessage(message: object, pkg: object): string;
}
interface Attw {
  createPackageFromTarballData(tarball: Uint8Array): object;
  checkPackage(
    tarball: object,
    options: { excludeEntrypoints: RegExp[] },
  ): Promise<{ types: object | false; problems: object[]; entrypoints: Record<string, object> }>;
}

interface Packed {
  manifest: Manifest;
  files: string[];
  tarball: Buffer;
  /** Folder of the unpacked package. */
  folder: string;
}

const workspaces = ["tslab-widgets", "e2gmm", "e2gmm-labextension"];

/** Inside the repository, so that the packages' dependencies are found. */
let consumer: string;
const packages: Record<string, Packed> = {};

function pack(workspace: string): Packed {
  const options = ["--json", "--ignore-scripts", "--workspace", workspace, "--pack-destination", consumer];
  const told = execFileSync("npm", ["pack", ...options], { cwd: root, encoding: "utf8" });
  // A list or an object by name, depending on npm's version
  const [{ filename, files }] = Object.values(JSON.parse(told)) as [
    { filename: string; files: { path: string }[] },
  ];
  const tarball = path.join(consumer, filename);
  execFileSync("tar", ["-xzf", tarball, "-C", consumer]);
  const folder = path.join(consumer, "node_modules", workspace);
  cpSync(path.join(consumer, "package"), folder, { recursive: true });
  rmSync(path.join(consumer, "package"), { recursive: true });
  return {
    manifest: JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")),
    files: files.map((file) => file.path).sort(),
    tarball: readFileSync(tarball),
    folder,
  };
}

beforeAll(async () => {
  mkdirSync(path.join(root, "tests/artefacts"), { recursive: true });
  consumer = mkdtempSync(path.join(root, "tests/artefacts/consumer-"));
  // Added to the build by `prepack`
  const { bundleWidgetModule } = await importBinder<{ bundleWidgetModule(): Promise<void> }>(
    "../labextension/widgetModule.mjs",
  );
  await bundleWidgetModule();
  for (const workspace of workspaces) packages[workspace] = pack(workspace);
});
afterAll(() => rmSync(consumer, { recursive: true, force: true }));

for (const workspace of workspaces) {
  describe(`the npm package ${workspace}`, () => {
    test("has README and licence, and no test, test helper, source map or build info", () => {
      const { files, folder } = packages[workspace]!;
      for (const needed of ["LICENSE", "README.md", "package.json"])
        assert.ok(files.includes(needed), needed);
      assert.equal(
        readFileSync(path.join(folder, "LICENSE"), "utf8"),
        readFileSync(path.join(root, "LICENSE"), "utf8"),
      );
      const idle = /\.map$|\.tsbuildinfo$|\.test\.|(^|\/)testing\.|(^|\/)\.[^/]*$|(?<!\.d)\.ts$|\.(whl|tgz)$/;
      assert.deepEqual(
        files.filter((file) => idle.test(file)),
        [],
      );
    });

    test("names its licence, and no local path or registry", () => {
      const { manifest, folder } = packages[workspace]!;
      assert.equal(manifest.license, "BSD-3-Clause");
      assert.doesNotMatch(JSON.stringify(manifest), /"file:|"link:|"workspace:|"private"/);
      const readme = readFileSync(path.join(folder, "README.md"), "utf8").replaceAll(/```[\s\S]*?```/g, "");
      // Relative links do not work on npm's package page
      assert.doesNotMatch(readme, /\]\((?!https?:)/);
    });

    test("passes publint", async () => {
      const { publint } = await importModule<Publint>("publint");
      const { formatMessage } = await importModule<PublintUtils>("publint/utils");
      const { messages, pkg } = await publint({
        pack: { tarball: Uint8Array.from(packages[workspace]!.tarball).buffer },
      });
      assert.deepEqual(
        messages.map((message) => formatMessage(message, pkg)),
        [],
      );
    });
  });
}

/** The compiler's diagnostics for programs in the consumer's folder. */
function diagnose(
  ts: typeof typescript,
  resolution: { module: number; moduleResolution: number },
  programs: Record<string, string>,
): string[] {
  for (const [name, source] of Object.entries(programs)) writeFileSync(path.join(consumer, name), source);
  const program = ts.createProgram(
    Object.keys(programs).map((name) => path.join(consumer, name)),
    {
      ...resolution,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts"],
      esModuleInterop: true,
      strict: true,
      noEmit: true,
      // The declarations themselves are checked in package.test.ts
      skipLibCheck: true,
      types: ["node"],
      typeRoots: [path.join(root, "node_modules/@types")],
    },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map((d) => `${d.file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(d.messageText, "\n")}`);
}

/** The examples of a package's README, as modules. */
function readmeExamples(workspace: string): Record<string, string> {
  const readme = readFileSync(path.join(packages[workspace]!.folder, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/```ts\b.*\n([\s\S]*?)```/g)].map(([, code]) => code!);
  assert.ok(blocks.length > 0);
  return Object.fromEntries(
    blocks.map((code, i) => [`${workspace}-readme${i}.mts`, `${code}\nexport {};\n`]),
  );
}

for (const workspace of ["tslab-widgets", "e2gmm"]) {
  describe(`the entry points of ${workspace}`, () => {
    /** The package itself and its sub-paths, as listed in the exports. */
    const entryPoints = () =>
      Object.keys(packages[workspace]!.manifest.exports!)
        .filter((key) => !key.includes("*") && !key.startsWith("./dist/") && key !== "./package.json")
        .map((key) => path.posix.join(workspace, key));

    test("pass attw: types resolve like code in every kind of module resolution", async () => {
      const attw = await importModule<Attw>("@arethetypeswrong/core");
      const tarball = attw.createPackageFromTarballData(packages[workspace]!.tarball);
      // ./dist/… is kept only for existing importers
      const analysis = await attw.checkPackage(tarball, { excludeEntrypoints: [/^\.\/dist\//] });
      assert.ok(analysis.types);
      assert.deepEqual(analysis.problems, []);
      for (const name of entryPoints()) {
        assert.ok(analysis.entrypoints[name === workspace ? "." : name.replace(workspace, ".")], name);
      }
    });

    test("have the same declarations in exports and in typesVersions (for older resolution)", () => {
      const { exports: entries, typesVersions } = packages[workspace]!.manifest;
      const older = Object.fromEntries(
        Object.entries(typesVersions!["*"]).map(([name, [file]]) => [`${workspace}/${name}`, `./${file}`]),
      );
      const newer = Object.fromEntries(
        entryPoints()
          .filter((name) => name !== workspace)
          .map((name) => [name, (entries![name.replace(workspace, ".")] as { types: string }).types]),
      );
      assert.deepEqual(older, newer);
    });

    test("can be required, unlike other files", () => {
      const fromConsumer = createRequire(path.join(consumer, "program.js"));
      for (const name of entryPoints()) assert.ok(fromConsumer(name), name);
      assert.equal(fromConsumer(`${workspace}/package.json`).name, workspace);
      assert.throws(
        () => fromConsumer(`${workspace}/bin/${workspace}.js`),
        /ERR_PACKAGE_PATH_NOT_EXPORTED|not exported/,
      );
    });

    /** Imports each entry point such that missing declarations are an error and not `any`. */
    const useAll = () =>
      entryPoints()
        .map(
          (name, i) =>
            `import * as m${i} from "${name}";\n` +
            `// @ts-expect-error no entry point has such a name\nexport const n${i} = m${i}.noSuchName;\n`,
        )
        .join("");

    test("are found by TypeScript 5.0 of notebooks with node10 resolution", () => {
      const ts: typeof typescript = require("@tslab/typescript-for-tslab");
      assert.match(ts.version, /^5\.0\./);
      const node10 = { module: ts.ModuleKind.CommonJS, moduleResolution: 2 };
      assert.deepEqual(diagnose(ts, node10, { [`${workspace}.ts`]: useAll() }), []);
    });

    test("are found by current resolution, and the README's examples compile", () => {
      const ts: typeof typescript = require("typescript");
      const { NodeNext } = ts.ModuleKind;
      const current = { module: NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
      const programs = { [`${workspace}.mts`]: useAll(), ...readmeExamples(workspace) };
      assert.deepEqual(diagnose(ts, current, programs), []);
    });
  });
}

describe("e2gmm", () => {
  test("can be required by the paths that the extension still uses", () => {
    const fromConsumer = createRequire(path.join(consumer, "program.js"));
    for (const name of ["e2gmm/dist/widgets", "e2gmm/dist/errors.js", "e2gmm/dist/errors"])
      assert.ok(fromConsumer(name), name);
    const old: typeof typescript = require("@tslab/typescript-for-tslab");
    const ts: typeof typescript = require("typescript");
    const widgets = `export { IntSlider } from "e2gmm/dist/widgets";\n`;
    const node10 = { module: old.ModuleKind.CommonJS, moduleResolution: 2 };
    const current = {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    };
    const found = [
      ...diagnose(old, node10, {
        "dist.ts": `export { shortNumber } from "e2gmm/dist/display/checks";\n${widgets}`,
      }),
      ...diagnose(ts, current, {
        "dist.mts": `export { shortNumber } from "e2gmm/dist/display/checks.js";\n${widgets}`,
      }),
    ];
    assert.deepEqual(found, []);
  });

  test("imports no Node modules in the entry points for front ends", () => {
    const { exports: entries } = packages["e2gmm"]!.manifest;
    const forFrontEnds = Object.keys(entries!)
      .filter((key) => /^\.\/(formats|errors|display)\b/.test(key))
      .map((key) => path.posix.join("e2gmm", key));
    assert.ok(forFrontEnds.length >= 5);
    const fromConsumer = createRequire(path.join(consumer, "program.js"));
    const seen = new Set<string>();
    const open = forFrontEnds.map((name) => fromConsumer.resolve(name));
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      for (const [, name] of readFileSync(file, "utf8").matchAll(/\brequire\("([^"]+)"\)/g)) {
        assert.match(name!, /^\./, file);
        open.push(require.resolve(path.resolve(path.dirname(file), name!)));
      }
    }
  });
});
