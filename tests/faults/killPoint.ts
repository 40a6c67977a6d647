import { appendFileSync } from "node:fs";
import path from "node:path";

/**
 * Preloaded into the command (`node --require`): counts renames, links and removals in a folder, and kills the process at
 * one of these points, as a power failure would.
 *   KILL_FOLDER  the folder
 *   KILL_LOG     file to which the name of each point is appended
 *   KILL_AT      number of the point; not killed if missing
 */

const { KILL_FOLDER: folder = "", KILL_LOG: log, KILL_AT } = process.env;
const last = KILL_AT === undefined ? -1 : Number(KILL_AT);
let count = 0;

function point(name: string): void {
  if (log !== undefined) appendFileSync(log, `${name}\n`);
  if (count++ !== last) return;
  process.kill(process.pid, "SIGKILL");
  // The signal is asynchronous: block until it arrives.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** A name without its random part. */
const plain = (file: string) => path.relative(folder, file).replace(/\.[0-9a-f]{8}\.part$/, ".*.part") || ".";

// The module object itself; an import would be a copy.
const calls = require("node:fs/promises") as Record<string, (...given: unknown[]) => Promise<unknown>>;
for (const operation of ["rename", "link", "rm", "rmdir", "mkdir"]) {
  const original = calls[operation]!;
  calls[operation] = async (...given: unknown[]) => {
    const names = given.filter((value): value is string => typeof value === "string");
    const inFolder = names.every((name) => path.resolve(name).startsWith(folder));
    if (!inFolder) return original(...given);
    const what = `${operation} ${names.map(plain).join(" to ")}`;
    point(`before ${what}`);
    const result = await original(...given);
    if (operation === "rename") point(`after ${what}`);
    return result;
  };
}
