// Lists types that a public signature names but the index does not export, and links in docstrings that lead nowhere:
//   node tests/docs/unexported.mjs
// Exit status 1 when there are any.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { writeApiPages } from "../../binder/docs/apiPages.mjs";

/** Types of the state that widgets share with their front end; it is documented by the modules e2gmm/messages/…. */
const ofFrontEnd = /\.kind\.__type|densityMapTraits/;

/** TypeDoc's warnings about the public interface. */
export async function unexported() {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-api-"));
  try {
    const warnings = await writeApiPages(path.join(folder, "api"));
    return warnings.filter((line) => !ofFrontEnd.test(line) && !/^Found \d+ errors/.test(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const lines = (await unexported()).sort();
  for (const line of lines) console.log(line);
  console.error(`${lines.length} warnings`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
