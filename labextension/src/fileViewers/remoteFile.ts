import { InputError } from "e2gmm/errors";
import { Slices } from "./slices.js";

/**
 * Files reach the page through the server's `/files/` route, in ranges: jupyter_server's handler of local files
 * answers `Range` with 206, behind JupyterHub's proxy too. A server whose contents are kept elsewhere answers 200
 * with the whole file, of which then only as much is taken as is needed. Where the route refuses (it does for links
 * that lead out of the served folder, which the contents API follows), the contents API gives the whole file in one
 * base64 answer; that is done for files of moderate size only.
 */
export interface RemoteFile {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** What there is to say of it, where this is not its size: of a file that is shown in another form. */
  readonly about?: string;
  /**
   * Bytes from `from` up to `to`, exclusive, handed on piece by piece in their order.
   * @throws InputError where the file or the connection ends early
   */
  stream(from: number, to: number, take: TakePiece, signal?: AbortSignal): Promise<void>;
}

export type TakePiece = (piece: Uint8Array) => void | Promise<void>;

/** How a file is asked for. */
export interface FileSource {
  name: string;
  /** Size in bytes as the contents API tells it, where it does. */
  size(): Promise<number | undefined>;
  /** Asks the raw route, with the header `Range` as given. */
  raw(range: string, signal?: AbortSignal): Promise<Response>;
  /** The contents API's answer: all bytes as base64. */
  whole(): Promise<string>;
}

/** The greatest file that is taken in one base64 answer. */
export const wholeLimit = 128 * 2 ** 20;

/** @throws InputError when the server gives the file in no way */
export async function openRemoteFile(source: FileSource, signal?: AbortSignal): Promise<RemoteFile> {
  const response = await source.raw("bytes=0-0", signal);
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
    return new HeldFile(source.name, await fromBase64(await source.whole(), signal));
  }
  throw new InputError(
    source.name,
    `a file that the server gives out in parts (or one of at most ${formatBytes(wholeLimit)})`,
    `${size === undefined ? "one of unknown size" : formatBytes(size)}, and the answer ` +
      `"${response.status} ${response.statusText}"; a link that leads out of the served folder has this effect`,
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

  async stream(from: number, to: number, take: TakePiece, signal?: AbortSignal): Promise<void> {
    if (to <= from) return;
    const response = await this.source.raw(`bytes=${from}-${to - 1}`, signal);
    if (!response.ok || !response.body) {
      throw new InputError(
        this.name,
        "bytes of the file",
        `the server's answer "${response.status} ${response.statusText}"`,
      );
    }
    // A server that knows no ranges begins at the front
    let at = response.status === 206 ? from : 0;
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        signal?.throwIfAborted();
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

class HeldFile implements RemoteFile {
  readonly size: number;

  constructor(
    readonly name: string,
    private readonly bytes: Uint8Array,
  ) {
    this.size = bytes.length;
  }

  async stream(from: number, to: number, take: TakePiece, signal?: AbortSignal): Promise<void> {
    if (to > this.size) throw new InputError(this.name, `${to} bytes`, `a file of ${this.size}`);
    const step = 2 ** 20;
    for (let at = from; at < to; at += step) {
      signal?.throwIfAborted();
      await take(this.bytes.subarray(at, Math.min(to, at + step)));
    }
  }
}

/** Bytes from `from` up to `to`, exclusive, in a buffer of their own. */
export async function readRange(
  file: RemoteFile,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  let at = 0;
  await file.stream(
    from,
    to,
    (piece) => {
      bytes.set(piece, at);
      at += piece.length;
    },
    signal,
  );
  return bytes;
}

/** Decodes in slices, since a page that works on a hundred million characters does not answer meanwhile. */
async function fromBase64(text: string, signal?: AbortSignal): Promise<Uint8Array> {
  const slices = new Slices(signal);
  const step = 2 ** 18;
  const bytes = new Uint8Array(Math.ceil((text.length / 4) * 3));
  let to = 0;
  let rest = "";
  for (let at = 0; at < text.length; at += step) {
    if (slices.over()) await slices.next();
    // The server breaks its lines; only a multiple of four characters can be decoded
    const part = rest + text.slice(at, at + step).replace(/\s+/g, "");
    const whole = part.length - (part.length % 4);
    rest = part.slice(whole);
    const decoded = atob(part.slice(0, whole));
    for (let i = 0; i < decoded.length; i++) bytes[to++] = decoded.charCodeAt(i);
  }
  return bytes.slice(0, to);
}

/** A size for people: `13.5 MB`, powers of ten. */
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
