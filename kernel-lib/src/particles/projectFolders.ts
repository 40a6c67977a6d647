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
