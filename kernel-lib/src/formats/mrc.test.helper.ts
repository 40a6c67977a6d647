/** Builds MRC files byte by byte, apart from the code under test. */

export interface MadeMrc {
  size: [number, number, number];
  mode?: number;
  /** Values as they are stored; for mode 12 the 16 bits themselves. */
  values: ArrayLike<number>;
  bigEndian?: boolean;
  /** Header words to set besides, as [word, value]; floating point where the value is given as { float }. */
  words?: [number, number | { float: number }][];
  /** Bytes of the machine stamp; that of the byte order by default. */
  stamp?: [number, number];
  mapString?: string;
  extended?: Uint8Array;
}

const writers: Record<
  number,
  [number, (view: DataView, at: number, value: number, little: boolean) => void]
> = {
  0: [1, (view, at, value) => view.setInt8(at, value)],
  1: [2, (view, at, value, little) => view.setInt16(at, value, little)],
  2: [4, (view, at, value, little) => view.setFloat32(at, value, little)],
  6: [2, (view, at, value, little) => view.setUint16(at, value, little)],
  12: [2, (view, at, value, little) => view.setUint16(at, value, little)],
};

export function mrcBytes(made: MadeMrc): Buffer {
  const { size, mode = 2, values, bigEndian = false, words = [], extended = new Uint8Array() } = made;
  const little = !bigEndian;
  const [width, write] = writers[mode] ?? writers[0]!;
  const bytes = new Uint8Array(1024 + extended.length + width * values.length);
  const view = new DataView(bytes.buffer);
  const set = (word: number, value: number | { float: number }) => {
    if (typeof value === "number") view.setInt32(4 * (word - 1), value, little);
    else view.setFloat32(4 * (word - 1), value.float, little);
  };
  for (const [i, n] of size.entries()) {
    set(1 + i, n);
    set(8 + i, n);
    set(11 + i, { float: n });
    set(14 + i, { float: 90 });
    set(17 + i, i + 1);
  }
  set(4, mode);
  set(24, extended.length);
  bytes.set(Buffer.from(made.mapString ?? "MAP "), 208);
  bytes.set(made.stamp ?? (bigEndian ? [0x11, 0x11] : [0x44, 0x44]), 212);
  for (const [word, value] of words) set(word, value);
  bytes.set(extended, 1024);
  for (let i = 0; i < values.length; i++) {
    write(view, 1024 + extended.length + width * i, values[i]!, little);
  }
  return Buffer.from(bytes.buffer);
}
