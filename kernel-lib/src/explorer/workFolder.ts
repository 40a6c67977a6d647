import { existsSync } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../errors";

/**
 * The place of a file that a user names in a browser: below the folder that the kernel works in, and nowhere else, through
 * links neither. Folders on the way are made.
 *
 * @param name      relative, such as `sets/closed.star`
 * @param endings   one of which the name has to have, such as `.star`
 * @param overwrite whether it may be there already. Default false
 * @throws InputError for a name that leads elsewhere, that is no file name, or that is taken
 */
export async function placeBelow(
  folder: string,
  name: string,
  endings: readonly string[],
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<string> {
  const said = JSON.stringify(name);
  const parts = name.split(/[\\/]/);
  if (path.isAbsolute(name) || /^[a-z]:/i.test(name) || parts.includes("..")) {
    throw InputError.of(`Files can be written only below the notebook's folder, and ${said} is not there.`);
  }
  const unusable = (part: string) => part.trim() === "" || part.length > 200 || /\p{Cc}/u.test(part);
  if (parts.some(unusable))
    throw InputError.of(`${said} cannot be the name of a file; one such as sets/closed.star can.`);
  if (
    !endings.some((ending) => name.toLowerCase().endsWith(ending) && parts.at(-1)!.length > ending.length)
  ) {
    throw InputError.of(`The name of the file has to end in ${endings.join(" or ")}: ${said} does not.`);
  }
  const root = await realpath(folder);
  const target = path.join(root, ...parts);
  await refuseOutside(root, path.dirname(target), said);
  await mkdir(path.dirname(target), { recursive: true });
  await refuseOutside(root, target, said);
  if (!overwrite && existsSync(target)) {
    throw InputError.of(`The file ${name} exists already; tick Overwrite or choose another name.`);
  }
  return target;
}

/** Follows the links of as much of a path as there is. */
async function refuseOutside(root: string, target: string, said: string): Promise<void> {
  let there = target;
  for (;;) {
    const real = await realpath(there).catch(() => undefined);
    if (real !== undefined) {
      if (real === root || real.startsWith(root + path.sep)) return;
      throw InputError.of(
        `Files can be written only below the notebook's folder, and ${said} leads to ${real}.`,
      );
    }
    there = path.dirname(there);
  }
}
