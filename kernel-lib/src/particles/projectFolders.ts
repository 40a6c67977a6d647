import { stat } from "node:fs/promises";
import path from "node:path";

/**
 * Folders that names in a file may be relative to: its own, those above it, one of which is RELION's project folder, and the
 * working folder.
 */
export function projectFolders(file: string): string[] {
  const folders: string[] = [];
  let folder = path.dirname(path.resolve(file));
  for (;;) {
    folders.push(folder);
    const parent = path.dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  return [...folders, process.cwd()];
}

/** The first other file of this name relative to the folders of a file; undefined if there is none. */
export async function firstExisting(file: string, name: string): Promise<string | undefined> {
  for (const folder of projectFolders(file)) {
    const found = path.resolve(folder, name);
    // A file that named itself would be read without end.
    if ((await stat(found).catch(() => undefined))?.isFile() && path.resolve(file) !== found) return found;
  }
  return undefined;
}
