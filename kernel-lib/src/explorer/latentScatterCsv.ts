import { ROW, type ScatterTable } from "./latentScatterTable";

/** Rows whose text is sent at once: a megabyte or two. */
export const CSV_ROWS = 20_000;

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A piece of the table of particles as CSV (RFC 4180): row, latent coordinates, the other axes that are shown, all
 * columns. The first piece begins with the names.
 *
 * @param rows the particles it is about; undefined for all
 * @param from index among them of the first one of this piece
 */
export function csvPiece(
  table: ScatterTable,
  rows: Uint32Array | undefined,
  from: number,
  shown: readonly string[],
): { text: string; next: number | null } {
  const latents = Array.from({ length: table.latent }, (_, d) => `z${d + 1}`);
  const given = table.columnNames();
  const known = [...latents, ...given];
  const others = shown.filter((name) => !known.includes(name) && !table.spreads(name));
  const names = [ROW, ...latents, ...others, ...given];
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
  const count = rows?.length ?? table.count;
  const to = Math.min(from + CSV_ROWS, count);
  const lines = from === 0 ? [names.map(quoted).join(",")] : [];
  for (let i = from; i < to; i++) {
    const row = rows ? rows[i]! : i;
    lines.push(cells.map((cell) => cell(row)).join(","));
  }
  return { text: lines.map((line) => `${line}\r\n`).join(""), next: to < count ? to : null };
}
