import { InputError } from "e2gmm/errors";
import { decodeValues, type MrcHeader, type MrcLayout, originOf, sizeOf, voxelOf } from "./mrc.js";
import { formatBytes, type RemoteFile, readRange } from "./remoteFile.js";
import { Slices } from "./slices.js";

export interface MapLimits {
  /** Greatest edge, in voxels, of the map that is held and drawn. */
  edge: number;
  /** Most bytes that are read of one file. */
  bytes: number;
}

/** How much of a file is read, and how coarse it becomes. */
export interface MapPlan {
  /** Voxels of the file that become one along each axis. */
  factor: number;
  /** Of every `factor` sections of the file only the middle one is read, since all would be too much. */
  skipsSections: boolean;
}

/** A map of more voxels than `limits.edge` along an axis becomes coarser; one of more bytes is read in part only. */
export function planMap(header: MrcHeader, layout: MrcLayout, limits: MapLimits): MapPlan {
  const dataBytes = layout.sectionBytes * header.ns;
  const fitting = Math.ceil(Math.max(header.nc, header.nr, header.ns) / limits.edge);
  const skipsSections = dataBytes > limits.bytes;
  const factor = skipsSections ? Math.max(fitting, Math.ceil(dataBytes / limits.bytes)) : fitting;
  return { factor: Math.max(1, factor), skipsSections };
}

/** What the plan means for what is seen, in words; nothing where the map is shown as it is. */
export function describePlan(plan: MapPlan, header: MrcHeader, layout: MrcLayout): string | undefined {
  const { factor, skipsSections } = plan;
  if (factor === 1 && !skipsSections) return undefined;
  const size = sizeOf(header).join("×");
  const shown = sizeOf(header).map((n) => Math.ceil(n / factor));
  const how = skipsSections
    ? `blocks of ${factor}×${factor} pixels are averaged in every ${factor}th section, since the file has ${formatBytes(layout.fileBytes)}`
    : `blocks of ${factor}×${factor}×${factor} voxels are averaged`;
  return `${size} voxels are shown as ${shown.join("×")}: ${how}.`;
}

/** A map as it is drawn, axes in the order X, Y, Z. */
export interface MapData {
  /** [z][y][x], x fastest. */
  data: Float32Array;
  size: [number, number, number];
  /** Å along X, Y, Z; where the header says nothing, 1. */
  voxel: [number, number, number];
  /** Place of the first voxel in Å. */
  origin: [number, number, number];
  /** Of the values that were read, before any averaging. */
  statistics: Statistics;
}

export interface Statistics {
  min: number;
  max: number;
  mean: number;
  /** Root mean square deviation from the mean. */
  rms: number;
  /** Values that are NaN or infinite; they count as 0 in what is shown. */
  notFinite: number;
}

class RunningStatistics {
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;
  private count = 0;
  private notFinite = 0;

  add(values: Float32Array, from: number, to: number): void {
    let { min, max } = this;
    let sum = 0;
    let squares = 0;
    let bad = 0;
    for (let i = from; i < to; i++) {
      const v = values[i]!;
      if (v - v !== 0) {
        values[i] = 0;
        bad++;
        continue;
      }
      if (v < min) min = v;
      if (v > max) max = v;
      sum += v;
      squares += v * v;
    }
    this.min = min;
    this.max = max;
    this.sum += sum;
    this.squares += squares;
    this.count += to - from - bad;
    this.notFinite += bad;
  }

  result(): Statistics {
    const n = Math.max(1, this.count);
    const mean = this.sum / n;
    const rms = Math.sqrt(Math.max(0, this.squares / n - mean * mean));
    const none = this.count === 0;
    return { min: none ? 0 : this.min, max: none ? 0 : this.max, mean, rms, notFinite: this.notFinite };
  }
}

export interface ReadOptions {
  signal?: AbortSignal;
  /** Called with the fraction that is done, 0 … 1. */
  onProgress?(fraction: number): void;
}

/**
 * Reads a map section by section, never holding more of the file than one, and averages as the plan says.
 *
 * @throws InputError where the file ends early; the signal's reason once it is set
 */
