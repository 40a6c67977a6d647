import { InputError } from "../errors";

// Also used in browsers by JupyterLab's file viewers: no Node modules.

/** A field of a structured array: a number, several numbers, or fixed-length text. */
export interface NumpyField {
  name: string;
  /** NumPy's type string: byte order, kind, bytes, such as `<f4`. */
  type: string;
  /** Number of values; 1 for a scalar. */
  length: number;
  /** Extent of an array in each dimension; empty for a scalar. */
  dimensions: readonly number[];
  /** Byte offset in the row. */
  offset: number;
}

/** The parsed header of a `.npy` file. */
export interface NumpyHeader {
  /** The `descr` value of the header's dictionary, as in the file. */
  description: string;
  fields: readonly NumpyField[];
  /** Number of rows. */
  count: number;
  /** Bytes per row. */
  rowBytes: number;
  /** Byte offset of the first row. */
  dataStart: number;
}

/** Bytes from the start of a file that {@link numpyHeaderBytes} needs. */
export const numpyStartBytes = 12;

/** Length of the header in bytes; undefined if the bytes are not the start of a `.npy` file. */
export function numpyHeaderBytes(bytes: Uint8Array): number | undefined {
  const major = bytes[6] ?? 0;
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
  if (!magic || major < 1 || major > 3 || bytes.length < numpyStartBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}

/**
 * Parses the header of a one-dimensional structured array.
 * @param bytes the start of the file, at least the whole header
 * @param file  for messages
 * @throws InputError for anything else
 */
export function parseNumpyHeader(bytes: Uint8Array, file: string): NumpyHeader {
  const dataStart = numpyHeaderBytes(bytes);
  if (dataStart === undefined) {
    throw new InputError(file, "a NumPy array (.npy) of version 1, 2 or 3", "something else");
  }
  const [major] = bytes.subarray(6);
  const text = bytes.subarray(major === 1 ? 10 : 12, dataStart);
  const header = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(text);
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,?\s*\)/.exec(header);
  const description = /'descr'\s*:\s*(\[.*\])\s*,\s*'fortran_order'/s.exec(header)?.[1];
  if (!shape || !description) {
    throw new InputError(`${file}: header`, "a one-dimensional structured array", header.trim().slice(0, 80));
  }
  const fields = parseFields(description, file);
  const last = fields.at(-1)!;
  const rowBytes = last.offset + last.length * typeBytes(last.type);
  return { description, fields, count: Number(shape[1]), rowBytes, dataStart };
}

function parseFields(description: string, file: string): NumpyField[] {
  const fields: NumpyField[] = [];
  let offset = 0;
  const pattern = /\(\s*'([^']*)'\s*,\s*'([^']*)'\s*(?:,\s*\(([\d\s,]*)\)\s*)?\)\s*,?\s*/gy;
  pattern.lastIndex = 1;
  for (let found = pattern.exec(description); found; found = pattern.exec(description)) {
    const [, name, type, shape] = found as unknown as [string, string, string, string | undefined];
    const dimensions = (shape ?? "")
      .split(",")
      .filter((n) => n.trim() !== "")
      .map(Number);
    const length = dimensions.reduce((product, n) => product * n, 1);
    const bytes = typeBytes(type);
    if (!(bytes > 0))
      throw new InputError(`${file}: field ${name}`, "numbers or text of fixed length", `type ${type}`);
    fields.push({ name, type, length, dimensions, offset });
    offset += length * bytes;
    if (pattern.lastIndex >= description.length - 1) return fields;
  }
  throw new InputError(`${file}: header`, "a list of fields", description.slice(0, 80));
}

/** Bytes per value; 0 for unsupported types (Python objects, dates). */
export function typeBytes(type: string): number {
  const found = /^[<>|=]?([biufS])(\d+)$/.exec(type);
  return found ? Number(found[2]) : 0;
}

/** A function that reads a number of the given type at a byte offset; undefined for text. */
export function numberReader(type: string): ((view: DataView, at: number) => number) | undefined {
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

/** A function that writes a number of the given type at a byte offset; undefined for text and integers. */
export function numberWriter(
  type: string,
): ((view: DataView, at: number, value: number) => void) | undefined {
  const littleEndian = !type.startsWith(">");
  switch (type.replace(/^[<>|=]/, "")) {
    case "f4":
      return (view, at, value) => view.setFloat32(at, value, littleEndian);
    case "f8":
      return (view, at, value) => view.setFloat64(at, value, littleEndian);
    default:
      return undefined;
  }
}
