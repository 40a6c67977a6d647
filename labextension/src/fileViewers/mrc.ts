import { InputError } from "e2gmm/dist/errors.js";
import type { MrcHeader } from "e2gmm/dist/maps/mrcHeader.js";

/**
 * MRC, CCP4 and MAP files in the page: header, checks, values. The kernel's reader (`maps/mrcHeader.ts`,
 * `maps/mrcValues.ts`) stands on Node's Buffer and `os`, which no browser has; a test holds the two against each
 * other. Numbers of words are those of the MRC2014 format (Cheng et al., J. Struct. Biol. 192, 146–150, 2015).
 */

export type { MrcHeader };

export const headerBytes = 1024;

/** Kinds of value that can be shown, by mode (word 4). */
const modes: Record<number, { name: string; bytes: number }> = {
  0: { name: "8-bit integers", bytes: 1 },
  1: { name: "16-bit integers", bytes: 2 },
  2: { name: "32-bit floating point", bytes: 4 },
  6: { name: "16-bit unsigned integers", bytes: 2 },
  12: { name: "16-bit floating point", bytes: 2 },
};

/** Kinds that exist and are not shown. */
const otherModes: Record<number, string> = {
  3: "complex 16-bit integers",
  4: "complex 32-bit floating point",
  7: "32-bit integers",
  16: "RGB colours",
  101: "4-bit integers",
};

const imodStamp = 1146047817;
const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function modeName(mode: number): string {
  return modes[mode]?.name ?? otherModes[mode] ?? "unknown";
}

function isPlausible(view: DataView, littleEndian: boolean): boolean {
  const word = (n: number) => view.getInt32(4 * (n - 1), littleEndian);
  const edge = (n: number) => word(n) > 0 && word(n) < 1 << 28;
  const axis = (n: number) => word(n) >= 0 && word(n) <= 3;
  const mode = word(4);
  return (
    [1, 2, 3].every(edge) &&
    (mode in modes || mode in otherModes) &&
    [17, 18, 19].every(axis) &&
    word(24) >= 0
  );
}

/**
 * Reads the fixed header, in the byte order of the machine stamp (word 54) where it makes sense in that, and
 * otherwise in the one in which it does.
 *
 * @throws InputError when the bytes are no MRC header in either byte order
 */
