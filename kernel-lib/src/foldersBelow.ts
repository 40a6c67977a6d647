import { readdir } from "node:fs/promises";
import path from "node:path";
import { throwIfStopped } from "./errors";

/** A folder that is looked into. */
export interface SearchedFolder {
  folder: string;
  /** Names of the folders in it but for hidden ones and `node_modules`. */
  inside: string[];
}

/** Options of {@link foldersBelow}. */
export interface FolderSearch {
  signal?: AbortSignal | undefined;
  /** Whether what is below a folder is left out. Default: for none. */
  isEnd?: (folder: string) => boolean;
  /** Called once if there are more folders than are looked into, or deeper ones. */
  onLimit?: () => void;
}

/** How many levels below the first folder are looked into. */
const maxDepth = 5;
/** A home folder may contain any number of folders. */
const maxFolders = 4000;

/**
 * A folder and those below it, level by level, up to five levels and 4,000 folders; without hidden ones, `node_modules`, links, and folders
 * of jobs. Folders that cannot be read are empty.
 * @throws StoppedError
 */
export async function* foldersBelow(
  root: string,
  { signal, isEnd = () => false, onLimit }: FolderSearch = {},
): AsyncGenerator<SearchedFolder> {
  let level = [root];
  let seen = 0;
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      throwIfStopped(signal);
      if (++seen > maxFolders) {
        onLimit?.();
        return;
      }
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const inside = entries
        .filter((entry) => entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name))
        .map(({ name }) => name);
      yield { folder, inside };
      if (isEnd(folder)) continue;
      next.push(...inside.filter((name) => !/(^|\.)jobs$/.test(name)).map((name) => path.join(folder, name)));
    }
    level = next;
  }
  if (level.length > 0) onLimit?.();
}
