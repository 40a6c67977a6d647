import { type NumpyField, type NumpyHeader, numberReader, typeBytes } from "e2gmm/formats/numpyHeader";
import type { Pauses } from "./timeSlices.js";

/** Largest number of values of a field that get separate columns; longer fields become one column of text. */
const mostColumns = 9;
const decoder = new TextDecoder();

/**
 * Converts rows of a `.cs` file to the text of a STAR file with a column for each number: `alignments3D/shift[0]`.
 * @param data the bytes of the rows, without the header
 * @param rows number of rows
 */
export async function starOfCs(
  { fields, rowBytes }: NumpyHeader,
  data: Uint8Array,
  rows: number,
  pauses: Pauses,
): Promise<Uint8Array> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const cells = fields.flatMap((field) => cellsOf(field, view, data));
  const encoder = new TextEncoder();
  const names = cells.map(({ name }, i) => `_${name.replace(/\s/g, "_")} #${i + 1}\n`).join("");
  const parts = [encoder.encode(`data_particles\n\nloop_\n${names}`)];
  let lines: string[] = [];
  const flush = () => {
    parts.push(encoder.encode(lines.join("")));
    lines = [];
  };
  for (let row = 0; row < rows; row++) {
    const at = row * rowBytes;
    lines.push(`${cells.map((cell) => cell.text(at)).join(" ")}\n`);
    if (lines.length < 2000) continue;
    flush();
    if (pauses.over()) await pauses.next();
  }
  flush();
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    bytes.set(part, to);
    to += part.length;
  }
  return bytes;
}

interface Cell {
  name: string;
  /** The value as text. @param at byte at which the row begins */
  text(at: number): string;
}

function cellsOf({ name, type, length, offset }: NumpyField, view: DataView, data: Uint8Array): Cell[] {
  const bytes = typeBytes(type);
  const read = numberReader(type);
  const one = (at: number): string => {
    if (!read) return textAt(data, at, bytes);
    if (!/[iu]8$/.test(type)) return numberText(read(view, at), type);
    const little = !type.startsWith(">");
    return String(type.includes("u") ? view.getBigUint64(at, little) : view.getBigInt64(at, little));
  };
  const of = (index: number) => (at: number) => one(at + offset + index * bytes);
  if (length === 1) return [{ name, text: (at) => quoted(of(0)(at)) }];
  const each = Array.from({ length }, (_, i) => of(i));
  if (length > mostColumns) return [{ name, text: (at) => quoted(each.map((text) => text(at)).join(" ")) }];
  return each.map((text, i) => ({ name: `${name}[${i}]`, text: (at) => quoted(text(at)) }));
}

/** A number with the digits of its type's precision. */
function numberText(value: number, type: string): string {
  if (!/f4$/.test(type) || !Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(7)));
}

/** A text of fixed length without its padding. */
function textAt(data: Uint8Array, at: number, bytes: number): string {
  const end = data.indexOf(0, at);
  return decoder.decode(data.subarray(at, end < 0 ? at + bytes : Math.min(end, at + bytes)));
}

/** A value as STAR files write it. */
function quoted(text: string): string {
  const flat = text.replace(/[\r\n]+/g, " ");
  if (flat !== "" && !/[\s"']|^[#_]|^(data_|loop_|save_)/i.test(flat)) return flat;
  return flat.includes('"') ? `'${flat}'` : `"${flat}"`;
}
