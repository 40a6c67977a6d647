import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { isPixelSize, type MrcFile, type OpenMrcOptions, openMrc } from "../formats/mrc";
import { MrcWriter } from "../formats/mrcWriter";
import { beginTask, type TaskOptions } from "../progress";
import type { Volume } from "./volume";

/** Options of {@link readMap}. */
export interface ReadMapOptions extends OpenMrcOptions {
  /** Å per voxel, overriding the header; needed if the header has none. Default: from the header. */
  apix?: number;
  /** Called with a sentence that names the file for everything that was assumed or left out. */
  onWarning?: ((warning: string) => void) | undefined;
}

/** Options of {@link writeMap}. */
export interface WriteMapOptions extends Pick<TaskOptions, "signal"> {
  /** Up to nine lines of 80 characters for the header that say where the map comes from. Default: none but the version of this program. */
  labels?: readonly string[];
}

/**
 * Reads one volume of any size from an MRC or CCP4 file; axes are reordered to X, Y, Z.
 *
 * @throws InputError for what {@link openMrc} refuses, a stack of images or of volumes, and voxels that are not cubes
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * console.log(map.size, map.apix);
 * ```
 */
export async function readMap(file: string, options: ReadMapOptions = {}): Promise<Volume> {
  const task = beginTask(options);
  const mrc = await openMrc(file, task);
  try {
    checkIsOneVolume(mrc);
    const apix = task.apix ?? cubicVoxel(mrc);
    const warnings = [...mrc.warnings];
    const origin = originOf(mrc, apix, warnings);
    throwIfStopped(task.signal);
    const data = await mrc.readSections(0, mrc.size[2]);
    for (const warning of warnings) task.onWarning?.(warning);
    return { data, size: [...mrc.size], apix, origin };
  } finally {
    await mrc.close();
  }
}

/** Origins further away than this, in Å, come from header words that were never filled in. */
const farthestOrigin = 1e6;

/**
 * Position of the first voxel in Å: words 50–52 if they are set, else its position in the cell, words 5–7 (CCP4, EMDB).
 * ChimeraX does the same.
 */
function originOf({ file, header }: MrcFile, apix: number, warnings: string[]): [number, number, number] {
  const startOf = (axis: number) => header.start[header.axes.indexOf(axis)]! * apix;
  const start: [number, number, number] = [startOf(1), startOf(2), startOf(3)];
  for (const [words, origin] of [
    ["50–52", header.origin],
    ["5–7", start],
  ] as const) {
    if (origin.every((x) => x === 0)) continue;
    if (origin.every((x) => Math.abs(x) <= farthestOrigin)) return [...origin];
    const found = `${origin.map((x) => Number(x.toPrecision(4))).join(", ")} Å`;
    warnings.push(
      `${file}: the origin in words ${words}, ${found}, is too far away to be real and is ignored`,
    );
  }
  return [0, 0, 0];
}

function checkIsOneVolume({ file, header, size }: MrcFile): void {
  if (path.extname(file).toLowerCase() === ".mrcs") {
    throw new InputError(file, "a map", `a stack of ${size[2]} images, by its extension`);
  }
  if (header.spaceGroup >= 401 && header.sampling[2] > 0 && header.sampling[2] < size[2]) {
    const volumes = size[2] / header.sampling[2];
    throw new InputError(file, "one map", `a stack of ${volumes} volumes (space group ${header.spaceGroup})`);
  }
}

/** Å per voxel. @throws InputError when the header has none, or voxels are not cubes (to 0.1 %) */
function cubicVoxel({ file, header, size }: MrcFile): number {
  const voxel = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  const apix = voxel[0]!;
  if (!isPixelSize(apix)) {
    const found = header.cell[0] === 0 ? "0" : `${apix} Å per voxel`;
    throw new InputError(`${file}: words 11–13`, "a cell size, or a pixel size given by the caller", found);
  }
  // A stack of one image has no depth, and writers put anything there.
  const compared = size[2] > 1 ? voxel : voxel.slice(0, 2);
  if (compared.some((length) => !(Math.abs(length - apix) <= 1e-3 * apix))) {
    const found = `${voxel.map((length) => length.toFixed(4)).join(" × ")} Å`;
    throw new InputError(`${file}: words 8–13`, "cubic voxels", found);
  }
  if (header.angles.some((angle) => angle !== 0 && !(Math.abs(angle - 90) <= 0.01))) {
    const found = header.angles.map((angle) => angle.toFixed(2)).join(", ");
    throw new InputError(`${file}: words 14–16`, "a cell with right angles", `${found} degrees`);
  }
  return apix;
}

/** Values written between two checks of the signal. */
const partLength = 1 << 24;

/**
 * Writes a volume as float32 MRC, with pixel size, origin and statistics. The file appears only when it is complete.
 * @throws InputError if a value, the pixel size or the origin is not finite
 * @throws RangeError if `data` does not match `size`
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * await e2.maps.write("filtered.mrc", e2.maps.lowPass(map, 12));
 * ```
 */
export async function writeMap(file: string, volume: Volume, options: WriteMapOptions = {}): Promise<void> {
  const { signal, labels } = beginTask(options);
  const { data, size, apix, origin } = volume;
  if (data.length !== size[0] * size[1] * size[2]) {
    throw new RangeError(`volume: expected ${size.join("×")} values, found ${data.length}`);
  }
  const writer = await MrcWriter.create(file, size);
  try {
    for (let from = 0; from < data.length; from += partLength) {
      throwIfStopped(signal);
      await writer.write(data.subarray(from, Math.min(data.length, from + partLength)));
    }
    throwIfStopped(signal);
    await writer.finish({ size, apix, spaceGroup: 1, ...(origin && { origin }), ...(labels && { labels }) });
  } finally {
    await writer.abort();
  }
}
