import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import { shorten } from "../../shortText";
import type { EpochReport } from "../trainer";
import { parseTable } from "./tableFile";

/*
 * Formats and parses the small tables of a run folder. Every number is checked; errors name the file and the line.
 */

const historyColumns = [
  ["start", (h: EpochReport) => String(h.start)],
  ["epoch", (h: EpochReport) => String(h.epoch)],
  ["rings", (h: EpochReport) => String(h.rings)],
  ["train_frc", (h: EpochReport) => h.trainFrc.toFixed(6)],
  ["held_out_frc", (h: EpochReport) => orEmpty(h.validationFrc)],
  ["held_out_score", (h: EpochReport) => orEmpty(h.validationScore)],
  ["seconds", (h: EpochReport) => h.seconds.toFixed(1)],
] as const;

/** Without validation particles there is no number. */
const orEmpty = (value: number): string => (Number.isNaN(value) ? "" : value.toFixed(6));

/** Text of `history.csv`. The validation columns are called `held_out_…`, as in all versions. */
export function formatHistory(history: readonly EpochReport[]): string {
  const rows = history.map((h) => historyColumns.map(([, value]) => value(h)).join(","));
  return `${historyColumns.map(([name]) => name).join(",")}\n${rows.map((row) => `${row}\n`).join("")}`;
}

/** Reads the text of `history.csv`. */
export function parseHistory(text: string, file: string): EpochReport[] {
  const names = historyColumns.map(([name]) => name);
  return parseTable(text, file, names, ["held_out_frc", "held_out_score"]).map((row) => {
    const [start, epoch, rings, trainFrc, validationFrc, validationScore, seconds] = row;
    return {
      start: start!,
      epoch: epoch!,
      rings: rings!,
      trainFrc: trainFrc!,
      validationFrc: validationFrc!,
      validationScore: validationScore!,
      seconds: seconds!,
    };
  });
}

/** Text of `neutral_frc.csv`. @throws InputError naming `file` for numbers that are not finite */
export function formatNeutralFrc(meanFrc: Float64Array, file: string): string {
  const rows = Array.from(
    meanFrc,
    (frc, ring) => `${ring},${ring === 0 ? "" : finiteText(frc, 6, file, `ring ${ring}`)}`,
  ).slice(1);
  return `ring,frc\n${rows.join("\n")}\n`;
}

/** Reads the text of `neutral_frc.csv`: mean FRC in each ring 0 … rings. @throws InputError unless every ring has its row */
export function parseNeutralFrc(text: string, file: string, rings: number): Float64Array {
  const rows = parseTable(text, file, ["ring", "frc"]);
  if (rows.length !== rings) throw new InputError(file, `${rings} rings`, String(rows.length));
  const mean = new Float64Array(rings + 1);
  for (const [r, [ring, frc]] of rows.entries()) {
    const where = `${file}: line ${r + 2}`;
    if (ring !== r + 1) throw new InputError(where, `ring ${r + 1}`, String(ring));
    if (Math.abs(frc!) > 1) throw new InputError(where, "an FRC from −1 to 1", String(frc));
    mean[r + 1] = frc!;
  }
  return mean;
}

/** Text of `free.txt` and `rigid.txt`, with a number for each Gaussian, and of `selection.txt`, with that of each particle. */
export function formatNumbers(numbers: Uint8Array | Int32Array | Uint32Array): string {
  return `${numbers.join("\n")}\n`;
}

/** Reads the text of `free.txt`: for each Gaussian 1 if it may change. @throws InputError unless there is a 0 or 1 for each */
export function parseFree(text: string, file: string, gaussians: number): Uint8Array {
  const free = parseNumbers(text, file, { gaussians, most: 1 });
  if (!free.includes(1)) throw new InputError(file, "at least one Gaussian that is free", "none");
  return free;
}

/** Reads the text of `rigid.txt`: the body of each Gaussian, from 1, or 0. @throws InputError unless there is a number for each */
export function parseBodies(text: string, file: string, gaussians: number): Uint8Array {
  return parseNumbers(text, file, { gaussians, most: 255 });
}

/** Reads a whole number up to `most` for each Gaussian. */
function parseNumbers(
  text: string,
  file: string,
  { gaussians, most }: { gaussians: number; most: number },
): Uint8Array {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines.length !== gaussians) {
    throw new InputError(
      file,
      `a line for each of the ${gaussians} Gaussians of the run`,
      String(lines.length),
    );
  }
  for (const [i, line] of lines.entries()) {
    if (/^\d{1,3}$/.test(line) && Number(line) <= most) continue;
    const expected = most === 1 ? "0 or 1" : `a body from 1 to ${most}, or 0`;
    throw new InputError(`${file}: line ${i + 1}`, expected, shorten(line, 60));
  }
  return Uint8Array.from(lines, Number);
}

/** Reads the text of `selection.txt`: `count` numbers below `of`, ascending. */
export function parseSelection(
  text: string,
  file: string,
  { count, of }: { count: number; of: number },
): Int32Array {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines.length !== count) {
    throw new InputError(file, `the ${count} particles that were selected`, `${lines.length} lines`);
  }
  const numbers = Int32Array.from(lines, Number);
  for (const [i, line] of lines.entries()) {
    const number = /^\d+$/.test(line) ? Number(line) : Number.NaN;
    if (number < of && (i === 0 || number > numbers[i - 1]!)) continue;
    throw new InputError(`${file}: line ${i + 1}`, `a number below ${of}, ascending`, shorten(line, 60));
  }
  return numbers;
}
