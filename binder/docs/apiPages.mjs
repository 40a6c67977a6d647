// Generates the book's reference of the library with TypeDoc: one page per namespace.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../setup.mjs";
import { command, filesBelow } from "../steps.mjs";

const sources = path.join(root, "kernel-lib/src");

/** Options of TypeDoc and of its Markdown plugin. */
const options = {
  entryPoints: [path.join(sources, "index.ts")],
  tsconfig: path.join(root, "kernel-lib/tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  readme: "none",
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  disableGit: true,
  outputFileStrategy: "modules",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  expandParameters: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  typeDeclarationFormat: "table",
  propertyMembersFormat: "table",
  tableColumnSettings: {
    hideInherited: true,
    hideOverrides: true,
    hideSources: true,
    leftAlignHeaders: true,
  },
  groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables", "*"],
};

/** Description of a namespace: the first comment of the file that it is exported from. */
function descriptionOf(name, from = path.join(sources, "index.ts")) {
  const target = readFileSync(from, "utf8").match(new RegExp(`export \\* as ${name} from "\\./(.*)"`))?.[1];
  if (!target) return "";
  for (const file of [`${target}/index.ts`, `${target}.ts`]) {
    try {
      const text = readFileSync(path.join(path.dirname(from), file), "utf8");
      const comment = text.match(/^\/\*\*([\s\S]*?)\*\//)?.[1] ?? "";
      return comment
        .replace(/^\s*\* ?/gm, "")
        .replace(/\{@link (\S+?)\}/g, "`$1`")
        .trim();
    } catch {
      // the other one
    }
  }
  return "";
}

/** `e2gmm/namespaces/widgets/namespaces/traits.md` is the page widgets.traits. */
function pageName(file) {
  const names = file
    .replace(/(\/README)?\.md$/, "")
    .split("/")
    .filter((part) => part !== "namespaces" && part !== "e2gmm");
  return names.length === 0 || file === "README.md" ? "index" : names.join(".").replace(/-\d+$/, "");
}

/** Sections of every entry; as headings they would clutter the table of contents. */
const parts =
  "Parameters|Type Parameters|Returns|Throws|Examples?|Default Value|Default|See|Remarks|Extends|Extended by|Overrides|" +
  "Inherited from|Implementation of|Implements|Type Declaration|Call Signature|Index Signature";

/** Simplifies the plugin's output. */
function readable(text) {
  return (
    text
      .replace(new RegExp(`^#{3,6} (${parts})$`, "gm"), "**$1**")
      .replace(/\| `undefined` (?=\|)/g, "| ")
      .replace(/\| - (?=\|)/g, "| ")
      // Sphinx cannot link to rows of tables
      .replace(/\[((?:[^[\]]|\\.)*)\]\([^)\s]*#(?:property|enumeration-member)-[^)\s]*\)/g, "$1")
      .replace(/<a id="(?:property|enumeration-member)-[^"]*"><\/a> ?/g, "")
  );
}

/** Writes the pages into a folder. @returns TypeDoc's warnings */
export async function writeApiPages(folder) {
  const made = `${folder}.typedoc`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const settings = path.join(made, "typedoc.json");
  writeFileSync(settings, JSON.stringify({ ...options, out: path.join(made, "pages") }));
  const program = path.join(root, "node_modules/typedoc/bin/typedoc");
  const warnings = [];
  await command(process.execPath, [program, "--options", settings], {
    cwd: root,
    what: "typedoc",
    say: (line) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the terminal
      const plain = line.replace(/\x1b\[[\d;]*m/g, "");
      if (/^\[warning\]/.test(plain)) warnings.push(plain.replace(/^\[warning\] */, ""));
    },
  });
  const pages = path.join(made, "pages");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = [];
  for (const file of filesBelow(pages)) {
    const relative = path.relative(pages, file).replaceAll(path.sep, "/");
    const name = pageName(relative);
    const text = readable(readFileSync(file, "utf8")).replace(
      /\]\(([^)#:\s]+\.md)(#[^)]*)?\)/g,
      (_, target, anchor = "") => {
        const linked = pageName(path.posix.normalize(path.posix.join(path.posix.dirname(relative), target)));
        return `](${linked}.md${anchor})`;
      },
    );
    if (name !== "index") names.push(name);
    writeFileSync(path.join(folder, `${name}.md`), name === "index" ? text : withTitle(name, text));
  }
  names.sort();
  writeFileSync(
    path.join(folder, "index.md"),
    indexPage(readFileSync(path.join(folder, "index.md"), "utf8"), names),
  );
  rmSync(made, { recursive: true, force: true });
  return warnings;
}

function withTitle(name, text) {
  const prefix =
    name === "widgets" ? "\n\nNames without a prefix in the examples are those of `e2.widgets`." : "";
  const description = name.includes(".") ? "" : `${descriptionOf(name)}${prefix}`;
  return text.replace(/^# .*\n/, `# e2.${name}\n\n${description}\n`);
}

function indexPage(text, names) {
  const rest = text.replace(/^# .*\n/, "").replace(/## Namespaces\n[\s\S]*?(?=\n## |$)/, "");
  const list = names.map(
    (name) => `| [e2.${name}](${name}.md) | ${descriptionOf(name).split("\n\n")[0].replace(/\n/g, " ")} |`,
  );
  return `# Library

Contents of \`import * as e2 from "e2gmm"\`: the most common functions here, all others in namespaces. In a notebook, Shift-Tab
on a name shows the same text, and Tab completes names.

| | |
| --- | --- |
${list.join("\n")}

\`\`\`{toctree}
:hidden:

${names.map((name) => `e2.${name} <${name}>`).join("\n")}
\`\`\`
${rest}`;
}