export function parseHeader(bytes: Uint8Array, file: string): MrcHeader {
  if (bytes.length < headerBytes) {
    throw new InputError(file, `an MRC header of ${headerBytes} bytes`, `a file of ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const stampSaysBig = bytes[212] === 0x11 && bytes[213] === 0x11;
  const littleEndian = [!stampSaysBig, stampSaysBig].find((order) => isPlausible(view, order));
  if (littleEndian === undefined) throw new InputError(file, "an MRC file", describeBytes(bytes, view));

  const int = (n: number) => view.getInt32(4 * (n - 1), littleEndian);
  const float = (n: number) => view.getFloat32(4 * (n - 1), littleEndian);
  const text = (from: number, length: number) =>
    latin1(bytes.subarray(from, from + length)).replace(/[\0\s]+$/, "");
  const axes: [number, number, number] = [int(17), int(18), int(19)];
  if (axes.every((axis) => axis === 0)) axes.splice(0, 3, 1, 2, 3);
  if ([...axes].sort().join() !== "1,2,3") {
    throw new InputError(`${file}: words 17–19`, "the axes 1, 2 and 3 in some order", axes.join(", "));
  }
  const labelCount = Math.max(0, Math.min(10, int(56)));
  return {
    nc: int(1),
    nr: int(2),
    ns: int(3),
    mode: int(4),
    start: [int(5), int(6), int(7)],
    sampling: [int(8), int(9), int(10)],
    cell: [float(11), float(12), float(13)],
    angles: [float(14), float(15), float(16)],
    axes,
    min: float(20),
    max: float(21),
    mean: float(22),
    spaceGroup: int(23),
    extendedBytes: int(24),
    extendedType: text(104, 4),
    version: int(28),
    imodStamp: int(39),
    imodFlags: int(40),
    origin: [float(50), float(51), float(52)],
    hasMapString: text(208, 4) === "MAP",
    rms: float(55),
    labels: Array.from({ length: labelCount }, (_, i) => text(224 + 80 * i, 80)),
    littleEndian,
  };
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** What a file that is no MRC file looks like, for the message. */
function describeBytes(bytes: Uint8Array, view: DataView): string {
  const start = latin1(bytes.subarray(0, 8));
  if (start.startsWith("\x89HDF")) return "an HDF5 file";
  if (/^(II\*\0|MM\0\*)/.test(start)) return "a TIFF file";
  if (start.startsWith("\x1f\x8b")) return "a file packed by gzip";
  if (/^[\t\n\r\x20-\x7e]{8}$/.test(start)) return `text beginning with "${start.trim()}"`;
  const word = (n: number) => view.getInt32(4 * (n - 1), true);
  return `${word(1)}×${word(2)}×${word(3)} values of mode ${word(4)} in words 1–4`;
}

/** Where the values of a file are. */
export interface MrcLayout {
  /** Byte of the first value. */
  dataStart: number;
  bytesPerValue: number;
  /** Bytes of a section of the file. */
  sectionBytes: number;
  /** Bytes that the header promises for the whole file. */
  fileBytes: number;
}

/**
 * @param size  length of the file in bytes
 * @throws InputError when values are of a kind that cannot be shown, or the file is shorter than its header promises
 */
export function layoutOf(header: MrcHeader, size: number, file: string): MrcLayout {
  const mode = modes[header.mode];
  if (!mode) {
    throw new InputError(
      file,
      "values of mode 0 (int8), 1 (int16), 2 (float32), 6 (uint16) or 12 (float16)",
      `mode ${header.mode} (${modeName(header.mode)})`,
    );
  }
  const dataStart = headerBytes + header.extendedBytes;
  const sectionBytes = header.nc * header.nr * mode.bytes;
  const fileBytes = dataStart + sectionBytes * header.ns;
  if (size < fileBytes) {
    const whole = Math.max(0, Math.floor((size - dataStart) / sectionBytes));
    throw new InputError(
      file,
      `${fileBytes} bytes for ${header.ns} sections of ${header.nc}×${header.nr} in mode ${header.mode}`,
      `${size} bytes, which hold ${whole} whole sections`,
    );
  }
  return { dataStart, bytesPerValue: mode.bytes, sectionBytes, fileBytes };
}

/** Size along X, Y and Z, whatever the order of axes in the file. */
export function sizeOf(header: MrcHeader): [number, number, number] {
  const extent = [header.nc, header.nr, header.ns];
  return [1, 2, 3].map((axis) => extent[header.axes.indexOf(axis)]!) as [number, number, number];
}

/** Å per voxel along X, Y and Z; 1 where the header does not say. */
export function voxelOf(header: MrcHeader): { voxel: [number, number, number]; isKnown: boolean } {
  const size = sizeOf(header);
  const edges = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  const good = (edge: number) => edge > 0 && Number.isFinite(edge);
  const fallback = edges.find(good) ?? 1;
  const voxel = edges.map((edge) => (good(edge) ? edge : fallback)) as [number, number, number];
  return { voxel, isKnown: good(edges[0]!) };
}

/** Place of the first voxel in Å: words 50–52 where somebody set them, else its place in the cell (CCP4, EMDB). */
export function originOf(header: MrcHeader): [number, number, number] {
  if (header.origin.some((x) => x !== 0 && Number.isFinite(x))) {
    return header.origin.map((x) => (Number.isFinite(x) ? x : 0)) as [number, number, number];
  }
  const { voxel } = voxelOf(header);
  return [1, 2, 3].map((axis) => header.start[header.axes.indexOf(axis)]! * voxel[axis - 1]!) as [
    number,
    number,
    number,
  ];
}

/** Whether sections are images of their own and no planes of a volume, as far as extension and header tell. */
export function isStack(header: MrcHeader, file: string): boolean {
  if (/\.(mrcs|st)$/i.test(file)) return true;
  if (header.ns === 1) return true;
  // RELION's and IMOD's stacks are sampled once along Z; many volumes have space group 0 by mistake
  if (header.spaceGroup === 0 && header.sampling[2] === 1) return true;
  // A few large sections are images, whatever their writer put into the header
  return header.ns < 32 && header.nc >= 8 * header.ns && header.nr >= 8 * header.ns;
}

let halfTable: Float32Array | undefined;

/** Value of each of the 65,536 half-precision numbers (IEEE 754 binary16). */
function halfValues(): Float32Array {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) halfTable[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) halfTable[bits] = sign * fraction * 2 ** -24;
    else halfTable[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

function swap(bytes: Uint8Array, width: number): void {
  const { buffer, byteOffset, length } = bytes;
  if (width === 2) {
    const words = new Uint16Array(buffer, byteOffset, length / 2);
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! >> 8) | (words[i]! << 8);
  } else {
    const words = new Uint32Array(buffer, byteOffset, length / 4);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      words[i] = (word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24);
    }
  }
}

/** Stored values as float32. `raw` begins at a place of its buffer where such numbers may lie, and is changed. */
export function decodeValues(raw: Uint8Array, header: MrcHeader): Float32Array {
  const { buffer, byteOffset, length } = raw;
  const width = modes[header.mode]!.bytes;
  if (width > 1 && header.littleEndian !== machineIsLittleEndian) swap(raw, width);
  switch (header.mode) {
    case 0: {
      // Signed, as MRC2014 says, unless IMOD's stamp is there without its flag for that
      const signed = header.imodStamp !== imodStamp || (header.imodFlags & 1) === 1;
      return new Float32Array(signed ? new Int8Array(buffer, byteOffset, length) : raw);
    }
    case 1:
      return new Float32Array(new Int16Array(buffer, byteOffset, length / 2));
    case 2:
      return new Float32Array(buffer, byteOffset, length / 4);
    case 6:
      return new Float32Array(new Uint16Array(buffer, byteOffset, length / 2));
    default: {
      const half = halfValues();
      const words = new Uint16Array(buffer, byteOffset, length / 2);
      const values = new Float32Array(words.length);
      for (let i = 0; i < words.length; i++) values[i] = half[words[i]!]!;
      return values;
    }
  }
}
