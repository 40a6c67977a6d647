import { InputError } from "../errors";
import { memoryFor, readWhole } from "./fileSource";
import {
  type NumpyField,
  type NumpyHeader,
  numberReader,
  numberWriter,
  parseNumpyHeader,
  typeBytes,
} from "./numpyHeader";

/** Fields of a table that go into another: all rows of `rows`; or a new field. */
export type TablePart =
  | { table: NumpyTable; fields: readonly string[]; rows: ArrayLike<number> }
  | { name: string; values: ArrayLike<number> };

/**
 * A one-dimensional NumPy structured array in a `.npy` file, the format of cryoSPARC's `.cs` files
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). Rows are kept as bytes.
 */
export class NumpyTable {
  /** The fields by name. */
  readonly fields: ReadonlyMap<string, NumpyField>;
  /** Number of rows. */
  readonly count: number;
  private readonly description: string;
  private readonly rowBytes: number;
  private readonly view: DataView;

  private constructor(
    readonly file: string,
    private readonly header: NumpyHeader,
    private readonly data: Buffer,
  ) {
    this.description = header.description;
    this.count = header.count;
    this.rowBytes = header.rowBytes;
    this.fields = new Map(header.fields.map((field) => [field.name, field]));
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** Reads a file. @throws InputError if it is not a structured array, holds Python objects, or has the wrong length */
  static async read(file: string): Promise<NumpyTable> {
    const bytes = await readWhole(file);
    const header = parseNumpyHeader(bytes, file);
    const { count, rowBytes, dataStart } = header;
    const expected = dataStart + count * rowBytes;
    if (bytes.length !== expected) {
      const lastRow = Math.floor((bytes.length - dataStart) / rowBytes) + 1;
      const found =
        bytes.length < expected ? `${bytes.length}, which end in row ${lastRow}` : `${bytes.length}`;
      throw new InputError(file, `${expected} bytes for ${count} rows`, found);
    }
    return new NumpyTable(file, header, bytes.subarray(dataStart));
  }

  /**
   * A table of some fields of other tables, and of new fields of float32 numbers.
   * @param file  what to call it in errors
   * @param parts each with the row of its table for every row of the new one
   */
  static assemble(file: string, count: number, parts: readonly TablePart[]): NumpyTable {
    const fields: NumpyField[] = [];
    let rowBytes = 0;
    for (const part of parts) {
      const own =
        "table" in part ? part.fields.map((name) => part.table.field(name)) : [newField(part, count)];
      for (const field of own) {
        fields.push({ ...field, offset: rowBytes });
        rowBytes += field.length * typeBytes(field.type);
      }
    }
    const data = Buffer.from(memoryFor(count * rowBytes, file));
    const description = `[${fields.map(describeField).join(", ")}]`;
    const made = new NumpyTable(file, { description, fields, count, rowBytes, dataStart: 0 }, data);
    let at = 0;
    for (const part of parts) {
      if ("table" in part) {
        for (const name of part.fields) made.copy(fields[at++]!, part.table, name, part.rows);
      } else {
        made.fill(fields[at++]!, part.values);
      }
    }
    return made;
  }

  private copy(to: NumpyField, table: NumpyTable, name: string, rows: ArrayLike<number>): void {
    const { offset } = table.field(name);
    const bytes = to.length * typeBytes(to.type);
    for (let row = 0; row < this.count; row++) {
      const from = rows[row]! * table.rowBytes + offset;
      table.data.copy(this.data, row * this.rowBytes + to.offset, from, from + bytes);
    }
  }

  private fill({ length, offset }: NumpyField, values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      const row = Math.floor(i / length);
      this.view.setFloat32(row * this.rowBytes + offset + 4 * (i % length), values[i]!, true);
    }
  }

  /** Whether there is a field of this name. */
  has(name: string): boolean {
    return this.fields.has(name);
  }

  private field(name: string): NumpyField {
    const field = this.fields.get(name);
    if (field) return field;
    throw new InputError(this.file, `a field ${name}`, `fields ${[...this.fields.keys()].join(" ")}`);
  }

  /** Whether a field holds text. @throws InputError for a missing field */
  isText(name: string): boolean {
    return numberReader(this.field(name).type) === undefined;
  }

