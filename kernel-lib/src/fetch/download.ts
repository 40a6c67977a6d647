import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { withFileName } from "../fileErrors";
import { ask, type RemoteFile } from "./remoteFolder";

/** A checksum that a server publishes. */
export interface Checksum {
  algorithm: "md5" | "sha1" | "sha256";
  /** Hexadecimal, lower case. */
  value: string;
}

/** How often a broken connection is taken up again without progress. */
const maxAttempts = 5;

/**
 * Fetches a file into a partial one beside it, from where an earlier attempt has ended, and renames it when it is complete and its
 * checksum is right.
 * @param onBytes called with the bytes that are there
 */
export async function download(
  remote: RemoteFile,
  target: string,
  options: {
    checksum?: Checksum | undefined;
    signal?: AbortSignal | undefined;
    onBytes?: (bytes: number) => void;
  },
): Promise<void> {
  const { checksum, signal, onBytes } = options;
  const partial = partialFile(target);
  await mkdir(path.dirname(target), { recursive: true });
  await keepPartOf(remote, target);
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOf(partial);
    if (remote.size !== undefined && before === remote.size) break;
    try {
      await append(remote, target, { signal, onBytes });
      if (remote.size === undefined || (await sizeOf(partial)) === remote.size) break;
    } catch (error) {
      throwIfStopped(signal);
      // A server that does not answer has been given its time; what breaks off is taken up again.
      if (error instanceof InputError) throw error;
      if (attempt >= maxAttempts) throw withFileName(String(remote.address), error);
    }
    if ((await sizeOf(partial)) > before) attempt = 0;
    else if (attempt >= maxAttempts) {
      throw new InputError(String(remote.address), `${remote.size} bytes`, `${await sizeOf(partial)}`);
    }
  }
  if (checksum) await check(partial, checksum, remote);
  await rename(partial, target);
  await rm(stateFile(target), { force: true });
}

/** File of what is there of a file that is not complete. */
export const partialFile = (target: string): string => `${target}.fetched`;
const stateFile = (target: string): string => `${target}.fetched.json`;

/** Removes what is there of another state of the file, and records which one comes now. */
async function keepPartOf({ address, size, state }: RemoteFile, target: string): Promise<void> {
  const now = `${JSON.stringify({ address: String(address), size, state })}\n`;
  const before = existsSync(stateFile(target)) ? await readFile(stateFile(target), "utf8") : undefined;
  if (before !== now) await rm(partialFile(target), { force: true });
  await writeAtomic(stateFile(target), now);
}

async function append(
  { address, state }: RemoteFile,
  target: string,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: ((bytes: number) => void) | undefined },
): Promise<void> {
  let at = await sizeOf(partialFile(target));
  const resumed = at > 0 ? { Range: `bytes=${at}-`, ...(state !== undefined && { "If-Range": state }) } : {};
  const answer = await ask(address, {
    method: "GET",
    signal,
    headers: { ...resumed, "Accept-Encoding": "identity" },
  });
  // Without ranges, or if the file has changed, the whole file comes.
  const isRest =
    answer.status === 206 && new RegExp(`^bytes ${at}-`).test(answer.headers.get("content-range") ?? "");
  if (!isRest) at = 0;
  const file = await open(partialFile(target), isRest ? "r+" : "w");
  try {
    // The declarations of browsers, which some projects have, lack the iteration of streams.
    const body = answer.body as unknown as AsyncIterable<Uint8Array> | null;
    for await (const part of body ?? []) {
      throwIfStopped(signal);
      // A drive that is nearly full may take less than all of it.
      for (let done = 0; done < part.length; ) {
        const { bytesWritten } = await file.write(part, done, part.length - done, at);
        done += bytesWritten;
        at += bytesWritten;
      }
      onBytes?.(at);
    }
  } finally {
    await file.close();
  }
}

async function check(file: string, { algorithm, value }: Checksum, { address }: RemoteFile): Promise<void> {
  const found = await checksumOf(file, algorithm);
  if (found === value) return;
  await rm(file, { force: true });
  throw new InputError(
    String(address),
    `the ${algorithm} checksum ${value}, which the server publishes`,
    `${found}; the file was removed`,
  );
}

/** Checksum of a file, hexadecimal. */
async function checksumOf(file: string, algorithm: Checksum["algorithm"]): Promise<string> {
  const hash = createHash(algorithm);
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest("hex");
}

/** Bytes of a file; 0 if there is none. */
export async function sizeOf(file: string): Promise<number> {
  const there = await stat(file).catch(() => undefined);
  return there?.size ?? 0;
}
