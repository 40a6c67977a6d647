// Puts the outputs of an executed notebook into the notebook itself, so that they show on GitHub:
//   npm start -- --execute && node notebooks/keep.mjs [NAME]
// Only for a run that changed no cell. Times of cells are left out, since they differ each time, and so are PNG pictures beside an
// SVG, which would make the file three times as large.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const name = process.argv[2] ?? "first-light";
const file = path.join(here, `${name}.ipynb`);
const notebook = JSON.parse(readFileSync(file, "utf8"));
const executed = JSON.parse(readFileSync(path.join(here, "output", `${name}.ipynb`), "utf8"));
const text = (cell) => [cell.source].flat().join("");

if (executed.cells.map(text).join("\0") !== notebook.cells.map(text).join("\0")) {
  console.error(`output/${name}.ipynb: not a run of ${name}.ipynb as it is now; run npm start -- --execute`);
  process.exit(1);
}
notebook.cells.forEach((cell, c) => {
  if (cell.cell_type !== "code") return;
  cell.outputs = executed.cells[c].outputs;
  for (const { data } of cell.outputs) if (data?.["image/svg+xml"]) delete data["image/png"];
  cell.execution_count = executed.cells[c].execution_count;
});
writeFileSync(`${file}.new`, `${JSON.stringify(notebook, null, 1)}\n`);
renameSync(`${file}.new`, file);
