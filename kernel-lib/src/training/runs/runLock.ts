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

/** File of a run folder that is there while a training works in it. */
export const LOCK_FILE = "run.lock";

interface LockContent extends ProcessIdentity {
  /** Differs for each lock: two trainings of one process are two. */
  token: string;
  /** When it was taken, ISO 8601. */
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

/** A lock that was begun and never finished is told from one that is just being written by this wait, in ms. */
const WRITING = 1000;
const ATTEMPTS = 20;

/** What shows to whom a lock belongs; can be handed to another thread. */
export interface RunLockToken {
  folder: string;
  token: string;
}

/**
 * @throws InputError where the lock was removed by hand, or another training has it now: what would follow must not be
 *   written
 */
export async function verifyLock({ folder, token }: RunLockToken): Promise<void> {
  const found = await readLock(path.join(folder, LOCK_FILE));
  if (found !== undefined && found !== "broken" && found.token === token) return;
  const now = found === undefined || found === "broken" ? "none" : describe(found);
  throw new InputError(folder, `the ${LOCK_FILE} of this training`, now);
}

/**
 * The right to write into a run folder: one training at a time has it, of whatever process. Reading needs none. It is
 * held from before the first file to after the last, and given back however the training ends; where the process died
 * with it, the next one takes it over.
 */
export class RunLock {
  private held = true;
  private readonly onExit = () => this.releaseNow();

  private constructor(
    readonly token: RunLockToken,
    /** Folders that were made for the lock, outermost first; removed with it where they stay empty. */
    private readonly made: readonly string[],
  ) {
    process.on("exit", this.onExit);
  }

  /**
   * Makes the folder where it is missing, and locks it.
   * @throws InputError where another training works in it, or may do so on another host
   */
  static async take(folder: string): Promise<RunLock> {
    const made = await makeFolder(folder);
    const file = path.join(folder, LOCK_FILE);
    const mine: LockContent = { ...thisProcess(), token: randomUUID(), since: new Date().toISOString() };
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
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
    throw new InputError(folder, "a folder that no other training writes to", `${LOCK_FILE} of another one`);
  }

  /** Gives the folder back; removes folders that were made for it and have nothing in them. */
  async release(): Promise<void> {
    this.releaseNow();
    await removeEmpty(this.made);
  }

  private releaseNow(): void {
    if (!this.held) return;
    this.held = false;
    process.off("exit", this.onExit);
    const file = path.join(this.token.folder, LOCK_FILE);
    try {
      if (JSON.parse(readFileSync(file, "utf8")).token === this.token.token) rmSync(file, { force: true });
    } catch {
      // Gone already, or somebody else's.
    }
  }
}

/** Makes a folder and returns those that were missing, outermost first. */
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

/** Writes the lock unless there is one. It appears with its content where the file system has links. */
async function create(file: string, lock: LockContent): Promise<boolean> {
  const passing = partialName(file);
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  try {
    await writeNew(passing, text);
    await link(passing, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // Some network and removable drives have no links.
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"].includes(code ?? "")) throw error;
    return writeNew(file, text).then(
      () => true,
      (refused) => {
        if (refused.code === "EEXIST") return false;
        throw refused;
      },
    );
  } finally {
    await rm(passing, { force: true });
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

/** The lock that is there; `broken` where it is not whole and stays so, undefined where there is none. */
async function readLock(file: string): Promise<LockContent | "broken" | undefined> {
  for (const end = Date.now() + WRITING; ; ) {
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
 * Takes away the lock of a dead process. Two may find it at the same time, and one of them may have put its own in the
 * place already: that one is put back.
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

function heldElsewhere(folder: string, lock: LockContent): InputError {
  const file = path.join(folder, LOCK_FILE);
  const found = `${LOCK_FILE}, ${describe(lock)}`;
  const expected = "a folder that no other training writes to";
  return lifeOf(lock) === "alive"
    ? new InputError(folder, expected, `${found}, which is running`)
    : new InputError(
        folder,
        expected,
        `${found}, which cannot be seen from here; if it has ended, remove ${file} and try again`,
      );
}
