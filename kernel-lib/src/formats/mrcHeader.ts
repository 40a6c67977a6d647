import { InputError } from "../errors";

// Also used in browsers by JupyterLab's file viewers: no Node modules.

/** Length of the fixed header in bytes. */
export const headerBytes = 1024;

/**
 * The header of an MRC, CCP4 or MAP file. Comments give the 4-byte words of the MRC2014 format
 * (Cheng et al., J. Struct. Biol. 192, 146–150, 2015; https://www.ccpem.ac.uk/mrc_format/mrc2014.php).
 */
export interface MrcHeader {
  /** Word 1: columns of the array in the file, which vary fastest. */
  nc: number;
  /** Word 2: rows. */
  nr: number;
  /** Word 3: sections. */
  ns: number;
  /** Word 4: type of the values, see `bytesPerValue`. */
  mode: number;
  /** Words 5–7: position of the first column, row and section in the unit cell. */
  start: [number, number, number];
  /** Words 8–10: sampling along X, Y and Z of the unit cell; a stack of volumes has MZ sections per volume. */
  sampling: [number, number, number];
  /** Words 11–13: lengths of the unit cell in Å. */
  cell: [number, number, number];
  /** Words 14–16: angles of the unit cell in degrees. */
  angles: [number, number, number];
  /** Words 17–19: axis (1 X, 2 Y, 3 Z) of columns, rows and sections; zeros are read as 1, 2, 3. */
  axes: [number, number, number];
  /** Word 20: minimum, as recorded by the writer. */
  min: number;
  /** Word 21: maximum. */
  max: number;
  /** Word 22: mean. */
  mean: number;
  /** Word 23: space group; 0 for images, 1 for a volume, 401 and above for a stack of volumes. Many writers ignore this. */
  spaceGroup: number;
  /** Word 24: bytes of the extended header, between this header and the data. */
  extendedBytes: number;
  /** Word 27: type of extended header, such as `FEI1`, or an empty string. */
  extendedType: string;
  /** Word 28: version of the format, 20140 for MRC2014; 0 in older files. */
  version: number;
  /** Word 39: IMOD's stamp. */
  imodStamp: number;
  /** Word 40: IMOD's flags; with the stamp, flag 1 means that mode 0 is signed. */
  imodFlags: number;
  /** Words 50–52: origin in Å. */
  origin: [number, number, number];
  /** Word 53: whether it is `MAP `; missing in files from before CCP4. */
  hasMapString: boolean;
  /** Word 55: standard deviation; negative if not computed. */
  rms: number;
  /** Words 57–256: up to ten lines of text. */
  labels: string[];
  /** Byte order of the numbers. */
  littleEndian: boolean;
}

/** Supported modes. */
const modes: Record<number, { name: string; bytes: number }> = {
  0: { name: "8-bit integers", bytes: 1 },
  1: { name: "16-bit integers", bytes: 2 },
  2: { name: "32-bit floating point", bytes: 4 },
  6: { name: "16-bit unsigned integers", bytes: 2 },
  12: { name: "16-bit floating point", bytes: 2 },
};

/** Modes that exist but are not supported. */
const unsupportedModes: Record<number, string> = {
  3: "complex 16-bit integers",
  4: "complex 32-bit floating point",
  7: "32-bit integers",
  16: "RGB colours",
  101: "4-bit integers",
};

const imodStampValue = 1146047817;

/** Byte order of this machine. */
export const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Description of a mode. */
export function modeName(mode: number): string {
  return modes[mode]?.name ?? unsupportedModes[mode] ?? "a mode that the format does not define";
}

/** Bytes per value. @throws InputError for an unsupported or unknown mode */
export function bytesPerValue(mode: number, file: string): number {
  const known = modes[mode];
  if (known) return known.bytes;
  throw new InputError(
    file,
    "values of mode 0 (int8), 1 (int16), 2 (float32), 6 (uint16) or 12 (float16)",
    `mode ${mode} (${modeName(mode)})`,
  );
}

function isPlausible(view: DataView, littleEndian: boolean): boolean {
  const word = (n: number) => view.getInt32(4 * (n - 1), littleEndian);
  const extent = (n: number) => word(n) > 0 && word(n) < 1 << 28;
  const axis = (n: number) => word(n) >= 0 && word(n) <= 3;
  const mode = word(4);
  return (
    extent(1) &&
    extent(2) &&
    extent(3) &&
    (mode in modes || mode in unsupportedModes) &&
    axis(17) &&
    axis(18) &&
    axis(19) &&
    word(24) >= 0
  );
}

