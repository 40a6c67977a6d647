import { InputError } from "../errors";

/** The header of a `.npy` file, without anything of Node: pages read it too. */

/** One field of a structured array: a number, several numbers, or text of fixed length. */
export interface NumpyField {
  name: string;
  /** As NumPy writes it: byte order, kind, bytes, such as `<f4`. */
  type: string;
  /** Numbers in the field; 1 for a scalar. */
  length: number;
  /** Place in the row. */
  offset: number;
}

export interface NumpyHeader {
  /** The dictionary of the header as it is in the file, without its shape. */
  description: string;
  fields: readonly NumpyField[];
  /** Rows that the header promises. */
  count: number;
  rowBytes: number;
  /** Byte at which the first row begins. */
  dataStart: number;
}

/** Bytes at the start of a file that are enough to tell the length of its header. */
export const NUMPY_START = 12;

/** Whether a file begins as a `.npy` file does, and how many bytes its header takes. */
export function numpyHeaderBytes(bytes: Uint8Array): number | undefined {
  const major = bytes[6] ?? 0;
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
  if (!magic || major < 1 || major > 3 || bytes.length < NUMPY_START) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}

/**
 * Reads the header of a one-dimensional structured array.
 * @param bytes of the file, as many as the header takes at least
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
export function typeBytes(type: string): number {
  const found = /^[<>|=]?([biufS])(\d+)$/.exec(type);
  return found ? Number(found[2]) : 0;
}

/** Reads a number of a type from a place in a row; undefined for text. */
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
