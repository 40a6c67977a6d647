import { InputError } from "../errors";
import { openSource } from "../maps/mrcSource";

/** One field of a structured array: a number, several numbers, or text of fixed length. */
interface Field {
  name: string;
  /** As NumPy writes it: byte order, kind, bytes, such as `<f4`. */
  type: string;
  /** Numbers in the field; 1 for a scalar. */
  length: number;
  /** Place in the row. */
  offset: number;
}

/**
 * A one-dimensional NumPy structured array in a `.npy` file (which is what cryoSPARC's `.cs` files are). The format is
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html; the rows stay bytes.
 */
export class NumpyTable {
  readonly fields: ReadonlyMap<string, Field>;
  private readonly view: DataView;

  private constructor(
    readonly file: string,
    /** The dictionary of the header as it is in the file, without its shape. */
    private readonly description: string,
    readonly count: number,
    private readonly rowBytes: number,
    private readonly data: Buffer,
    fields: Field[],
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
    const major = bytes[6] ?? 0;
    const lengthBytes = major === 1 ? 2 : 4;
    if (bytes.toString("latin1", 0, 6) !== "\x93NUMPY" || major < 1 || major > 3 || bytes.length < 12) {
      throw new InputError(file, "a NumPy array (.npy) of version 1, 2 or 3", "something else");
    }
    const headerLength = lengthBytes === 2 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
    const dataStart = 8 + lengthBytes + headerLength;
    const header = bytes.toString(major === 3 ? "utf8" : "latin1", 8 + lengthBytes, dataStart);
    const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,?\s*\)/.exec(header);
    const description = /'descr'\s*:\s*(\[.*\])\s*,\s*'fortran_order'/s.exec(header)?.[1];
    if (!shape || !description) {
      throw new InputError(
        `${file}: header`,
        "a one-dimensional structured array",
        header.trim().slice(0, 80),
      );
    }
    const fields = parseFields(description, file);
    const last = fields.at(-1)!;
    const rowBytes = last.offset + last.length * typeBytes(last.type);
    const count = Number(shape[1]);
    if (bytes.length < dataStart + count * rowBytes) {
      const found = `${bytes.length}, which end in row ${Math.floor((bytes.length - dataStart) / rowBytes) + 1}`;
      throw new InputError(file, `${dataStart + count * rowBytes} bytes for ${count} rows`, found);
    }
    const data = bytes.subarray(dataStart, dataStart + count * rowBytes);
    return new NumpyTable(file, description, count, rowBytes, data, fields);
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  private field(name: string): Field {
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

function parseFields(description: string, file: string): Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const pattern = /\(\s*'([^']*)'\s*,\s*'([^']*)'\s*(?:,\s*\(([\d\s,]*)\)\s*)?\)\s*,?\s*/gy;
  pattern.lastIndex = 1;
  for (let found = pattern.exec(description); found; found = pattern.exec(description)) {
    const [, name, type, shape] = found as unknown as [string, string, string, string | undefined];
    const length = (shape ?? "1")
      .split(",")
      .filter((n) => n.trim() !== "")
      .reduce((product, n) => product * Number(n), 1);
    const bytes = typeBytes(type);
    if (!(bytes > 0))
      throw new InputError(`${file}: field ${name}`, "numbers or text of fixed length", `type ${type}`);
    fields.push({ name, type, length, offset });
    offset += length * bytes;
    if (pattern.lastIndex >= description.length - 1) return fields;
  }
  throw new InputError(`${file}: header`, "a list of fields", description.slice(0, 80));
}

/** Bytes of one value, or 0 for types of unknown layout (Python objects, dates). */
function typeBytes(type: string): number {
  const found = /^[<>|=]?([biufS])(\d+)$/.exec(type);
  return found ? Number(found[2]) : 0;
}

function numberReader(type: string): ((view: DataView, at: number) => number) | undefined {
  const littleEndian = !type.startsWith(">");
  switch (type.replace(/^[<>|=]/, "")) {
    case "f4":
      return (view, at) => view.getFloat32(at, littleEndian);
    case "f8":
      return (view, at) => view.getFloat64(at, littleEndian);
    case "i4":
      return (view, at) => view.getInt32(at, littleEndian);
    case "u4":
      return (view, at) => view.getUint32(at, littleEndian);
    case "i2":
      return (view, at) => view.getInt16(at, littleEndian);
    case "u2":
      return (view, at) => view.getUint16(at, littleEndian);
    case "i1":
      return (view, at) => view.getInt8(at);
    case "u1":
    case "b1":
      return (view, at) => view.getUint8(at);
    case "i8":
      return (view, at) => Number(view.getBigInt64(at, littleEndian));
    case "u8":
      return (view, at) => Number(view.getBigUint64(at, littleEndian));
    default:
      return undefined;
  }
}