/**
 * Parses the fixed header. The byte order is that of the machine stamp (word 54) if the header is plausible in it, otherwise
 * the other one: old files have no stamp, and some have a wrong one.
 *
 * @param bytes the first 1024 bytes or more
 * @param file  for messages
 * @throws InputError if the bytes are not an MRC header in either byte order
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

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const latin1Bytes = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Describes a file that is not an MRC file, for messages. */
function describeBytes(bytes: Uint8Array, view: DataView): string {
  const start = latin1(bytes.subarray(0, 8));
  if (start.startsWith("\x89HDF")) return "an HDF5 file";
  if (/^(II\*\0|MM\0\*)/.test(start)) return "a TIFF file";
  if (start.startsWith("\x1f\x8b")) return "a gzip file";
  if (start.startsWith("\x28\xb5\x2f\xfd")) return "a zstd file (decompress it first)";
  if (start.startsWith("\xfd7zXZ")) return "an xz file (decompress it first)";
  if (start.startsWith("PK\x03\x04")) return "a zip archive (extract it first)";
  if (start.startsWith("\x93NUMPY")) return "a NumPy or cryoSPARC file";
  if (/^[\t\n\r\x20-\x7e]{8}$/.test(start)) return `text beginning with "${start.trim()}"`;
  const word = (n: number) => view.getInt32(4 * (n - 1), true);
  return `${word(1)}×${word(2)}×${word(3)} values of mode ${word(4)} in words 1–4`;
}

/** Header of a new file: float32, axes X, Y, Z, the byte order of this machine. */
export interface NewHeader {
  /** nx, ny, nz. */
  size: readonly [number, number, number];
  /** Å per pixel. */
  apix: number;
  /** 0 for a stack of images, 1 for a volume. */
  spaceGroup: 0 | 1;
  /** Position of the first voxel in Å. Default 0, 0, 0. */
  origin?: readonly [number, number, number];
  /** Up to ten lines that say where the data come from; 80 characters of each. */
  labels?: readonly string[];
  statistics: { min: number; max: number; mean: number; rms: number };
}

/** The 1024 bytes of an MRC2014 header. */
export function formatHeader(header: NewHeader): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  const littleEndian = machineIsLittleEndian;
  const int = (n: number, value: number) => view.setInt32(4 * (n - 1), value, littleEndian);
  const float = (n: number, value: number) => view.setFloat32(4 * (n - 1), value, littleEndian);
  const { size, apix, spaceGroup, statistics, origin = [0, 0, 0] } = header;
  // MZ = 1 distinguishes a stack of images from a volume.
  const sampling = [size[0], size[1], spaceGroup === 0 ? 1 : size[2]];
  for (let i = 0; i < 3; i++) {
    int(1 + i, size[i]!);
    int(8 + i, sampling[i]!);
    float(11 + i, sampling[i]! * apix);
    float(14 + i, 90);
    int(17 + i, i + 1);
    float(50 + i, origin[i]!);
  }
  int(4, 2);
  float(20, statistics.min);
  float(21, statistics.max);
  float(22, statistics.mean);
  int(23, spaceGroup);
  int(28, 20140);
  bytes.set(latin1Bytes("MAP "), 208);
  bytes.set(littleEndian ? [0x44, 0x44] : [0x11, 0x11], 212);
  float(55, statistics.rms);
  const labels = (header.labels ?? []).slice(0, 10);
  int(56, labels.length);
  for (const [i, label] of labels.entries()) {
    const text = label.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
    bytes.set(latin1Bytes(text.padEnd(80)), 224 + 80 * i);
  }
  return bytes;
}

/** Whether the header declares the sign of mode 0, by IMOD's stamp. */
export function saysSignOfBytes(header: MrcHeader): boolean {
  return header.imodStamp === imodStampValue;
}

/** Whether values of mode 0 are signed: yes (MRC2014), unless IMOD's stamp is present without its flag for it. */
export function bytesAreSigned(header: MrcHeader): boolean {
  return !saysSignOfBytes(header) || (header.imodFlags & 1) === 1;
}
