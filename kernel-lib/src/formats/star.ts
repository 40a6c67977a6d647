import { InputError } from "../errors";
import { openSource } from "./fileSource";
import { PairsTable } from "./starPairs";
import { NumberReader, type StarTable, withUnderscore } from "./starTable";
import { refuseOtherFormats, StarLines, StarRows } from "./starText";

/** A STAR file in memory: its bytes, and an index of blocks, loops and rows. */
export interface StarFile {
  readonly file: string;
  readonly bytes: Buffer;
  /** The loops. */
  readonly tables: readonly StarTable[];
  /** Blocks of pairs without a loop, as tables with one row. */
  readonly pairTables: readonly StarTable[];
  /** Name and value pairs of each block; names have their leading underscore. */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The first loop of a block, or its pairs if it has no loop; undefined if there is no such block. */
  table(block: string): StarTable | undefined;
}

const newline = 10;

class Table extends StarRows<Buffer> implements StarTable {
  private checked = false;

  constructor(
    private readonly file: string,
    bytes: Buffer,
    block: string,
  ) {
    super(bytes, block);
  }

  has(column: string): boolean {
    return this.columns.includes(withUnderscore(column));
  }

  where(row: number): string {
    return `${this.file}: row ${row + 1} (line ${this.lineOf(row)})`;
  }

  numbers(names: readonly string[]): Float64Array[] {
    const reader = new NumberReader(this, this.bytes, names);
    this.scan(names, (row, spans) => reader.take(row, spans, 0));
    return reader.values;
  }

  text(column: string): string[] {
    const values = new Array<string>(this.count);
    this.scan([column], (row, spans) => {
      values[row] = this.bytes.toString("utf8", spans[0]!, spans[1]!);
    });
    return values;
  }

  override spansOf(row: number, spans: Uint32Array): number {
    const found = super.spansOf(row, spans);
    this.check(row, found);
    return found;
  }

  rows(from: number, to: number): string[][] {
    const { columns } = this;
    const spans = new Uint32Array(2 * columns.length);
    const rows: string[][] = [];
    for (let row = Math.max(from, 0); row < Math.min(to, this.count); row++) {
      this.spansOf(row, spans);
      rows.push(columns.map((_, j) => this.bytes.toString("utf8", spans[2 * j]!, spans[2 * j + 1]!)));
    }
    return rows;
  }

  scan(names: readonly string[], visit: (row: number, spans: Uint32Array) => void): void {
    const { wanted, duplicates } = this.wantedColumns(names);
    // The first pass checks the length of every row; later passes stop at the last wanted column.
    const last = this.checked ? wanted.reduce((most, j, i) => (j >= 0 ? i : most), -1) : this.columns.length;
    const spans = new Uint32Array(2 * names.length);
    for (let row = 0; row < this.count; row++) {
      const found = this.scanRow(row, wanted, last, spans);
      if (found < 0 || last === this.columns.length) this.check(row, found);
      for (const [to, from] of duplicates) {
        spans[2 * to] = spans[2 * from]!;
        spans[2 * to + 1] = spans[2 * from + 1]!;
      }
      visit(row, spans);
    }
    this.checked = true;
  }

  /**
   * The place among `names` of each column, −1 for none, and pairs of places of names that occur twice.
   * @throws InputError for a name without a column
   */
  private wantedColumns(names: readonly string[]): { wanted: Int32Array; duplicates: [number, number][] } {
    const wanted = new Int32Array(this.columns.length).fill(-1);
    const duplicates: [number, number][] = [];
    for (const [j, name] of names.entries()) {
      const column = this.columns.indexOf(withUnderscore(name));
      if (column < 0) {
        const found = this.columns.length > 0 ? this.columns.join(" ") : "none";
        const block = `${this.file}: data_${this.block}`;
        throw new InputError(block, `a column ${withUnderscore(name)}`, `columns ${found}`);
      }
      if (wanted[column]! >= 0) duplicates.push([j, wanted[column]!]);
      else wanted[column] = j;
    }
    return { wanted, duplicates };
  }

  /** @throws InputError unless `found`, the result of scanning a row, is one value per column */
  private check(row: number, found: number): void {
    const { length } = this.columns;
    if (found === length) return;
    if (found < 0) throw new InputError(this.where(row), `a closing ${String.fromCharCode(-found)}`);
    throw new InputError(
      this.where(row),
      `${length} values, one for each column`,
      found > length ? "more" : String(found),
    );
  }
}

/**
 * Reads a STAR file in RELION's dialect, with one line per row. Rows are only located; values are parsed on demand.
 *
 * @throws InputError if the file is missing, in another format (HTML, binary), or malformed
 */
export async function readStar(file: string): Promise<StarFile> {
  const source = await openSource(file);
  try {
    // Row offsets have 32 bits.
    if (source.size >= 2 ** 32) throw new InputError(file, "a STAR file below 4 GiB", `${source.size} bytes`);
    return parseStar(await source.read(0, source.size), file);
  } finally {
    await source.close();
  }
}

/** Parses the bytes of a STAR file, see {@link readStar}. `file` is used in messages only. */
export function parseStar(bytes: Buffer, file: string): StarFile {
  refuseOtherFormats(bytes, file);
  const tables: Table[] = [];
  const pairs = new Map<string, Map<string, string>>();
  const pairLines = new Map<string, StarRows<Buffer>>();
  const lines = new StarLines(bytes, file, {
    block: (name) => {
      if (!pairs.has(name)) pairs.set(name, new Map());
    },
    loop: (block) => {
      const table = new Table(file, bytes, block);
      tables.push(table);
      return table;
    },
    pair: (block, at, end) => {
      let ofBlock = pairLines.get(block);
      if (!ofBlock) {
        ofBlock = new StarRows(bytes, block);
        pairLines.set(block, ofBlock);
      }
      ofBlock.addRow(at, end);
      const words = bytes.toString("utf8", at, end).trim();
      const [name] = words.split(/\s/, 1) as [string];
      pairs.get(block)!.set(name, unquote(words.slice(name.length).trim()));
    },
  });
  for (let start = byteOrderMark(bytes); start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found + 1;
    lines.take(start, end);
    start = end;
  }
  lines.finish();
  const pairTables = [...pairLines]
    .filter(([block]) => !tables.some((table) => table.block === block))
    .map(([, ofBlock]) => new PairsTable(file, ofBlock));
  return {
    file,
    bytes,
    tables,
    pairTables,
    pairs,
    table: (name) => [...tables, ...pairTables].find((candidate) => candidate.block === name),
  };
}

/** Length of the UTF-8 byte order mark, 3; 0 if there is none. */
export function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1(?:\s|$)/.exec(value);
  return quoted ? quoted[2]! : value.split(/\s+#/)[0]!;
}
