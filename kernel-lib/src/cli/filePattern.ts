import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";

/** Order of names in which numbers count as numbers. */
const order = new Intl.Collator("en", { numeric: true });

/** Endings of maps. */
const mapName = /\.(mrc|map|ccp4)(\.gz|\.bz2)?$/i;

/**
 * Files that match: names, patterns with * in the last part of the path (for shells that leave them alone), or folders, of which the
 * files with the ending `ofFolder` are meant, in the order of the numbers in their names.
 * @throws InputError naming `option` for a pattern without a file
 */
export async function matchingFiles(
  patterns: readonly string[],
  option: string,
  ofFolder = mapName,
): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    const isFolder = await stat(pattern).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    const name = path.basename(pattern);
    if (!isFolder && !name.includes("*")) {
      found.push(pattern);
      continue;
    }
    const folder = isFolder ? pattern : path.dirname(pattern);
    const escaped = name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    const matches = isFolder ? ofFolder : new RegExp(`^${escaped}$`);
    const names = await readdir(folder).catch((error) => {
      throw withFileName(folder, error);
    });
    const own = names.filter((one) => matches.test(one));
    if (own.length === 0)
      throw new InputError(option, isFolder ? "maps in this folder" : "files of this pattern", pattern);
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
