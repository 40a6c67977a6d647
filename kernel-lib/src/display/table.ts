import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle } from "tslab-widgets/display";
import { InputError } from "../errors";
import { shortNumber } from "./checks";

export type Cell = string | number | boolean | undefined;

/** A table as HTML, and as aligned text where there is no HTML. */
export class Table implements Displayable {
  constructor(
    readonly header: readonly string[],
    readonly rows: readonly (readonly Cell[])[],
    readonly title?: string,
  ) {}

  private text(cell: Cell): string {
    if (cell === undefined) return "";
    return typeof cell === "number" ? shortNumber(cell) : String(cell);
  }

  /** Columns of numbers only, which stand to the right. */
  private numeric(column: number): boolean {
    return this.rows.every((row) => row[column] === undefined || typeof row[column] === "number");
  }

  toString(): string {
    // A line break or tab of a cell would break the columns.
    const all = [this.header, ...this.rows.map((row) => row.map((cell) => this.text(cell)))].map((row) =>
      row.map((cell) => cell.replace(/\s+/g, " ")),
    );
    const widths = this.header.map((_, c) => Math.max(...all.map((row) => row[c]!.length)));
    const lines = all.map((row) =>
      row
        .map((cell, c) => (this.numeric(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
        .join("  ")
        .trimEnd(),
    );
    return [...(this.title === undefined ? [] : [this.title]), ...lines].join("\n");
  }

  private html(): string {
    const align = this.header.map((_, c) => (this.numeric(c) ? "right" : "left"));
    const row = (cells: readonly string[], tag: "th" | "td") =>
      `<tr>${cells.map((cell, c) => `<${tag} style="text-align:${align[c]}">${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
    const caption =
      this.title === undefined
        ? ""
        : `<caption style="text-align:left;font-weight:600;padding:4px 0">${escapeMarkup(this.title)}</caption>`;
    const body = this.rows.map((cells) =>
      row(
        cells.map((cell) => this.text(cell)),
        "td",
      ),
    );
    return `<table>${caption}<thead>${row(this.header, "th")}</thead><tbody>${body.join("")}</tbody></table>`;
  }

  [displaySymbol](): MimeBundle {
    return { "text/html": this.html(), "text/plain": this.toString() };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * A table of rows that have the same keys, which are its header. Numbers are shown with three significant digits;
 * a number that has to stand as it is goes in as text.
 * @throws InputError where there is no row, or a row has other keys than the first
 */
export function table(
  rows: readonly Readonly<Record<string, Cell>>[],
  options: { title?: string } = {},
): Table {
  const first = rows[0];
  if (!first) throw new InputError("table", "at least one row", "none");
  const header = Object.keys(first);
  rows.forEach((row, r) => {
    const keys = Object.keys(row);
    if (keys.length !== header.length || header.some((key) => !(key in row))) {
      throw new InputError(`table: row ${r + 1}`, header.join(", "), keys.join(", "));
    }
  });
  return new Table(
    header,
    rows.map((row) => header.map((key) => row[key])),
    options.title,
  );
}