export async function readMapData(
  file: RemoteFile,
  header: MrcHeader,
  layout: MrcLayout,
  plan: MapPlan,
  options: ReadOptions = {},
): Promise<MapData> {
  const { factor, skipsSections } = plan;
  const full = sizeOf(header);
  const size = full.map((n) => Math.ceil(n / factor)) as [number, number, number];
  const stride = [1, size[0], size[0] * size[1]];
  const data = new Float32Array(size[0] * size[1] * size[2]);
  // Where in `data` a column, row and section of the file goes, whatever axes they are
  const place = (direction: 0 | 1 | 2, extent: number) => {
    const step = stride[header.axes[direction]! - 1]!;
    return Uint32Array.from({ length: extent }, (_, i) => Math.floor(i / factor) * step);
  };
  const columns = place(0, header.nc);
  const rows = place(1, header.nr);
  const sections = place(2, header.ns);
  const statistics = new RunningStatistics();
  const slices = new Slices(options.signal);
  const { nc, nr, ns } = header;

  const addSection = async (section: number, raw: Uint8Array) => {
    const values = decodeValues(raw, header, layout.signed);
    for (let row = 0; row < nr; row++) {
      if (slices.over()) await slices.next();
      const from = row * nc;
      statistics.add(values, from, from + nc);
      const base = sections[section]! + rows[row]!;
      for (let column = 0; column < nc; column++) {
        const to = base + columns[column]!;
        data[to] = data[to]! + values[from + column]!;
      }
    }
    options.onProgress?.((section + 1) / ns);
  };

  if (skipsSections) {
    for (let first = 0; first < ns; first += factor) {
      const section = Math.min(ns - 1, first + Math.floor((factor - 1) / 2));
      const from = layout.dataStart + section * layout.sectionBytes;
      await addSection(section, await readRange(file, from, from + layout.sectionBytes, options.signal));
    }
  } else {
    await eachSection(file, layout, ns, addSection, options.signal);
  }
  if (factor > 1) divideByCounts(data, size, full, factor, skipsSections ? header.axes[2] - 1 : undefined);
  const { voxel } = voxelOf(header);
  return {
    data,
    size,
    voxel: voxel.map((edge) => edge * factor) as [number, number, number],
    origin: originOf(header).map((x, axis) => x + ((factor - 1) / 2) * voxel[axis]!) as [
      number,
      number,
      number,
    ],
    statistics: statistics.result(),
  };
}

/** Hands on each section in a buffer of its own, from one request for all of them. */
async function eachSection(
  file: RemoteFile,
  layout: MrcLayout,
  count: number,
  take: (section: number, raw: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const { dataStart, sectionBytes } = layout;
  let raw = new Uint8Array(sectionBytes);
  let filled = 0;
  let section = 0;
  await file.stream(
    dataStart,
    dataStart + count * sectionBytes,
    async (piece) => {
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + sectionBytes - filled);
        raw.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < sectionBytes) continue;
        await take(section++, raw);
        raw = new Uint8Array(sectionBytes);
        filled = 0;
      }
    },
    signal,
  );
}

/** Turns sums over blocks into means; blocks at the far edges may be smaller. */
function divideByCounts(
  data: Float32Array,
  size: readonly number[],
  full: readonly number[],
  factor: number,
  singleAxis: number | undefined,
): void {
  const counts = size.map((n, axis) =>
    Array.from({ length: n }, (_, i) =>
      axis === singleAxis ? 1 : Math.min(factor, full[axis]! - i * factor),
    ),
  );
  let at = 0;
  for (let z = 0; z < size[2]!; z++) {
    for (let y = 0; y < size[1]!; y++) {
      const rest = counts[2]![z]! * counts[1]![y]!;
      for (let x = 0; x < size[0]!; x++, at++) data[at] = data[at]! / (rest * counts[0]![x]!);
    }
  }
}

/** Sections `first` to `first + count − 1` of the file as they are in it, [count · nr · nc]. */
export async function readSections(
  file: RemoteFile,
  header: MrcHeader,
  layout: MrcLayout,
  first: number,
  count: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  if (first < 0 || first + count > header.ns) {
    throw new InputError(
      file.name,
      `sections 1 to ${header.ns}`,
      `${first + 1} to ${first + count} asked for`,
    );
  }
  const from = layout.dataStart + first * layout.sectionBytes;
  const raw = await readRange(file, from, from + count * layout.sectionBytes, signal);
  return decodeValues(raw, header, layout.signed);
}

/** A plane of a map, [height][width]. */
export interface Plane {
  width: number;
  height: number;
  values: Float32Array;
}

/** The plane at `index` across an axis (0 X, 1 Y, 2 Z), its rows along the first of the other two axes. */
export function planeOf(map: Pick<MapData, "data" | "size">, axis: 0 | 1 | 2, index: number): Plane {
  const { data, size } = map;
  const stride = [1, size[0], size[0] * size[1]];
  const [across, up] = ([[1, 2], [0, 2], [0, 1]] as const)[axis]; // biome-ignore format: a table
  const width = size[across];
  const height = size[up];
  const values = new Float32Array(width * height);
  const base = index * stride[axis]!;
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      values[to++] = data[base + row * stride[up]! + column * stride[across]!]!;
    }
  }
  return { width, height, values };
}

