import path from "node:path";
import { withoutMark } from "../../../particles/images/stackReader";
import type { ParticleSet } from "../../../particles/particleSet";

/**
 * The folder that the names of all image stacks are relative to, so that a copy of the particle file can be read anywhere;
 * `absolute` if it needs none. Undefined if the stacks lie in several folders.
 */
export async function stackFolder(set: ParticleSet): Promise<string | "absolute" | undefined> {
  const names = set.stackNames();
  if (names.every((name) => path.isAbsolute(name))) return "absolute";
  const folders = new Set<string | undefined>();
  for (const name of names) folders.add(folderOf(await set.findStack(name), name));
  const [folder] = folders;
  return folders.size === 1 ? folder : undefined;
}

/** The folder in which a name leads to a file. */
function folderOf(file: string, name: string): string | undefined {
  const parts = path.normalize(withoutMark(name)).split(path.sep);
  const found = path.resolve(file).split(path.sep);
  const same = parts.every((part, i) => part === found[found.length - parts.length + i]);
  return same ? found.slice(0, -parts.length).join(path.sep) || path.sep : undefined;
}
