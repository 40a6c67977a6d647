import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import { shorten } from "../../shortText";
import { observabilityOf } from "../posterior/observability";
import type { Posterior } from "../posterior/posterior";
import type { EpochReport } from "../trainer";

/*
 * Formats and parses the tables of a run folder. Every number is checked; errors name the file and the line.
 */

/** Latent coordinates of all particles. */
export interface Latents {
  /** Dimensions of the latent space. */
  latent: number;
  /** From the encoder, [particles · latent]. */
  encoder: Float32Array;
  /** Refined with the decoder fixed: posterior means, [particles · latent]. Use these unless you need the encoder's. */
  refined: Float32Array;
  /** Standard deviation of the refined coordinates, [particles · latent]. */
  standardDeviation: Float32Array;
  /**
   * How much of each axis the view of each particle tells, [particles · latent]: 1 − variance of the refined coordinate / variance
   * of the population, from 0 (nothing) to 1.
   */
  observability: Float32Array;
}

/** What `latents.csv` is made from. */
export interface LatentsTable {
  /** Dimensions of the latent space. */
  latent: number;
  /** From the encoder, [particles · latent]. */
  encoder: Float32Array;
  /** Refined latents. */
  posterior: Posterior;
  /** Symmetry copies of each particle; the columns particle and copy (from 0) are added for more than one. */
  copies: number;
}

/** Text of `latents.csv`. @throws InputError naming `file` for numbers that are not finite */
export function formatLatents({ latent, encoder, posterior, copies }: LatentsTable, file: string): string {
  const names = Array.from({ length: latent }, (_, d) => `z${d + 1}_observability`);
  const header = [...latentColumns(latent), ...names, ...(copies > 1 ? ["particle", "copy"] : [])];
  const lines = [header.join(",")];
  const observability = observabilityOf(posterior.mean, posterior.standardDeviation, latent);
  const count = encoder.length / latent;
  for (let i = 0; i < count; i++) {
    const row = [String(i)];
    const text = (values: Float32Array, d: number) =>
      finiteText(values[i * latent + d]!, 6, file, `z${d + 1} of particle ${i}`);
    for (let d = 0; d < latent; d++) row.push(text(encoder, d));
    for (let d = 0; d < latent; d++) row.push(text(posterior.mean, d), text(posterior.standardDeviation, d));
    for (let d = 0; d < latent; d++) row.push(observability[i * latent + d]!.toFixed(3));
    if (copies > 1) row.push(String(Math.floor(i / copies)), String(i % copies));
    lines.push(row.join(","));
  }
  return `${lines.join("\n")}\n`;
}

function latentColumns(latent: number): string[] {
  const names = Array.from({ length: latent }, (_, d) => `z${d + 1}`);
  return ["index", ...names, ...names.flatMap((z) => [`${z}_refined`, `${z}_deviation`])];
}

/**
 * Reads the text of `latents.csv`; rows may be in any order.
 * @throws InputError unless every particle has exactly one row
 */
export function parseLatents(
  text: string,
  file: string,
  shape: { particles: number; latent: number },
): Latents {
  const { particles, latent } = shape;
  const expected = latentColumns(latent);
  const { columns, rows } = parseTable(text, file, expected);
  const at = expected.map((name) => columns.indexOf(name));
  const place = () => new Float32Array(particles * latent);
  const latents = { latent, encoder: place(), refined: place(), standardDeviation: place() };
  const seen = new Int32Array(particles);
  for (const [r, row] of rows.entries()) {
    const i = row[at[0]!]!;
    const where = `${file}: line ${r + 2}`;
    if (!Number.isInteger(i) || i < 0 || i >= particles) {
      throw new InputError(where, `an index from 0 to ${particles - 1}, the particles of the run`, String(i));
    }
    if (seen[i]) throw new InputError(where, "an index that is not repeated", `${i}, as in line ${seen[i]}`);
    seen[i] = r + 2;
    for (let d = 0; d < latent; d++) {
      latents.encoder[i * latent + d] = row[at[1 + d]!]!;
      latents.refined[i * latent + d] = row[at[1 + latent + 2 * d]!]!;
      const deviation = row[at[2 + latent + 2 * d]!]!;
      if (deviation < 0) throw new InputError(where, "a standard deviation of 0 or more", String(deviation));
      latents.standardDeviation[i * latent + d] = deviation;
    }
  }
  const missing = seen.indexOf(0);
  if (missing >= 0) {
    throw new InputError(
      file,
      `a row for each of the ${particles} particles`,
      `none for particle ${missing}, ${rows.length} in all`,
    );
  }
  const { refined, standardDeviation } = latents;
  return { ...latents, observability: observabilityOf(refined, standardDeviation, latent) };
}

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
  const { columns, rows } = parseTable(text, file, names, ["held_out_frc", "held_out_score"]);
  const at = names.map((name) => columns.indexOf(name));
  return rows.map((row) => {
    const [start, epoch, rings, trainFrc, validationFrc, validationScore, seconds] = at.map(
      (column) => row[column]!,
    );
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
  const { columns, rows } = parseTable(text, file, ["ring", "frc"]);
  const [ringAt, frcAt] = [columns.indexOf("ring"), columns.indexOf("frc")];
  if (rows.length !== rings) throw new InputError(file, `${rings} rings`, String(rows.length));
  const mean = new Float64Array(rings + 1);
  for (const [r, row] of rows.entries()) {
    const where = `${file}: line ${r + 2}`;
    if (row[ringAt] !== r + 1) throw new InputError(where, `ring ${r + 1}`, String(row[ringAt]));
    if (Math.abs(row[frcAt]!) > 1) throw new InputError(where, "an FRC from −1 to 1", String(row[frcAt]));
    mean[r + 1] = row[frcAt]!;
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

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Parses a CSV table of numbers with a header.
 * @param mayBeEmpty columns in which an empty field means NaN
 * @throws InputError for a missing column, and a line that does not consist of numbers
 */
export function parseTable(
  text: string,
  file: string,
  expected: readonly string[],
  mayBeEmpty: readonly string[] = [],
): { columns: string[]; rows: number[][] } {
  const [first, ...lines] = text.trimEnd().split(/\r?\n/);
  // A truncated number may still be a number.
  if (text !== "" && !text.endsWith("\n")) {
    throw new InputError(
      file,
      "a line end after the last row",
      `${JSON.stringify(shorten(lines.at(-1) ?? first!, 60))}`,
    );
  }
  const columns = first!.split(",");
  const missing = expected.find((name) => !columns.includes(name));
  if (missing !== undefined || new Set(columns).size !== columns.length) {
    throw new InputError(
      `${file}: line 1`,
      `the columns ${expected.join(",")}`,
      shorten(first!, 60) || "nothing",
    );
  }
  const notNumbers = (i: number, line: string) =>
    new InputError(`${file}: line ${i + 2}`, `${columns.length} numbers`, JSON.stringify(shorten(line, 60)));
  const rows = lines.map((line, i) => {
    const fields = line.split(",");
    const row = fields.map((field, column) => {
      if (field === "" && mayBeEmpty.includes(columns[column]!)) return Number.NaN;
      const value = decimal.test(field) ? Number(field) : Number.POSITIVE_INFINITY;
      if (Math.abs(value) === Number.POSITIVE_INFINITY) throw notNumbers(i, line);
      return value;
    });
    if (row.length !== columns.length) throw notNumbers(i, line);
    return row;
  });
  return { columns, rows };
}