  /**
   * A field as numbers, [count · length].
   * @param component index of one of several numbers, for [count]. Default: all
   * @throws InputError for text or a missing field
   */
  numbers(name: string, component?: number): Float64Array {
    const { type, length, offset } = this.field(name);
    const read = numberReader(type);
    if (!read) throw new InputError(`${this.file}: field ${name}`, "numbers", `type ${type}`);
    const bytes = typeBytes(type);
    const [first, width] = component === undefined ? [0, length] : [component, 1];
    const out = new Float64Array(this.count * width);
    for (let row = 0, to = 0; row < this.count; row++) {
      let at = row * this.rowBytes + offset + first * bytes;
      for (let j = 0; j < width; j++, at += bytes) out[to++] = read(this.view, at);
    }
    return out;
  }

  /** A field as text: fixed-length strings without padding; numbers in decimal, integers exactly. */
  text(name: string): string[] {
    const { type, length, offset } = this.field(name);
    const bytes = typeBytes(type);
    const rows = Array.from({ length: this.count }, (_, row) => row * this.rowBytes + offset);
    if (type.includes("S")) {
      return rows.map((at) => {
        const end = this.data.indexOf(0, at);
        return this.data.toString("utf8", at, end < 0 ? at + bytes : Math.min(end, at + bytes));
      });
    }
    if (/[iu]8$/.test(type) && length === 1) {
      const littleEndian = !type.startsWith(">");
      return rows.map((at) =>
        (type.includes("u")
          ? this.view.getBigUint64(at, littleEndian)
          : this.view.getBigInt64(at, littleEndian)
        ).toString(),
      );
    }
    const values = this.numbers(name);
    return rows.map((_, row) => values.subarray(row * length, (row + 1) * length).join(" "));
  }

  /**
   * A copy with other numbers in some fields.
   * @param values for each field [count · length]; NaN keeps a number as it is
   * @throws InputError for a missing field, and for one that does not hold floating-point numbers
   */
  withNumbers(values: Readonly<Record<string, Float64Array>>): NumpyTable {
    const copy = new NumpyTable(this.file, this.header, Buffer.from(this.data));
    for (const [name, numbers] of Object.entries(values)) {
      const { type, length, offset } = this.field(name);
      const write = numberWriter(type);
      if (!write)
        throw new InputError(`${this.file}: field ${name}`, "floating-point numbers", `type ${type}`);
      const bytes = typeBytes(type);
      for (let i = 0; i < numbers.length; i++) {
        if (Number.isNaN(numbers[i]!)) continue;
        const row = Math.floor(i / length);
        write(copy.view, row * this.rowBytes + offset + (i % length) * bytes, numbers[i]!);
      }
    }
    return copy;
  }

  /** The bytes of a `.npy` file with the given rows, in parts. */
  *subset(rows: ArrayLike<number>): Generator<Uint8Array> {
    const dictionary = `{'descr': ${this.description}, 'fortran_order': False, 'shape': (${rows.length},), }`;
    // Data is aligned to 64 bytes; a header that is too long for version 1 needs version 2.
    const long = dictionary.length > 65000;
    const start = long ? 12 : 10;
    const text = Buffer.from(dictionary, "latin1");
    const padding = (64 - ((start + text.length + 1) % 64)) % 64;
    const head = Buffer.alloc(start + text.length + padding + 1, " ");
    head.write("\x93NUMPY", 0, "latin1");
    head[6] = long ? 2 : 1;
    head[7] = 0;
    if (long) head.writeUInt32LE(head.length - start, 8);
    else head.writeUInt16LE(head.length - start, 8);
    text.copy(head, start);
    head[head.length - 1] = 10;
    yield head;
    for (let i = 0; i < rows.length; i++) {
      yield this.data.subarray(rows[i]! * this.rowBytes, (rows[i]! + 1) * this.rowBytes);
    }
  }
}

/** A field of float32 numbers, as many per row as there are values for each. */
function newField({ name, values }: { name: string; values: ArrayLike<number> }, count: number): NumpyField {
  const length = count === 0 ? 1 : values.length / count;
  return { name, type: "<f4", length, dimensions: length === 1 ? [] : [length], offset: 0 };
}

function describeField({ name, type, dimensions }: NumpyField): string {
  const shape = dimensions.length === 0 ? "" : `, (${dimensions.map((n) => `${n},`).join(" ")})`;
  return `('${name}', '${type}'${shape})`;
}
