import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { partialName } from "../../atomicWrite";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import { checked, numberIn, someText } from "../../schema";
import { lifeOf, type ProcessIdentity, thisProcess } from "./processIdentity";

/** Lock file of a run folder, which exists while a training writes to it. */
export const lockFile = "run.lock";

interface LockContent extends ProcessIdentity {
  /** Unique for each lock, also for those of the same process. */
  token: string;
  /** Time at which it was taken, ISO 8601. */
  since: string;
}

const content = v.looseObject({
  host: someText,
  pid: numberIn({ integer: true, least: 1 }),
  processStarted: v.string("text"),
  boot: v.optional(someText),
  pidNamespace: v.optional(someText),
  token: someText,
  since: someText,
});

/** Another process holds the lock of a folder, or may. */
export class FolderHeldError extends InputError {}

/** How long an incomplete lock may be in the process of being written, in ms. */
const writeTimeout = 1000;
const maxAttempts = 20;

/** Proves the ownership of a lock; can be passed to another thread. */
export interface RunLockToken {
  folder: string;
  token: string;
}

/**
 * Checks that the lock is still held, before something is written.
 * @throws InputError if it was removed by hand, or is held by another training
 */
export async function verifyLock({ folder, token }: RunLockToken): Promise<void> {
  const found = await readLock(path.join(folder, lockFile));
  if (found !== undefined && found !== "broken" && found.token === token) return;
  const now = found === undefined || found === "broken" ? "none" : describe(found);
  throw new InputError(folder, `the ${lockFile} of this training`, now);
}

/**
 * Lock of a run folder: only one training of all processes may write to it; reading needs no lock. It is held from before
 * the first to after the last write and released however the training ends. If the process dies, the next one takes the
 * lock over.
 */
export class RunLock {
  private held = true;
  private readonly onExit = () => this.releaseNow();

  private constructor(
    readonly token: RunLockToken,
    /** Folders that were created for the lock, outermost first; removed with it if they are still empty. */
    private readonly made: readonly string[],
  ) {
    process.on("exit", this.onExit);
  }

  /**
   * Creates the folder if necessary, and locks it.
   * @throws InputError if another training holds the lock, or may do so on another host
   */
  static async take(folder: string): Promise<RunLock> {
    const made = await makeFolder(folder);
    const file = path.join(folder, lockFile);
    const mine: LockContent = { ...thisProcess(), token: randomUUID(), since: new Date().toISOString() };
    try {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        if (await create(file, mine)) return new RunLock({ folder, token: mine.token }, made);
        const found = await readLock(file);
        if (found === undefined) continue;
        if (found !== "broken" && lifeOf(found) !== "dead") throw heldElsewhere(folder, found);
        await removeStale(file, found);
      }
    } catch (error) {
      await removeEmpty(made);
      throw withFileName(file, error);
    }
    throw new FolderHeldError(
      folder,
      "a folder that no other training writes to",
      `${lockFile} of another one`,
    );
  }

  /** Releases the lock and removes folders that were created for it and are empty. */
  async release(): Promise<void> {
    this.releaseNow();
    await removeEmpty(this.made);
  }

  private releaseNow(): void {
    if (!this.held) return;
    this.held = false;
    process.off("exit", this.onExit);
    const file = path.join(this.token.folder, lockFile);
    try {
      if (JSON.parse(readFileSync(file, "utf8")).token === this.token.token) rmSync(file, { force: true });
    } catch {
      // The lock was already removed.
    }
  }
}

/** Creates a folder. @returns the folders that were missing, outermost first */
async function makeFolder(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw withFileName(folder, error);
  });
  return missing;
}

async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of [...folders].reverse()) {
    const names = await readdir(folder).catch(() => ["unknown"]);
    if (names.length > 0) return;
    await rmdir(folder).catch(() => undefined);
  }
}

/** Writes the lock unless there is one; atomically if the file system has hard links. @returns whether it was written */
async function create(file: string, lock: LockContent): Promise<boolean> {
  const partial = partialName(file);
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  try {
    await writeNew(partial, text);
    await link(partial, file);
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // The training that has the folder has removed what looked like a leftover.
    if (code === "ENOENT" && syscall === "link") return false;
    // Some network and removable drives have no hard links.
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"].includes(code ?? "")) throw error;
    return writeNew(file, text).then(
      () => true,
      (refused) => {
        if (refused.code === "EEXIST") return false;
        throw refused;
      },
    );
  } finally {
    await rm(partial, { force: true });
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

/** Reads the lock; `broken` if it is and stays incomplete, undefined if there is none. */
async function readLock(file: string): Promise<LockContent | "broken" | undefined> {
  for (const end = Date.now() + writeTimeout; ; ) {
    try {
      return checked(content, JSON.parse(await readFile(file, "utf8")), file) as LockContent;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      if (!(error instanceof SyntaxError || error instanceof InputError)) throw error;
      if (Date.now() > end) return "broken";
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * Removes the lock of a dead process. Two processes may find it at the same time, and the other may have replaced it
 * already: then its lock is put back.
 */
async function removeStale(file: string, stale: LockContent | "broken"): Promise<void> {
  const aside = partialName(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = await readLock(aside);
  const same = stale === "broken" ? taken === "broken" : taken !== "broken" && taken?.token === stale.token;
  if (!same) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function describe({ pid, host, since }: LockContent): string {
  return `that of process ${pid} on ${host}, since ${since}`;
}

function heldElsewhere(folder: string, lock: LockContent): FolderHeldError {
  const file = path.join(folder, lockFile);
  const found = `${lockFile}, ${describe(lock)}`;
  const expected = "a folder that no other training writes to";
  return lifeOf(lock) === "alive"
    ? new FolderHeldError(folder, expected, `${found}, which is running`)
    : new FolderHeldError(
        folder,
        expected,
        `${found}, which cannot be seen from here; if it has ended, remove ${file} and try again`,
      );
}
