import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle } from "tslab-widgets/display";
import { InputError } from "../errors";
import { shortNumber } from "./checks";

/** Content of a cell; undefined: empty. */
export type Cell = string | number | boolean | undefined;

/**
 * A table, shown as HTML in notebooks and as aligned text elsewhere. Numbers have three significant digits.
 *
 * @example
 * ```ts
 * const rows = [["consensus", 9.8], ["open", 11.2]] as const;
 * await e2.show(new e2.figures.Table(["map", "resolution (Å)"], rows, "Maps"));
 * ```
 */
export class Table implements Displayable {
  /** A table from its parts; see {@link table}. */
  constructor(
    /** Names of the columns. */
    readonly header: readonly string[],
    /** Cells, as many in each row as there are columns. */
    readonly rows: readonly (readonly Cell[])[],
    /** Above the table. Default none. */
    readonly title?: string,
  ) {}

  private text(cell: Cell): string {
    if (cell === undefined) return "";
    return typeof cell === "number" ? shortNumber(cell) : String(cell);
  }

  /** Whether a column has only numbers, which are right-aligned. */
  private numeric(column: number): boolean {
    return this.rows.every((row) => row[column] === undefined || typeof row[column] === "number");
  }

  /** The table as aligned text. */
  toString(): string {
    // Line breaks and tabs would break the columns
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

  /** Forms for the notebook: HTML and text. */
  [displaySymbol](): MimeBundle {
    return { "text/html": this.html(), "text/plain": this.toString() };
  }

  /** The table as text, for consoles. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Options of a table. */
export interface TableOptions {
  /** Above the table. Default none. */
  title?: string;
}

/**
 * Makes a table from rows with the same keys, which become the header. Numbers are shown with three significant digits;
 * convert those to text that need more.
 *
 * @throws InputError if there is no row, or a row has other keys than the first
 *
 * @example
 * ```ts
 * await e2.show(e2.figures.table([{ map: "consensus", "resolution (Å)": 9.8 }], { title: "Maps" }));
 * ```
 */
export function table(rows: readonly Readonly<Record<string, Cell>>[], options: TableOptions = {}): Table {
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
