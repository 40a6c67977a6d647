import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { isPixelSize, type MrcFile, type OpenMrcOptions, openMrc } from "../formats/mrc";
import { MrcWriter } from "../formats/mrcWriter";
import { beginTask, type TaskOptions } from "../progress";
import type { Volume } from "./volume";

export interface ReadMapOptions extends OpenMrcOptions {
  /** Å per voxel, to be used instead of what the header says; needed where the header says nothing. */
  apix?: number;
  /** Called with what was assumed or left out, in a sentence that names the file. */
  onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Reads one volume of any size; axes are brought into the order X, Y, Z.
 *
 * @throws InputError for what {@link openMrc} refuses, a stack of images or of volumes, voxels that are no cubes
 */
export async function readMap(file: string, given: ReadMapOptions = {}): Promise<Volume> {
  const options = beginTask(given);
  const mrc = await openMrc(file, options);
  try {
    checkIsOneVolume(mrc);
    const apix = options.apix ?? cubicVoxel(mrc);
    const notices = [...mrc.warnings];
    const origin = originOf(mrc, apix, notices);
    throwIfStopped(options.signal);
    const data = await mrc.readSections(0, mrc.size[2]);
    for (const notice of notices) options.onNotice?.(notice);
    return { data, size: [...mrc.size], apix, origin };
  } finally {
    await mrc.close();
  }
}

/** No map lies further than this from the origin of its coordinates, in Å: headers that are not filled in have anything. */
const FARTHEST_ORIGIN = 1e6;

/**
 * Place of the first voxel in Å: words 50–52 where somebody set them, else its place in the cell, words 5–7 (CCP4, EMDB).
 * ChimeraX places maps in the same way.
 */
function originOf({ file, header }: MrcFile, apix: number, notices: string[]): [number, number, number] {
  const startOf = (axis: number) => header.start[header.axes.indexOf(axis)]! * apix;
  const start: [number, number, number] = [startOf(1), startOf(2), startOf(3)];
  for (const [words, origin] of [
    ["50–52", header.origin],
    ["5–7", start],
  ] as const) {
    if (origin.every((x) => x === 0)) continue;
    if (origin.every((x) => Math.abs(x) <= FARTHEST_ORIGIN)) return [...origin];
    const found = `${origin.map((x) => Number(x.toPrecision(4))).join(", ")} Å`;
    notices.push(
      `${file} has its origin in words ${words} at ${found}, where no map lies, and it is left out`,
    );
  }
  return [0, 0, 0];
}

function checkIsOneVolume({ file, header, size }: MrcFile): void {
  if (path.extname(file).toLowerCase() === ".mrcs") {
    throw new InputError(file, "a map", `a stack of ${size[2]} images, as its extension says`);
  }
  if (header.spaceGroup >= 401 && header.sampling[2] > 0 && header.sampling[2] < size[2]) {
    const volumes = size[2] / header.sampling[2];
    throw new InputError(file, "one map", `a stack of ${volumes} volumes (space group ${header.spaceGroup})`);
  }
}

/** Å per voxel. @throws InputError when the header does not say, or voxels are no cubes (to 0.1 %) */
function cubicVoxel({ file, header, size }: MrcFile): number {
  const edges = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  const apix = edges[0]!;
  if (!isPixelSize(apix)) {
    const expected = "a cell size, or a pixel size given beside the file";
    throw new InputError(
      `${file}: words 11–13`,
      expected,
      header.cell[0] === 0 ? "0" : `${apix} Å per voxel`,
    );
  }
  // A stack of one image has no depth, and writers put anything there.
  const compared = size[2] > 1 ? edges : edges.slice(0, 2);
  if (compared.some((edge) => !(Math.abs(edge - apix) <= 1e-3 * apix))) {
    const found = `${edges.map((edge) => edge.toFixed(4)).join(" × ")} Å`;
    throw new InputError(`${file}: words 8–13`, "cubic voxels", found);
  }
  if (header.angles.some((angle) => angle !== 0 && !(Math.abs(angle - 90) <= 0.01))) {
    const found = header.angles.map((angle) => angle.toFixed(2)).join(", ");
    throw new InputError(`${file}: words 14–16`, "a cell with right angles", `${found} degrees`);
  }
  return apix;
}

/**
 * Writes a volume as float32, with its pixel size, origin and statistics. The file appears when complete.
 * @throws InputError where a value, the pixel size or the origin is not finite
 */
export async function writeMap(
  file: string,
  volume: Volume,
  given: Pick<TaskOptions, "signal"> = {},
): Promise<void> {
  const options = beginTask(given);
  const { data, size, apix, origin } = volume;
  if (data.length !== size[0] * size[1] * size[2]) {
    throw new RangeError(`volume: expected ${size.join("×")} values, found ${data.length}`);
  }
  const writer = await MrcWriter.create(file, size);
  try {
    // In parts, so that an abort does not wait for the whole of a large map.
    const part = 1 << 24;
    for (let from = 0; from < data.length; from += part) {
      throwIfStopped(options.signal);
      await writer.write(data.subarray(from, Math.min(data.length, from + part)));
    }
    throwIfStopped(options.signal);
    await writer.finish({ size, apix, spaceGroup: 1, ...(origin && { origin }) });
  } finally {
    await writer.abort();
  }
}
