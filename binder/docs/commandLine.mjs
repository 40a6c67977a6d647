// Generates the book's page about the command line from the program's help.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "../setup.mjs";
import { SetupError } from "../steps.mjs";

const program = path.join(root, "kernel-lib/bin/e2gmm.js");

function helpOf(...words) {
  const env = { ...process.env, COLUMNS: "96", NO_COLOR: "1" };
  const options = { encoding: "utf8", env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words, "--help"], options);
  if (status !== 0)
    throw new SetupError(`e2gmm ${words.join(" ")} --help failed`, { tail: stderr.split("\n") });
  return stdout.trimEnd();
}

/** Names of the commands that a help text lists. */
function commandsIn(help) {
  const list = help.split(/^Commands:$/m)[1]?.split(/\n\n/)[0] ?? "";
  return [...list.matchAll(/^ {2}([a-z]\S*)/gm)].map(([, name]) => name).filter((name) => name !== "help");
}

const block = (text) => ["```text", text, "```", ""].join("\n");

/** @returns {string} the page, in Markdown */
export function commandLinePage() {
  const general = helpOf();
  const sections = commandsIn(general).map((name) => {
    const help = helpOf(name);
    const inner = commandsIn(help).map((word) => `### ${name} ${word}\n\n${block(helpOf(name, word))}`);
    return [`## ${name}`, "", block(help), ...inner].join("\n");
  });
  return `# Command line

Everything needed for scripts and clusters is a command: \`e2gmm\` where the package is installed,
\`node kernel-lib/bin/e2gmm.js\` in a checkout. [Run on a cluster](cluster.md) shows how the commands fit together. This page is
what \`--help\` prints.

${block(general)}
${sections.join("\n")}`;
}
