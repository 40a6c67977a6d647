// Lists public exports of the library without a docstring, and public functions and classes without an `@example`:
//   node tests/docs/undocumented.mjs [FOLDER]     FOLDER such as kernel-lib/src/maps: only its declarations
// Reads the declarations in kernel-lib/dist, so build before. Exit status 1 when there are any.
import { pathToFileURL } from "node:url";
import { publicSymbols } from "./publicSymbols.mjs";

/** What each public symbol lacks, as lines `file  name: what`. */
export function undocumented(symbols = publicSymbols()) {
  return symbols.flatMap(({ name, kind, file, documentation, examples }) => {
    const lacks = [];
    if (documentation === "") lacks.push("docstring");
    if ((kind === "function" || kind === "class") && !examples.some((text) => /```ts\b/.test(text)))
      lacks.push("@example with a ```ts block");
    return lacks.length === 0 ? [] : [`${file}  ${name} (${kind}): no ${lacks.join(", no ")}`];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = process.argv[2]?.replace(/^.*?(?=kernel-lib\/)/, "") ?? "";
  const symbols = publicSymbols().filter(({ file }) => file.startsWith(folder));
  const lines = undocumented(symbols).sort();
  for (const line of lines) console.log(line);
  console.error(`${lines.length} of ${symbols.length} public symbols lack documentation`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
