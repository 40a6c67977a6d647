import { InputError } from "e2gmm/errors";
import { TimeSlices } from "./timeSlices.js";

/** What long reads accept. */
export interface ReadOptions {
  /** Stops the work; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** Takes a piece of a file; the next one follows when its promise has resolved. */
export type TakePiece = (piece: Uint8Array) => void | Promise<void>;

/**
 * A file on the server. Files reach the page through the server's `/files/` route, in ranges: jupyter_server answers
 * `Range` with 206 for local files, behind JupyterHub's proxy too. Servers with other storage answer 200 with the whole file,
 * of which only as much is read as is needed. Where the route refuses (it does for links that lead out of the served folder,
 * which the contents API follows), the contents API gives the whole file in one base64 answer, up to {@link wholeLimit}.
 */
export interface RemoteFile {
  /** Without folders. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Shown to the user instead of the size; for a file that is shown in another form. */
  readonly about?: string;
  /**
   * Reads bytes `from` up to `to`, exclusive, piece by piece in order.
   * @throws InputError if the file or the connection ends early
   */
  stream(from: number, to: number, take: TakePiece, options?: ReadOptions): Promise<void>;
}

/** How a file is requested. */
export interface FileSource {
  /** Without folders. */
  name: string;
  /** Size in bytes from the contents API; undefined if it does not know. */
  size(): Promise<number | undefined>;
  /** Requests the raw route with a header `Range`. */
  raw(range: string, options?: ReadOptions): Promise<Response>;
  /** All bytes as base64, from the contents API. */
  whole(): Promise<string>;
}

/** Largest file in bytes that is read in one base64 answer. */
export const wholeLimit = 128 * 2 ** 20;

/**
 * Finds out how the server serves a file.
 * @throws InputError if it does not
 */
export async function openRemoteFile(source: FileSource, options: ReadOptions = {}): Promise<RemoteFile> {
  const response = await source.raw("bytes=0-0", options);
  void response.body?.cancel();
  if (response.status === 206) {
    const total = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    if (total !== undefined) return new RangedFile(source, Number(total));
  }
  // No byte 0: an empty file
  if (response.status === 416) return new RangedFile(source, 0);
  const size = await source.size();
  if (response.ok && size !== undefined) return new RangedFile(source, size);
  if (size !== undefined && size <= wholeLimit) {
    return new MemoryFile(source.name, await fromBase64(await source.whole(), options));
  }
  throw new InputError(
    source.name,
    `a file that the server can send in parts (or one of at most ${formatBytes(wholeLimit)})`,
    `${size === undefined ? "one of unknown size" : formatBytes(size)}, and the answer ` +
      `"${response.status} ${response.statusText}"; links to files outside the served folder cause this`,
  );
}

class RangedFile implements RemoteFile {
  readonly name: string;

  constructor(
    private readonly source: FileSource,
    readonly size: number,
  ) {
    this.name = source.name;
  }

  async stream(from: number, to: number, take: TakePiece, options: ReadOptions = {}): Promise<void> {
    if (to <= from) return;
    const response = await this.source.raw(`bytes=${from}-${to - 1}`, options);
    if (!response.ok || !response.body) {
      throw new InputError(
        this.name,
        "bytes of the file",
        `the server's answer "${response.status} ${response.statusText}"`,
      );
    }
    // A server without ranges starts at the beginning of the file
    let at = response.status === 206 ? from : 0;
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        options.signal?.throwIfAborted();
        const piece = value.subarray(Math.max(0, from - at), Math.max(0, to - at));
        at += value.length;
        if (piece.length > 0) await take(piece);
        if (at >= to) break;
      }
    } finally {
      void reader.cancel().catch(() => {});
    }
    if (at < to) throw new InputError(this.name, `${to} bytes`, `the end of the answer after ${at}`);
  }
}

/** Bytes in memory, as a file. */
export class MemoryFile implements RemoteFile {
  /** In bytes. */
  readonly size: number;
  /** See {@link RemoteFile.about}. */
  readonly about?: string;

  /** @param about see {@link RemoteFile.about} */
  constructor(
    readonly name: string,
    private readonly bytes: Uint8Array,
    about?: string,
  ) {
    this.size = bytes.length;
    if (about !== undefined) this.about = about;
  }

  /** See {@link RemoteFile.stream}. */
  async stream(from: number, to: number, take: TakePiece, { signal }: ReadOptions = {}): Promise<void> {
    if (to > this.size) throw new InputError(this.name, `${to} bytes`, `a file of ${this.size}`);
    const step = 2 ** 20;
    for (let at = from; at < to; at += step) {
      signal?.throwIfAborted();
      await take(this.bytes.subarray(at, Math.min(to, at + step)));
    }
  }
}

/**
 * Bytes `from` up to `to`, exclusive, in a new buffer.
 * @throws InputError if the file or the connection ends early
 */
export async function readRange(
  file: RemoteFile,
  from: number,
  to: number,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  let at = 0;
  const take = (piece: Uint8Array) => {
    bytes.set(piece, at);
    at += piece.length;
  };
  await file.stream(from, to, take, options);
  return bytes;
}

/** Decodes in slices: a hundred million characters at once would block the page. */
async function fromBase64(text: string, { signal }: ReadOptions): Promise<Uint8Array> {
  const slices = new TimeSlices(signal);
  const step = 2 ** 18;
  const bytes = new Uint8Array(Math.ceil((text.length / 4) * 3));
  let to = 0;
  let rest = "";
  for (let at = 0; at < text.length; at += step) {
    if (slices.over()) await slices.next();
    // The server breaks lines, and only a multiple of four characters can be decoded
    const part = rest + text.slice(at, at + step).replace(/\s+/g, "");
    const whole = part.length - (part.length % 4);
    rest = part.slice(whole);
    const decoded = atob(part.slice(0, whole));
    for (let i = 0; i < decoded.length; i++) bytes[to++] = decoded.charCodeAt(i);
  }
  return bytes.slice(0, to);
}

/** A size for people, in powers of ten: `13.5 MB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toPrecision(3)} ${unit}`;
  }
  return `${bytes} bytes`;
}
