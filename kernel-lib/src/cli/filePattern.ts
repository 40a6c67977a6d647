import { readdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";

/** Order of names in which numbers count as numbers. */
const order = new Intl.Collator("en", { numeric: true });

/**
 * Files that match: names, or patterns with * in the last part of the path (for shells that leave them alone), in the order of the
 * numbers in their names.
 * @throws InputError naming `option` for a pattern without a file
 */
export async function matchingFiles(patterns: readonly string[], option: string): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    const [folder, name] = [path.dirname(pattern), path.basename(pattern)];
    if (!name.includes("*")) {
      found.push(pattern);
      continue;
    }
    const escaped = name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    const matches = new RegExp(`^${escaped}$`);
    const names = await readdir(folder).catch((error) => {
      throw withFileName(folder, error);
    });
    const own = names.filter((one) => matches.test(one));
    if (own.length === 0) throw new InputError(option, "files of this pattern", pattern);
    found.push(...own.map((one) => path.join(folder, one)));
  }
  return [...new Set(found)].sort(order.compare);
}

/** The last number in a file's name. @throws InputError if there is none */
export function numberInName(file: string): number {
  const numbers = path.basename(file, path.extname(file)).match(/\d+/g);
  if (!numbers) throw new InputError(file, "a name with a number, such as state_07.mrc", path.basename(file));
  return Number(numbers.at(-1));
}
