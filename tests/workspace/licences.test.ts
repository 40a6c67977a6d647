import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { importBinder, root } from "./repository";

/** Every npm package shipped in the wheel or the extension includes its licence text. */

interface Text {
  text: string;
  origin: string | undefined;
}
interface Module {
  Licences: new (folders: string[]) => { of(folder: string, known?: string): Text };
  packageFolders(root: string): string[];
  licenceInReadme(text: string): string | undefined;
}
const licences = () => importBinder<Module>("../labextension/licences.mjs");
const bundled = () =>
  importBinder<{ productionPlaces(locked: object, workspace: string): string[] }>(
    "../labextension/bundledPackages.mjs",
  );

/** Every licence text has a copyright line or conditions. */
const terms = /copyright|licen[cs]e/i;

test("each package in the wheel has a licence text", async () => {
  const { Licences, packageFolders } = await licences();
  const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
  const places = (await bundled()).productionPlaces(packages, "kernel-lib");
  assert.ok(places.length > 50);
  // Dawn is optional for npm
  assert.ok(places.includes("node_modules/webgpu"));
  const known = new Licences(packageFolders(root));
  for (const place of places) {
    const { text } = known.of(path.join(root, place));
    assert.ok(text.length > 400 && terms.test(text), place);
  }
});

test("each package in the extension's bundle has a licence text", (t) => {
  const report = path.join(root, "labextension/build/labextension/static/third-party-licenses.json");
  if (!existsSync(report)) {
    t.skip("the extension has not been built");
    return;
  }
  const { packages } = JSON.parse(readFileSync(report, "utf8")) as {
    packages: { name: string; extractedText: string }[];
  };
  assert.ok(packages.length > 50);
  for (const { name, extractedText } of packages) {
    assert.ok(extractedText.length > 400 && terms.test(extractedText), name);
  }
});

const permission = `Permission is hereby granted, free of charge, to any person … ${"x".repeat(400)}`;
const author = { author: "A. Person <a@b.c>" };
const cases: [name: string, manifest: object, files: Record<string, string>, expected: RegExp][] = [
  ["its own licence file", { license: "MIT" }, { "LICENCE.md": "Own text" }, /^Own text$/],
  [
    "files with an underscore in the name",
    { license: "MPL-2.0" },
    { "LICENSE_MPL-2.0.txt": "MPL", LICENSE: "MIT" },
    /^MIT\n\nMPL$/,
  ],
  ["Mozilla's licence", { license: "MPL-2.0" }, {}, /^Mozilla Public License Version 2\.0/],
  ["two files", { license: "MIT" }, { LICENSE: "One", NOTICE: "Two" }, /^One\n\nTwo$/],
  [
    "a README",
    { license: "MIT" },
    { "README.md": `# x\n\n## Licence\n\nCopyright A, 2017.\n\n${permission}\n\n# Next\n` },
    /^Copyright A, 2017\.\n\nPermission is hereby granted[^#]*x\n$/,
  ],
  [
    "only an author",
    { license: "MIT", ...author },
    {},
    /^MIT License\n\nCopyright \(c\) A\. Person\n\nPermission/,
  ],
  [
    "the author of a BSD-licensed package",
    { license: "BSD-3-Clause", ...author },
    {},
    /^BSD 3-Clause License/,
  ],
  ["an old manifest", { licenses: [{ type: "MIT" }], author: { name: "B" } }, {}, /Copyright \(c\) B\n/],
  [
    "contributors",
    { license: "MIT", contributors: [{ name: "C" }, "D <d@e>"] },
    {},
    /Copyright \(c\) C, D\n/,
  ],
  [
    "the same repository",
    { license: "MIT", repository: { url: "git+https://github.com/x/y.git" } },
    {},
    /^Text of the sibling$/,
  ],
  ["Apache's licence", { license: "Apache-2.0" }, {}, /Apache License\s+Version 2\.0, January 2004/],
];

/** A package in its own folder beside one from repository x/y and one under Apache's licence. */
async function textOf(manifest: object, files: Record<string, string>): Promise<Text> {
  const { Licences } = await licences();
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-licences-"));
  const make = (name: string, contents: object, others: Record<string, string>) => {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, "package.json"), JSON.stringify({ name, ...contents }));
    for (const [file, text] of Object.entries(others)) writeFileSync(path.join(folder, name, file), text);
    return path.join(folder, name);
  };
  try {
    const all = [
      make("sibling", { license: "MIT", repository: "x/y" }, { LICENSE: "Text of the sibling" }),
      make(
        "apache",
        { license: "Apache-2.0" },
        { LICENSE: `Apache License\n  Version 2.0, January 2004${"x".repeat(6000)}` },
      ),
      make(
        "mozilla",
        { license: "MIT AND MPL-2.0" },
        { "LICENSE_MPL-2.0.txt": `Mozilla Public License Version 2.0${"x".repeat(6000)}` },
      ),
      make("asked", manifest, files),
    ];
    return new Licences(all).of(all.at(-1)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [name, manifest, files, expected] of cases) {
  test(`the licence text is found from ${name}`, async () => {
    const { text, origin } = await textOf(manifest, files);
    assert.match(text, expected);
    assert.equal(origin === undefined, "LICENSE" in files || "LICENCE.md" in files);
  });
}

for (const [name, manifest] of [
  ["names no licence", author],
  ["names no author", { license: "MIT" }],
  ["has a custom licence", { license: "SEE LICENSE IN x", ...author }],
] as const) {
  test(`a package that ${name} and includes no text is not shipped`, async () => {
    await assert.rejects(textOf(manifest, {}), /asked: no licence text, and none can be made/);
  });
}
