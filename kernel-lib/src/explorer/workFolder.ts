import { existsSync } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../errors";

/**
 * Resolves a file name that was typed in a browser: to a file below the kernel's working folder and nowhere else, symbolic
 * links included. Makes the folders on the way.
 *
 * @param name    relative path, such as `sets/closed.star`
 * @param endings one of them has to end the name, such as `.star`
 * @param options.overwrite whether the file may exist. Default false
 * @returns the absolute path
 * @throws InputError for a name that leads elsewhere, is not usable, or is taken
 */
export async function placeBelow(
  folder: string,
  name: string,
  endings: readonly string[],
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<string> {
  const quoted = JSON.stringify(name);
  const parts = name.split(/[\\/]/);
  if (path.isAbsolute(name) || /^[a-z]:/i.test(name) || parts.includes("..")) {
    throw InputError.of(`Files can be written only in the notebook's folder or below; ${quoted} is outside.`);
  }
  const unusable = (part: string) => part.trim() === "" || part.length > 200 || /\p{Cc}/u.test(part);
  if (parts.some(unusable))
    throw InputError.of(`${quoted} is not a valid file name; use one such as sets/closed.star.`);
  if (
    !endings.some((ending) => name.toLowerCase().endsWith(ending) && parts.at(-1)!.length > ending.length)
  ) {
    throw InputError.of(`The file name must end in ${endings.join(" or ")}; found ${quoted}.`);
  }
  const root = await realpath(folder);
  const target = path.join(root, ...parts);
  await refuseOutside(root, path.dirname(target), quoted);
  await mkdir(path.dirname(target), { recursive: true });
  await refuseOutside(root, target, quoted);
  if (!overwrite && existsSync(target)) {
    throw InputError.of(`The file ${name} already exists; tick Overwrite or choose another name.`);
  }
  return target;
}

/** Checks where the existing part of a path leads, after its symbolic links. */
async function refuseOutside(root: string, target: string, quoted: string): Promise<void> {
  let existing = target;
  for (;;) {
    const real = await realpath(existing).catch(() => undefined);
    if (real !== undefined) {
      if (real === root || real.startsWith(root + path.sep)) return;
      throw InputError.of(
        `Files can be written only in the notebook's folder or below; ${quoted} leads to ${real}.`,
      );
    }
    existing = path.dirname(existing);
  }
}
