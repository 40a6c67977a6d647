import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../errors";

/** Optional packages: native backends and Dawn. They are looked for beside this package and in the folder `native/` that `npm run native` fills. */

/** A backend is not available: the reason, and advice on how to get it. */
export class BackendUnavailable extends Error {
  /** @param advice a command, mostly */
  constructor(
    reason: string,
    readonly advice?: string,
  ) {
    super(reason);
  }
}

/** Folders from which optional packages are resolved: the package's, the working folder, and each `native/` above them. */
function searchFolders(): string[] {
  const folders = [__dirname, process.cwd()];
  for (const start of [__dirname, process.cwd()]) {
    for (let folder = start; path.dirname(folder) !== folder; folder = path.dirname(folder)) {
      const native = path.join(folder, "native");
      if (existsSync(path.join(native, "node_modules"))) folders.push(native);
    }
  }
  return folders;
}

/** Path of an optional package's main file. @throws BackendUnavailable if it is not installed */
export function find(name: string, advice: string): string {
  try {
    return require.resolve(name, { paths: searchFolders() });
  } catch {
    throw new BackendUnavailable(`${name} is not installed`, advice);
  }
}

/** First line of an error's message. */
export function errorLine(error: unknown): string {
  return String((error as Error)?.message ?? error)
    .split("\n")[0]!
    .trim();
}

/** An error about a backend or engine that is not available, with the reason and advice. */
export function notAvailable(what: string, error: unknown): InputError {
  const advice = error instanceof BackendUnavailable ? error.advice : undefined;
  return new InputError(what, `not available, ${errorLine(error)}${advice ? `; needed: ${advice}` : ""}`);
}
