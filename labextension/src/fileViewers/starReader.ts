import type { ReadOptions, RemoteFile } from "./remoteFile.js";
import type { StarIndexer, StarSheet } from "./starIndex.js";
import { checkRows } from "./starOrder.js";
import { TimeSlices } from "./timeSlices.js";

/** Time between two updates while a file arrives: at least this, and this share of the time since the start. */
const growMilliseconds = 250;
const growShare = 0.2;

/** A number with separators: `12,345`. */
export const count = (n: number) => n.toLocaleString("en");
/** A number of things: `12,345 rows`. */
export const plural = (n: number, thing: string) => `${count(n)} ${thing}${n === 1 ? "" : "s"}`;

/** Options of {@link receiveRows}. */
export interface ReceiveOptions extends ReadOptions {
  /** Called now and then, and at the end, with the bytes that have arrived. */
  onGrow(filled: number): void;
}

/**
 * Reads a file into `bytes` and indexes its rows as they arrive. Where the bytes have room for a part of the file only, the
 * line that they end in is left out.
 * @throws InputError at a line that cannot be parsed; what came before it stays
 */
export async function receiveRows(
  file: RemoteFile,
  { bytes, indexer }: { bytes: Uint8Array; indexer: StarIndexer },
  { signal, onGrow }: ReceiveOptions,
): Promise<void> {
  const slices = new TimeSlices(signal);
  const started = performance.now();
  let filled = 0;
  let grown = 0;
  const advance = async (last: boolean) => {
    while (!indexer.advance(filled, last, () => slices.over())) await slices.next();
    const now = performance.now();
    if (!last && now - grown <= Math.max(growMilliseconds, growShare * (now - started))) return;
    grown = now;
    onGrow(filled);
  };
  const take = async (piece: Uint8Array) => {
    bytes.set(piece, filled);
    filled += piece.length;
    if (slices.over()) await slices.next();
    await advance(false);
  };
  await file.stream(0, bytes.length, take, signal ? { signal } : {});
  const whole = bytes.length === file.size;
  await advance(whole);
  if (whole) indexer.finish();
}

/** A sentence on the rows with too few or too many values; undefined if there are none. */
export async function brokenRows(
  sheets: readonly StarSheet[],
  options: ReadOptions,
): Promise<string | undefined> {
  const found: string[] = [];
  for (const sheet of sheets) {
    const { broken, first } = await checkRows(sheet, options);
    if (!first) continue;
    const others = broken > 1 ? ` (and ${plural(broken - 1, "other row")})` : "";
    found.push(`data_${sheet.block}, ${first}${others}`);
  }
  return found.length > 0 ? `${found.join("; ")}.` : undefined;
}
