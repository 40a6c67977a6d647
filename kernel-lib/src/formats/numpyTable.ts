import { InputError } from "../errors";
import { openSource } from "./fileSource";
import { type NumpyField, numberReader, parseNumpyHeader, typeBytes } from "./numpyHeader";

/**
 * A one-dimensional NumPy structured array in a `.npy` file (which is what cryoSPARC's `.cs` files are). The format is
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html; the rows stay bytes.
 */
export class NumpyTable {
  readonly fields: ReadonlyMap<string, NumpyField>;
  private readonly view: DataView;

  private constructor(
    readonly file: string,
    /** The dictionary of the header as it is in the file, without its shape. */
    private readonly description: string,
    readonly count: number,
    private readonly rowBytes: number,
    private readonly data: Buffer,
    fields: readonly NumpyField[],
  ) {
    this.fields = new Map(fields.map((field) => [field.name, field]));
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** @throws InputError when the file is no structured array, holds Python objects, or is too short */
  static async read(file: string): Promise<NumpyTable> {
    const source = await openSource(file);
    let bytes: Buffer;
    try {
      bytes = await source.read(0, source.size);
    } finally {
      await source.close();
    }
    const { description, fields, count, rowBytes, dataStart } = parseNumpyHeader(bytes, file);
    if (bytes.length < dataStart + count * rowBytes) {
      const found = `${bytes.length}, which end in row ${Math.floor((bytes.length - dataStart) / rowBytes) + 1}`;
      throw new InputError(file, `${dataStart + count * rowBytes} bytes for ${count} rows`, found);
    }
    if (bytes.length > dataStart + count * rowBytes) {
      throw new InputError(
        file,
        `${dataStart + count * rowBytes} bytes for ${count} rows`,
        `${bytes.length}`,
      );
    }
    const data = bytes.subarray(dataStart);
    return new NumpyTable(file, description, count, rowBytes, data, fields);
  }

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
   * A field as numbers, [count · length] for one of several numbers, or one number of each row by its index.
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

  /** A field as text: fixed-length strings without their padding; numbers in decimal, integers exactly. */
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

  /** The bytes of a `.npy` file with these rows only, in this order, in pieces. */
  *subset(rows: ArrayLike<number>): Generator<Uint8Array> {
    const dictionary = `{'descr': ${this.description}, 'fortran_order': False, 'shape': (${rows.length},), }`;
    // The data begin at a multiple of 64 bytes; a header too long for version 1 needs version 2.
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