/** A map averaged in blocks of 2×2×2 voxels; an odd last plane is left out. */
export function halved({ data, size, voxel, origin, statistics }: MapData): MapData {
  const [nx, ny] = size;
  const half = size.map((n) => Math.max(1, n >> 1)) as [number, number, number];
  const [hx, hy, hz] = half;
  // Along an axis of one voxel there is no second one
  const steps = size.map((n, axis) => (n > 1 ? [1, nx, nx * ny][axis]! : 0)) as [number, number, number];
  const [dx, dy, dz] = steps;
  const small = new Float32Array(hx * hy * hz);
  let to = 0;
  for (let z = 0; z < hz; z++) {
    for (let y = 0; y < hy; y++) {
      let at = nx * (2 * y + ny * 2 * z);
      for (let x = 0; x < hx; x++, at += 2) {
        const lower = data[at]! + data[at + dx]! + data[at + dy]! + data[at + dx + dy]!;
        const top = at + dz;
        const upper = data[top]! + data[top + dx]! + data[top + dy]! + data[top + dx + dy]!;
        small[to++] = (lower + upper) / 8;
      }
    }
  }
  return {
    data: small,
    size: half,
    voxel: voxel.map((edge) => 2 * edge) as [number, number, number],
    origin: origin.map((x, axis) => x + voxel[axis]! / 2) as [number, number, number],
    statistics,
  };
}

/** The box in Å around all voxels above (or below) a level; undefined where there are none. */
export function boxBeyond(
  { data, size, voxel, origin }: MapData,
  level: number,
  above: boolean,
): { lowest: [number, number, number]; highest: [number, number, number] } | undefined {
  const [nx, ny, nz] = size;
  const lowest = [nx, ny, nz];
  const highest = [-1, -1, -1];
  let at = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, at += nx) {
      let first = 0;
      while (first < nx && data[at + first]! > level !== above) first++;
      if (first === nx) continue;
      let last = nx - 1;
      while (data[at + last]! > level !== above) last--;
      lowest[0] = Math.min(lowest[0]!, first);
      highest[0] = Math.max(highest[0]!, last);
      lowest[1] = Math.min(lowest[1]!, y);
      highest[1] = Math.max(highest[1]!, y);
      lowest[2] = Math.min(lowest[2]!, z);
      highest[2] = Math.max(highest[2]!, z);
    }
  }
  if (highest[0]! < 0) return undefined;
  const place = (index: number, axis: number) => origin[axis]! + index * voxel[0];
  return {
    lowest: lowest.map(place) as [number, number, number],
    highest: highest.map(place) as [number, number, number],
  };
}

/** A plane averaged in blocks, of which there are at most `edge` along its longer side; an incomplete last one is left out. */
export function shrunk(plane: Plane, edge: number): Plane {
  const factor = Math.ceil(Math.max(plane.width, plane.height) / edge);
  if (factor <= 1) return plane;
  const width = Math.max(1, Math.floor(plane.width / factor));
  const height = Math.max(1, Math.floor(plane.height / factor));
  const values = new Float32Array(width * height);
  const rows = Math.min(plane.height, height * factor);
  const columns = Math.min(plane.width, width * factor);
  for (let row = 0; row < rows; row++) {
    const to = Math.min(height - 1, Math.floor(row / factor)) * width;
    const from = row * plane.width;
    for (let column = 0; column < columns; column++) {
      const at = to + Math.floor(column / factor);
      values[at] = values[at]! + plane.values[from + column]!;
    }
  }
  const count = (rows / height) * (columns / width);
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / count;
  return { width, height, values };
}

/** Mean and deviation from it, of finite values. */
export function spreadOf(values: Float32Array): { mean: number; rms: number } {
  const statistics = new RunningStatistics();
  statistics.add(values.slice(), 0, values.length);
  return statistics.result();
}

/**
 * Grey values as the bytes of an `ImageData`: `low` is black, `high` white.
 * @param upwards whether the first row is at the bottom
 */
export function greyPixels(
  { width, height, values }: Plane,
  low: number,
  high: number,
  upwards: boolean,
): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(4 * width * height);
  const scale = high > low ? 255 / (high - low) : 0;
  for (let row = 0, at = 0; row < height; row++) {
    const from = (upwards ? height - 1 - row : row) * width;
    for (let column = 0; column < width; column++, at += 4) {
      const grey = (values[from + column]! - low) * scale;
      pixels[at] = pixels[at + 1] = pixels[at + 2] = grey;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** The level, in deviations from the mean, at which a map is first shown: `wanted`, if any voxel is beyond it. */
export function firstLevel({ mean, rms, max }: Statistics, wanted: number): number {
  const highest = rms > 0 ? (max - mean) / rms : 0;
  return wanted < highest ? wanted : highest / 2;
}
