import type { MapLimits } from "./mapPlan.js";
import { planMap } from "./mapPlan.js";
import { layoutOf, parseHeader } from "./mrc.js";
import { readMapData } from "./readMap.js";
import type { RemoteFile } from "./remoteFile.js";

/** What a made file is to be like. Values count up from 0. */
export interface MadeMrc {
  /** Columns, rows, sections. */
  size: [number, number, number];
  mode: number;
  littleEndian?: boolean;
  extended?: number;
  labels?: string[];
  axes?: [number, number, number];
  start?: [number, number, number];
  sampling?: [number, number, number];
  apix?: number;
  values?: ArrayLike<number>;
}

/** The bytes of an MRC file, written straight from the format's description. */
export function makeMrc(made: MadeMrc): Uint8Array {
  const { size, mode, littleEndian = true, extended = 0, labels = [], axes = [1, 2, 3], apix = 1 } = made;
  const width = [1, 2, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2][mode]!;
  const count = size[0] * size[1] * size[2];
  const bytes = new Uint8Array(1024 + extended + count * width);
  const view = new DataView(bytes.buffer);
  const int = (n: number, value: number) => view.setInt32(4 * (n - 1), value, littleEndian);
  const float = (n: number, value: number) => view.setFloat32(4 * (n - 1), value, littleEndian);
  const along = [1, 2, 3].map((axis) => size[Math.max(0, axes.indexOf(axis))]!);
  const sampling = made.sampling ?? along;
  for (let i = 0; i < 3; i++) {
    int(1 + i, size[i]!);
    int(5 + i, made.start?.[i] ?? 0);
    int(8 + i, sampling[i]!);
    float(11 + i, sampling[i]! * apix);
    float(14 + i, 90);
    int(17 + i, axes[i]!);
  }
  int(4, mode);
  int(24, extended);
  int(28, 20140);
  bytes.set(new TextEncoder().encode("MAP "), 208);
  bytes.set(littleEndian ? [0x44, 0x44] : [0x11, 0x11], 212);
  int(56, labels.length);
  for (const [i, label] of labels.entries())
    bytes.set(new TextEncoder().encode(label.padEnd(80)), 224 + 80 * i);
  for (let i = 0; i < count; i++) {
    const value = made.values?.[i] ?? i;
    const at = 1024 + extended + i * width;
    if (mode === 0) view.setInt8(at, value);
    else if (mode === 1) view.setInt16(at, value, littleEndian);
    else if (mode === 2) view.setFloat32(at, value, littleEndian);
    else if (mode === 6) view.setUint16(at, value, littleEndian);
    else view.setUint16(at, halfBits(value), littleEndian);
  }
  return bytes;
}

/** Half-precision bits of an integer of 0 … 2048. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.round((value / 2 ** exponent - 1) * 1024);
}

/** A file in memory that serves `piece` bytes at a time and records the requests. */
export function fileOf(bytes: Uint8Array, piece = 7): RemoteFile & { asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    name: "a.mrc",
    size: bytes.length,
    asked,
    async stream(from, to, take) {
      asked.push([from, to]);
      for (let at = from; at < to; at += piece) await take(bytes.slice(at, Math.min(to, at + piece)));
    },
  };
}

/** Writes a file and reads it as the viewer does. */
export async function readMade(made: MadeMrc, limits: MapLimits = { edge: 256, bytes: 1e9 }) {
  const bytes = makeMrc(made);
  const file = fileOf(bytes);
  const header = parseHeader(bytes, "a.mrc");
  const layout = layoutOf(header, bytes.length, "a.mrc");
  const plan = planMap(header, layout, limits);
  return { map: await readMapData({ file, header, layout }, plan), file, header, layout, plan };
}
