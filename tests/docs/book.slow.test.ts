import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipIf } from "../requirement";
import { importModule, root } from "../workspace/repository";

// The book is built as `npm run docs` builds it. Its Python packages come from PyPI once, so offline there may be none.

const builder = path.join(root, "binder/docs/build.mjs");
const html = path.join(root, "book/html");

interface Links {
  bookProblems(folder: string): string[];
}

const installed = existsSync(path.join(root, ".venv-docs/bin/sphinx-build"));
const skipped =
  process.env["CI"] !== "true" &&
  !installed &&
  "the book's Python packages are not installed (npm run docs installs them)";

const files = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
    statSync(path.join(folder, name)).isFile(),
  );

describe("the book", skipIf(skipped), () => {
  let built: { status: number | null; output: string };
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [builder, "--check"], {
      cwd: root,
      encoding: "utf8",
    });
    built = { status, output: `${stdout}${stderr}` };
  });

  test("is built without a warning, its links lead somewhere, and no page loads anything from elsewhere", () => {
    expect(built.status, built.output).toBe(0);
  });

  test("has every page of the guide, every namespace of the library, and every command", () => {
    const index = readFileSync(path.join(html, "index.html"), "utf8");
    for (const name of files(path.join(root, "notebooks/guide")).filter((file) => file.endsWith(".md"))) {
      expect(index).toContain(`guide/${name.replace(/\.md$/, ".html")}`);
    }
    const declarations = readFileSync(path.join(root, "kernel-lib/src/index.ts"), "utf8");
    for (const [, name] of declarations.matchAll(/^export \* as (\w+)/gm)) {
      expect(existsSync(path.join(html, `guide/api/${name}.html`)), name).toBe(true);
    }
    const commands = readFileSync(path.join(html, "guide/command-line.html"), "utf8");
    for (const name of [
      "simulate",
      "neutral",
      "train",
      "decode",
      "latent",
      "reconstruct",
      "kernel install",
    ]) {
      expect(commands).toContain(`Usage: e2gmm ${name}`);
    }
  });
});

describe("the pictures of the book", () => {
  test("have at most 150 kB", () => {
    const pictures = path.join(root, "notebooks/pictures");
    const large = files(pictures).filter(
      (name) => /\.(png|jpe?g|svg)$/.test(name) && statSync(path.join(pictures, name)).size > 150 * 1024,
    );
    expect(large).toEqual([]);
  });
});

describe("the check of links", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-links-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const problemsOf = async (body: string) => {
    const { bookProblems } = await importModule<Links>(path.join(root, "binder/docs/bookLinks.mjs"));
    writeFileSync(path.join(folder, "other.html"), '<h1 id="top">Other</h1>');
    writeFileSync(path.join(folder, "page.html"), body);
    return bookProblems(folder);
  };

  for (const [what, body, problem] of [
    ["a missing page", '<a href="gone.html">x</a>', /gone\.html.*leads nowhere/],
    ["a missing place on a page", '<a href="other.html#gone">x</a>', /other\.html#gone.*no such place/],
    ["a missing place on the page itself", '<a href="#gone">x</a>', /#gone.*no such place/],
    ["a missing picture", '<img src="gone.png">', /gone\.png.*leads nowhere/],
    [
      "a script from elsewhere",
      '<script src="https://cdn.example.org/x.js"></script>',
      /loaded from elsewhere/,
    ],
    [
      "a style from elsewhere",
      '<link rel="stylesheet" href="//fonts.example.org/x.css">',
      /loaded from elsewhere/,
    ],
    ["a picture from elsewhere", '<img src="https://example.org/x.png">', /loaded from elsewhere/],
    ["an address that is none", '<a href="https://no host/">x</a>', /not a well-formed address/],
  ] as const) {
    test(`finds ${what}`, async () => {
      const problems = await problemsOf(body);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(problem);
    });
  }

  test("finds nothing wrong with good links", async () => {
    const good =
      '<a href="other.html#top">x</a><a href="https://doi.org/10.1038/x">y</a><a href="#a" id="a">z</a>';
    expect(await problemsOf(good)).toEqual([]);
  });
});
