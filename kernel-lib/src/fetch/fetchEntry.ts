import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { beginTask, type TaskOptions } from "../progress";
import { type Checksum, download, partialFile, sizeOf } from "./download";
import { empiarAddress, entryNumber, tutorialEntry } from "./entries";
import { ask, describeRemote, filesBelow, isSafe, type RemoteFile } from "./remoteFolder";

/** Options of {@link fetchEntry}. */
export interface FetchOptions extends TaskOptions {
  /** Folder that receives the files, with the folders of the entry. Default: `EMPIAR-` and the number. */
  out?: string;
  /**
   * Paths below the entry's folder; one that ends in a slash is a folder with all that is in it. Default: what the tutorial needs,
   * or `data/` for entries that no tutorial follows.
   */
  paths?: readonly string[];
  /** Address below which the folders of the entries are. Default: that of EMPIAR, or the environment variable `E2GMM_EMPIAR`. */
  address?: string;
  /** Only says what would be fetched. Default false. */
  list?: boolean;
}

/** What was fetched of an entry. */
export interface FetchedEntry {
  /** Folder of the files. */
  folder: string;
  /** The files, with their size in bytes, and whether a checksum that the server publishes was compared. */
  files: { path: string; size: number | undefined; checked: boolean; fetched: boolean }[];
  /** What is left to do for the tutorial, in sentences. */
  next: readonly string[];
}

/**
 * Fetches particles of an entry of EMPIAR by HTTPS, those that a tutorial of this program needs. What is complete is not fetched again, and
 * what was broken off is continued. Before, the free space is compared with what is missing. Checksums are compared where the server
 * publishes a list (`md5sums.txt` and the like, or `file.md5`).
 * @param entry `EMPIAR-10076`, or its number
 * @throws InputError if the server cannot be reached or has no such files, a file of another size is there, which is left as it is, the space
 *   does not suffice, or a checksum is wrong;
 *   StoppedError, after which the same call continues
 * @example
 * ```ts no-run
 * const { folder, next } = await e2.fetchEntry("EMPIAR-10076");
 * console.log(folder, ...next);
 * ```
 */
export async function fetchEntry(entry: string, given: FetchOptions = {}): Promise<FetchedEntry> {
  const { signal, onProgress, list = false, ...options } = beginTask(given);
  const number = entryNumber(entry);
  const tutorial = tutorialEntry(number);
  const { out: folder = `EMPIAR-${number}`, paths = tutorial?.paths ?? ["data/"] } = options;
  const base = baseOf(options.address ?? process.env["E2GMM_EMPIAR"] ?? empiarAddress, number);
  const names: string[] = [];
  for (const wanted of paths) {
    checkPath(wanted);
    names.push(
      ...(wanted.endsWith("/") ? await filesBelow(addressOf(base, wanted), wanted, signal) : [wanted]),
    );
  }
  if (names.length === 0) throw new InputError(String(base), "files", "none in this list of the server");
  const remotes: RemoteFile[] = [];
  for (const [i, name] of names.entries()) {
    throwIfStopped(signal);
    onProgress?.({ task: "looking at files", done: i, total: names.length });
    remotes.push(await describeRemote(name, addressOf(base, name), signal));
  }
  const missing: RemoteFile[] = [];
  for (const remote of remotes) if (!(await isComplete(remote, folder))) missing.push(remote);
  const sums = list ? new Map<string, Checksum>() : await checksums(base, names, signal);
  for (const { path: name, size } of list ? [] : missing) {
    const file = path.join(folder, name);
    if (!existsSync(file)) continue;
    const expected = `no file, or the ${size} bytes that the server has`;
    throw new InputError(file, expected, `${await sizeOf(file)}; move it away to fetch it again`);
  }
  if (!list && missing.length > 0) {
    await mkdir(folder, { recursive: true });
    await requireSpace(missing, folder);
  }
  let done = 0;
  const total = missing.reduce((sum, { size = 0 }) => sum + size, 0);
  for (const remote of list ? [] : missing) {
    const onBytes = (bytes: number) =>
      onProgress?.({ task: `fetching ${remote.path}`, done: done + bytes, total });
    await download(remote, path.join(folder, remote.path), {
      checksum: sums.get(remote.path),
      signal,
      onBytes,
    });
    done += remote.size ?? 0;
  }
  const fetched = new Set(list ? [] : missing);
  const files = remotes.map((remote) => ({
    ...{ path: remote.path, size: remote.size, fetched: fetched.has(remote) },
    checked: fetched.has(remote) && sums.has(remote.path),
  }));
  return { folder, files, next: tutorial?.next ?? [] };
}

/** @throws InputError unless it is an address of HTTPS, or of this machine */
function baseOf(address: string, number: string): URL {
  let url: URL;
  try {
    url = new URL(`${number}/`, address.endsWith("/") ? address : `${address}/`);
  } catch {
    throw new InputError("address", "an address such as https://server/folder/", address);
  }
  if (isSafe(url)) return url;
  throw new InputError("address", "an address that begins with https://", address);
}

const addressOf = (base: URL, name: string): URL =>
  new URL(name.split("/").map(encodeURIComponent).join("/"), base);

/** @throws InputError for paths that lead out of the entry's folder */
function checkPath(wanted: string): void {
  const words = wanted.replace(/\/$/, "").split("/");
  if (words.every((word) => word !== "" && word !== "." && word !== ".." && !/[\\:]/.test(word))) return;
  throw new InputError(
    "paths",
    "paths below the folder of the entry, such as data/particles.star",
    JSON.stringify(wanted),
  );
}

/** Whether a file is there; its size tells. */
async function isComplete({ path: name, size }: RemoteFile, folder: string): Promise<boolean> {
  const file = path.join(folder, name);
  return existsSync(file) && (size === undefined || (await sizeOf(file)) === size);
}

/** @throws InputError unless what is missing fits on the drive */
async function requireSpace(missing: readonly RemoteFile[], folder: string): Promise<void> {
  let bytes = 0;
  for (const { path: name, size = 0 } of missing)
    bytes += Math.max(0, size - (await sizeOf(partialFile(path.join(folder, name)))));
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes <= free) return;
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new InputError(folder, `${gigabytes(bytes)} of free space`, gigabytes(free));
}

/** Lists of checksums, by their usual names. */
const listName = /(^|[/._-])(md5|sha1|sha256)(sums?)?(\.txt)?$/i;

/** Checksums that are among the files of the entry: `md5sums.txt` and the like, or a file beside each. */
async function checksums(
  base: URL,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Checksum>> {
  const found = new Map<string, Checksum>();
  for (const name of names) {
    const [, , kind] = listName.exec(name) ?? [];
    if (kind === undefined) continue;
    const algorithm = kind.toLowerCase() as Checksum["algorithm"];
    const text = await (await ask(addressOf(base, name), { method: "GET", signal })).text();
    for (const line of text.split(/\r?\n/)) {
      const [, value, of = ""] = /^([0-9a-f]{32,64})(?:\s+\*?(?:\.\/)?(.+))?$/i.exec(line.trim()) ?? [];
      if (value === undefined) continue;
      const target =
        of === "" ? name.replace(/\.(md5|sha1|sha256)$/i, "") : path.posix.join(path.posix.dirname(name), of);
      found.set(target, { algorithm, value: value.toLowerCase() });
    }
  }
  return found;
}
