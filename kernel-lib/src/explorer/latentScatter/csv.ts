import { InputError } from "../../errors";
import type { ScatterSet } from "./colours";
import { rowAxis, type ScatterTable, setsColumn } from "./table";

/** Rows in one message: a megabyte or two. */
const rowsPerPiece = 20_000;

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Content of the table. */
export interface ShownTable {
  /** Particle rows. */
  rows: Uint32Array;
  /** Names of the shown axes. */
  axes: readonly string[];
  /** Sets for the last column. */
  sets: readonly ScatterSet[];
}

/** A part of a CSV file. */
export interface CsvPiece {
  /** Complete lines. */
  text: string;
  /** Index of the first row of the next piece; null after the last. */
  next: number | null;
}

/** Writes the table in pieces that belong to one state of the plot. Owns the version of that state. */
export class CsvExport {
  private version = 0;

  constructor(private readonly table: ScatterTable) {}

  /** Must be called after each change that affects the table. */
  invalidate(): void {
    this.version++;
  }

  /**
   * @param from    index of the first row of the piece
   * @param version of the first piece, for those after it
   * @throws InputError if the version has changed since
   */
  piece(shown: ShownTable, from: number, version = this.version): CsvPiece & { version: number } {
    if (version !== this.version) {
      throw InputError.of("The plot changed while the table was being written; save it again.");
    }
    return { version, ...csvPiece(this.table, shown, from) };
  }
}

/**
 * A piece of the table of particles as CSV (RFC 4180): row, latent coordinates, the other shown axes, all columns, and, if
 * there are sets, the names of those that contain the particle. The first piece starts with the header.
 */
function csvPiece(table: ScatterTable, { rows, axes, sets }: ShownTable, from: number): CsvPiece {
  const latents = Array.from({ length: table.latent }, (_, d) => `z${d + 1}`);
  const given = table.columnNames();
  const known = [...latents, ...given];
  const others = axes.filter((name) => name !== rowAxis && !known.includes(name) && !table.spreads(name));
  const names = [rowAxis, ...latents, ...others, ...given];
  const to = Math.min(from + rowsPerPiece, rows.length);
  const cells: ((row: number) => string)[] = names.map((name) => {
    if (name === rowAxis) return String;
    const column = table.column(name);
    if (column?.kind === "category") {
      const { codes, names: words } = column;
      return (row) => quoted(words[codes[row]!]!);
    }
    const values = column ? column.values : table.values(name);
    return (row) => String(values[row]!);
  });
  if (sets.length > 0) {
    const setNames = setsOf(sets, rows.subarray(from, to));
    names.push(setsColumn);
    cells.push((row) => quoted(setNames.get(row)?.join("; ") ?? ""));
  }
  const lines = from === 0 ? [names.map(quoted).join(",")] : [];
  for (let i = from; i < to; i++) lines.push(cells.map((cell) => cell(rows[i]!)).join(","));
  return { text: lines.map((line) => `${line}\r\n`).join(""), next: to < rows.length ? to : null };
}

/** Names of the sets that contain each of some particles. */
function setsOf(sets: readonly ScatterSet[], rows: Uint32Array): Map<number, string[]> {
  const setNames = new Map<number, string[]>(Array.from(rows, (row) => [row, []]));
  for (const { name, rows: members } of sets) for (const row of members) setNames.get(row)?.push(name);
  return setNames;
}
