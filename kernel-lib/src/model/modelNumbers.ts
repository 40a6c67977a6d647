import { readFile, stat } from "node:fs/promises";
import { InputError } from "../errors";
import { requireFinite } from "../finite";
import { type GaussianModel, Row, type Vector3 } from "./gaussianModel";

/** What the numbers of a model in a file can be, whatever its format: checked on reading and on writing. */

/** The box that a file without a header of its own is measured in. */
export interface ModelBox {
  /** S in pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
  /** Å of voxel (0, 0, 0), where it is not at (0, 0, 0). */
  origin?: Vector3;
}

/** Boxes beyond this are no box of a particle, and maps of them no array. */
const LARGEST_BOX = 16_384;
const LARGEST_APIX = 10_000;
const SMALLEST_APIX = 0.01;
/** In Å. */
const FARTHEST_ORIGIN = 1e6;
/** Centres further out than this cannot be in box units: a file in Å or pixels is recognised by it. */
const FARTHEST_CENTRE = 2;
const LONGEST_TEXT = 1 << 28;

/** @throws InputError unless it is a whole number that a box can have */
export function checkBoxSize(value: number, where: string, found: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= LARGEST_BOX) return value;
  throw new InputError(where, `a positive whole number, at most ${LARGEST_BOX}, for box_size`, found);
}

/** @throws InputError unless it is a length in Å that a pixel can have */
export function checkApix(value: number, where: string, found: string): number {
  if (value >= SMALLEST_APIX && value <= LARGEST_APIX) return value;
  throw new InputError(where, `a length from ${SMALLEST_APIX} to ${LARGEST_APIX} Å for apix`, found);
}

/** @throws InputError unless it is a place in Å */
export function checkOrigin(values: readonly number[], where: string, found: string): Vector3 {
  if (values.length === 3 && values.every((x) => Math.abs(x) <= FARTHEST_ORIGIN)) return values as Vector3;
  throw new InputError(where, `an origin of three numbers in Å, at most ${FARTHEST_ORIGIN}`, found);
}

/**
 * The numbers of one Gaussian as float32: x, y, z, amplitude, sigma.
 * @param texts what stands in the file, for the message
 * @throws InputError for what is no number, a centre that cannot be in box units, a sigma that is not positive
 */
export function checkGaussian(values: readonly number[], where: string, texts: readonly string[]): number[] {
  return values.map((given, column) => {
    const value = Math.fround(given);
    const found = printable(texts[column]!);
    if (!Number.isFinite(value)) throw new InputError(where, "a number in each of five columns", found);
    if (column < 3 && Math.abs(value) > FARTHEST_CENTRE) {
      throw new InputError(where, "a centre in box units, −0.5 to 0.5", found);
    }
    if (column === Row.sigma && !(value > 0)) throw new InputError(where, "a sigma above 0", found);
    return value;
  });
}

const parameterNames = ["x", "y", "z", "the amplitude", "sigma"];

/** @throws InputError naming the file, unless every number of a model that is written is finite */
export function requireFiniteModel(model: GaussianModel, file: string): void {
  const { count, params, boxSize, apix, origin = [0, 0, 0] } = model;
  requireFinite(
    params,
    file,
    (i) => `${parameterNames[Math.floor(i / count)]} of Gaussian ${(i % count) + 1}`,
  );
  const names = ["the box size", "the pixel size", "the origin", "the origin", "the origin"];
  requireFinite([boxSize, apix, ...origin], file, (i) => names[i]!);
}

/** What is in a file, shortened and without characters that a terminal obeys. */
export function printable(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return shown.replace(/\p{C}/gu, "?");
}

/**
 * A text file whole.
 * @param what what it should be, for the message
 * @throws InputError where it is missing, no file, not readable, or far too long
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    const there = await stat(file);
    if (!there.isFile()) throw new InputError(file, what, "a folder or device");
    if (there.size > LONGEST_TEXT) throw new InputError(file, what, `${there.size} bytes, more than any has`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(file, what, code === "ENOENT" ? "no such file" : code);
  }
}
