import { InputError } from "e2gmm/errors";
import type { MapData } from "./mapData.js";
import type { MapPlan } from "./mapPlan.js";
import { decodeValues, type MrcHeader, type MrcLayout, originOf, sizeOf, voxelOf } from "./mrc.js";
import { type ReadOptions, type RemoteFile, readRange } from "./remoteFile.js";
import { RunningStatistics } from "./statistics.js";
import { TimeSlices } from "./timeSlices.js";

/** An MRC file whose header has been read. */
export interface MrcSource {
  file: RemoteFile;
  header: MrcHeader;
  layout: MrcLayout;
}

/** Options of {@link readMapData}. */
export interface ReadMapOptions extends ReadOptions {
  /** Called with the fraction that is done, 0 … 1. */
  onProgress?(fraction: number): void;
}

/**
 * Reads a map section by section, with no more than one of the file in memory, and averages as the plan says.
 * @throws InputError if the file ends early; the signal's reason once it is aborted
 */
export async function readMapData(
  source: MrcSource,
  plan: MapPlan,
  { signal, onProgress }: ReadMapOptions = {},
): Promise<MapData> {
  const { file, header, layout } = source;
  const { ns } = header;
  const options = signal ? { signal } : {};
  const blocks = new BlockSums(header, plan);
  const slices = new TimeSlices(signal);
  const take = async (section: number, raw: Uint8Array) => {
    await blocks.add(section, decodeValues(raw, header, layout.signed), slices);
    onProgress?.((section + 1) / ns);
  };
  if (plan.skipsSections) {
    for (let first = 0; first < ns; first += plan.factor) {
      const section = Math.min(ns - 1, first + Math.floor((plan.factor - 1) / 2));
      const from = layout.dataStart + section * layout.sectionBytes;
      await take(section, await readRange(file, from, from + layout.sectionBytes, options));
    }
  } else {
    await eachSection(source, take, options);
  }
  const { voxel } = voxelOf(header);
  const shift = (plan.factor - 1) / 2;
  return {
    data: blocks.means(),
    size: blocks.size,
    voxel: voxel.map((length) => length * plan.factor) as [number, number, number],
    origin: originOf(header).map((x, axis) => x + shift * voxel[axis]!) as [number, number, number],
    statistics: blocks.statistics.result(),
  };
}

/** Sums over blocks of voxels, along X, Y and Z whatever the order of axes in the file. */
class BlockSums {
  /** Blocks along X, Y, Z. */
  readonly size: [number, number, number];
  /** Of the voxels that were added. */
  readonly statistics = new RunningStatistics();
  private readonly sums: Float32Array;
  /** Where in `sums` a column, row and section of the file belongs. */
  private readonly columns: Uint32Array;
  private readonly rows: Uint32Array;
  private readonly sections: Uint32Array;

  constructor(
    private readonly header: MrcHeader,
    private readonly plan: MapPlan,
  ) {
    const { factor } = plan;
    this.size = sizeOf(header).map((n) => Math.ceil(n / factor)) as [number, number, number];
    const [nx, ny, nz] = this.size;
    this.sums = new Float32Array(nx * ny * nz);
    const stride = [1, nx, nx * ny];
    const places = (direction: 0 | 1 | 2, extent: number) => {
      const step = stride[header.axes[direction]! - 1]!;
      return Uint32Array.from({ length: extent }, (_, i) => Math.floor(i / factor) * step);
    };
    this.columns = places(0, header.nc);
    this.rows = places(1, header.nr);
    this.sections = places(2, header.ns);
  }

  /** Adds a section of the file [nr][nc]; values that are not finite become 0. */
  async add(section: number, values: Float32Array, slices: TimeSlices): Promise<void> {
    const { sums, columns } = this;
    const { nc, nr } = this.header;
    for (let row = 0; row < nr; row++) {
      if (slices.over()) await slices.next();
      const from = row * nc;
      this.statistics.add(values, from, from + nc);
      const base = this.sections[section]! + this.rows[row]!;
      for (let column = 0; column < nc; column++) {
        const to = base + columns[column]!;
        sums[to] = sums[to]! + values[from + column]!;
      }
    }
  }

  /** Turns the sums into means, in place. Blocks at the far edges may be smaller. */
  means(): Float32Array {
    const { sums, size, header } = this;
    const { factor, skipsSections } = this.plan;
    if (factor === 1) return sums;
    const full = sizeOf(header);
    const single = skipsSections ? header.axes[2] - 1 : undefined;
    const counts = size.map((n, axis) =>
      Array.from({ length: n }, (_, i) => (axis === single ? 1 : Math.min(factor, full[axis]! - i * factor))),
    );
    let at = 0;
    for (let z = 0; z < size[2]; z++) {
      for (let y = 0; y < size[1]; y++) {
        const count = counts[2]![z]! * counts[1]![y]!;
        for (let x = 0; x < size[0]; x++, at++) sums[at] = sums[at]! / (count * counts[0]![x]!);
      }
    }
    return sums;
  }
}

/** Calls `take` with each section in a new buffer, from one request for all of them. */
async function eachSection(
  { file, header, layout }: MrcSource,
  take: (section: number, raw: Uint8Array) => Promise<void>,
  options: ReadOptions,
): Promise<void> {
  const { dataStart, sectionBytes } = layout;
  let raw = new Uint8Array(sectionBytes);
  let filled = 0;
  let section = 0;
  const takePiece = async (piece: Uint8Array) => {
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
  };
  await file.stream(dataStart, dataStart + header.ns * sectionBytes, takePiece, options);
}

/**
 * Sections `first` to `first + count − 1` (from 0) as they are in the file, [count · nr · nc].
 * @throws InputError if the file has fewer sections or ends early
 */
export async function readSections(
  { file, header, layout }: MrcSource,
  first: number,
  count: number,
  options: ReadOptions = {},
): Promise<Float32Array> {
  if (first < 0 || first + count > header.ns) {
    const request = `a request for ${first + 1} to ${first + count}`;
    throw new InputError(file.name, `sections 1 to ${header.ns}`, request);
  }
  const from = layout.dataStart + first * layout.sectionBytes;
  const raw = await readRange(file, from, from + count * layout.sectionBytes, options);
  return decodeValues(raw, header, layout.signed);
}
