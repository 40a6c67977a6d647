import { InputError } from "../errors";
import { NumberReader, type StarTable, withUnderscore } from "./starTable";
import type { StarRows } from "./starText";

/**
 * A block of names and values without `loop_`, as a table with one row: some programs write tables with one row like this, and
 * RELION reads them.
 */
export class PairsTable implements StarTable {
  readonly block: string;
  readonly columns: readonly string[];
  readonly count = 1;
  readonly hiddenRows = 0;
  /** Byte ranges of the values. */
  private readonly spans: Uint32Array;
  /** Number of values after each name; −34 or −39 for an unclosed quote. */
  private readonly found: Int32Array;

  /**
   * @param file  for messages
   * @param lines the lines of the pairs as rows
   */
  constructor(
    private readonly file: string,
    private readonly lines: StarRows<Buffer>,
  ) {
    this.block = lines.block;
    this.spans = new Uint32Array(2 * lines.count);
    this.found = new Int32Array(lines.count);
    const columns: string[] = [];
    const spans = new Uint32Array(4);
    for (let j = 0; j < lines.count; j++) {
      const found = lines.spansOf(j, spans);
      columns.push(lines.bytes.toString("utf8", spans[0]!, spans[1]!));
      this.found[j] = found < 0 ? found : found - 1;
      this.spans.set(spans.subarray(2), 2 * j);
    }
    this.columns = columns;
  }

  /** Byte offset of the first name. */
  get from(): number {
    return this.lines.starts[0]!;
  }

  /** Byte offset of the end of the last line. */
  get to(): number {
    return this.lines.ends[this.lines.count - 1]!;
  }

  has(column: string): boolean {
    return this.columns.includes(withUnderscore(column));
  }

  where(): string {
    return `${this.file}: data_${this.block} (line ${this.lines.lineOf(0)})`;
  }

  numbers(names: readonly string[]): Float64Array[] {
    const reader = new NumberReader(this, this.lines.bytes, names);
    this.scan(names, (row, spans) => reader.take(row, spans, 0));
    return reader.values;
  }

  text(column: string): string[] {
    return [this.word(this.place(column))];
  }

  rows(from: number, to: number): string[][] {
    return from <= 0 && to >= 1 ? [this.columns.map((name) => this.word(this.place(name)))] : [];
  }

  scan(names: readonly string[], visit: (row: number, spans: Uint32Array) => void): void {
    const spans = new Uint32Array(2 * names.length);
    for (const [j, name] of names.entries()) {
      const place = this.place(name);
      spans.set(this.spans.subarray(2 * place, 2 * place + 2), 2 * j);
    }
    visit(0, spans);
  }

  /** Values as in the file, including quotes. */
  words(): string[] {
    const { bytes } = this.lines;
    return this.columns.map((name) => {
      const place = this.place(name);
      const [from, to] = this.spans.subarray(2 * place, 2 * place + 2) as unknown as [number, number];
      const quoted = bytes[from - 1] === 34 || bytes[from - 1] === 39 ? 1 : 0;
      return bytes.toString("utf8", from - quoted, to + quoted);
    });
  }

  private word(place: number): string {
    return this.lines.bytes.toString("utf8", this.spans[2 * place]!, this.spans[2 * place + 1]!);
  }

  /** Index of a name among the pairs. @throws InputError if it is missing, duplicate, or without exactly one value */
  private place(column: string): number {
    const name = withUnderscore(column);
    const place = this.columns.indexOf(name);
    const block = `${this.file}: data_${this.block}`;
    if (place < 0) throw new InputError(block, `a value ${name}`, this.columns.join(" "));
    const line = `${this.file}: line ${this.lines.lineOf(place)}`;
    const again = this.columns.indexOf(name, place + 1);
    if (again >= 0)
      throw new InputError(`${this.file}: line ${this.lines.lineOf(again)}`, "each name once", name);
    const found = this.found[place]!;
    if (found < 0) throw new InputError(line, `a closing ${String.fromCharCode(-found)}`);
    if (found !== 1) throw new InputError(line, `one value of ${name}`, String(found));
    return place;
  }
}
