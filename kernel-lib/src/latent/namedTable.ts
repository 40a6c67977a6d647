import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { shorten } from "../shortText";
import type { Places } from "./places";

/** Names of columns that name images. */
const imageColumns = ["image", "image_name", "rlnImageName"];

/** A table of places with a column of images; undefined if the first line names none. @throws InputError naming the line */
export async function namedTable(file: string): Promise<Places | undefined> {
  const text = await readFile(file, "utf8").catch((error) => {
    throw withFileName(file, error);
  });
  const lines = text.trimEnd().split(/\r?\n/);
  const separator = lines[0]!.includes("\t") ? "\t" : lines[0]!.includes(",") ? "," : /\s+/;
  const wordsOf = (line: string) =>
    line
      .trim()
      .split(separator)
      .map((word) => word.trim());
  const columns = wordsOf(lines[0]!.replace(/^\s*#\s*/, ""));
  const at = columns.findIndex((name) => imageColumns.includes(name.replace(/^_/, "")));
  if (at < 0) return undefined;
  const numeric = columns.flatMap((name, c) => (c === at || name === "index" ? [] : [c]));
  const latent = numeric.length;
  if (latent === 0) throw new InputError(`${file}: line 1`, "a column of numbers beside the images", "none");
  const rows = lines.slice(1);
  if (rows.length === 0) throw new InputError(file, "a line for each particle", "no line");
  const places = new Float64Array(rows.length * latent);
  const values = rows.map((line, i) => {
    const words = wordsOf(line);
    const numbers = numeric.map((c) => (words[c] ? Number(words[c]) : Number.NaN));
    if (words.length !== columns.length || !numbers.every(Number.isFinite)) {
      const expected = `an image and ${latent} numbers`;
      throw new InputError(`${file}: line ${i + 2}`, expected, `"${shorten(line, 60)}"`);
    }
    places.set(numbers, i * latent);
    return words[at]!;
  });
  return { latent, places, names: { column: "image", values } };
}
