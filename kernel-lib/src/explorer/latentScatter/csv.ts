import type { ScatterSet } from "./colours";
import { ROW, type ScatterTable, SETS } from "./table";

/** Rows whose text is sent at once: a megabyte or two. */
export const CSV_ROWS = 20_000;

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What of the table is shown. */
export interface ShownTable {
  /** The particles. */
  rows: Uint32Array;
  /** Axes that are shown. */
  axes: readonly string[];
  sets: readonly ScatterSet[];
}

/**
 * A piece of the table of the particles that are shown as CSV (RFC 4180): row, latent coordinates, the other axes that are
 * shown, all columns, and, where there are sets, the names of those that hold the particle. The first piece begins with the
 * names.
 *
 * @param from index among the rows of the first one of this piece
 */
export function csvPiece(
  table: ScatterTable,
  { rows, axes, sets }: ShownTable,
  from: number,
): { text: string; next: number | null } {
  const latents = Array.from({ length: table.latent }, (_, d) => `z${d + 1}`);
  const given = table.columnNames();
  const known = [...latents, ...given];
  const others = axes.filter((name) => name !== ROW && !known.includes(name) && !table.spreads(name));
  const names = [ROW, ...latents, ...others, ...given];
  const to = Math.min(from + CSV_ROWS, rows.length);
  const cells: ((row: number) => string)[] = names.map((name) => {
    if (name === ROW) return String;
    const column = table.column(name);
    if (column && "categories" in column) {
      const { codes, names: words } = column.categories;
      return (row) => quoted(words[codes[row]!]!);
    }
    const values = column ? column.numbers : table.values(name);
    return (row) => String(values[row]!);
  });
  if (sets.length > 0) {
    const held = setsOf(sets, rows.subarray(from, to));
    names.push(SETS);
    cells.push((row) => quoted(held.get(row)?.join("; ") ?? ""));
  }
  const lines = from === 0 ? [names.map(quoted).join(",")] : [];
  for (let i = from; i < to; i++) lines.push(cells.map((cell) => cell(rows[i]!)).join(","));
  return { text: lines.map((line) => `${line}\r\n`).join(""), next: to < rows.length ? to : null };
}

/** Names of the sets that hold each of some particles. */
function setsOf(sets: readonly ScatterSet[], rows: Uint32Array): Map<number, string[]> {
  const held = new Map<number, string[]>(Array.from(rows, (row) => [row, []]));
  for (const { name, rows: members } of sets) for (const row of members) held.get(row)?.push(name);
  return held;
}
