import { readFile, stat } from "node:fs/promises";
import { InputError } from "../errors";
import { requireFinite } from "../finite";
import { type GaussianModel, Row, type Vector3 } from "./gaussianModel";

/** Limits of the numbers in a model file of any format, checked on reading and on writing. */

/** The box of a model, for files that do not say it. */
export interface ModelBox {
  /** S in pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
  /** Position of voxel (0, 0, 0) in Å. Default [0, 0, 0]. */
  origin?: Vector3;
}

/** In pixels; particles are smaller, and a map of such a box does not fit into an array. */
const maxBoxSize = 16_384;
/** In Å. */
const maxApix = 10_000;
/** In Å. */
const minApix = 0.01;
/** In Å. */
const farthestOrigin = 1e6;
/** In box units; larger centres show that the file is in Å or pixels. */
const farthestCentre = 2;
/** In bytes. */
const maxTextLength = 1 << 28;

/** Checks a box size in pixels. @throws InputError unless it is a whole number in range */
export function checkBoxSize(value: number, where: string, found: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= maxBoxSize) return value;
  throw new InputError(where, `a positive whole number, at most ${maxBoxSize}, for box_size`, found);
}

/** Checks a pixel size in Å. @throws InputError unless it is in range */
export function checkApix(value: number, where: string, found: string): number {
  if (value >= minApix && value <= maxApix) return value;
  throw new InputError(where, `a length from ${minApix} to ${maxApix} Å for apix`, found);
}

/** Checks an origin in Å. @throws InputError unless it has three numbers in range */
export function checkOrigin(values: readonly number[], where: string, found: string): Vector3 {
  if (values.length === 3 && values.every((x) => Math.abs(x) <= farthestOrigin)) return values as Vector3;
  throw new InputError(where, `an origin of three numbers in Å, at most ${farthestOrigin}`, found);
}

/**
 * Checks the numbers of one Gaussian: x, y, z, amplitude, sigma.
 * @param texts the fields of the file, for the message
 * @returns the numbers as float32
 * @throws InputError for a field that is not a number, a centre outside box units, and a sigma that is not positive
 */
export function checkGaussian(values: readonly number[], where: string, texts: readonly string[]): number[] {
  return values.map((given, column) => {
    const value = Math.fround(given);
    const found = printable(texts[column]!);
    if (!Number.isFinite(value)) throw new InputError(where, "a number in each of five columns", found);
    if (column < 3 && Math.abs(value) > farthestCentre) {
      throw new InputError(where, "a centre in box units, −0.5 to 0.5", found);
    }
    if (column === Row.sigma && !(value > 0)) throw new InputError(where, "a sigma above 0", found);
    return value;
  });
}

const parameterNames = ["x", "y", "z", "the amplitude", "sigma"];

/** Checks a model before it is written. @throws InputError naming the file unless every number is finite */
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

/** Text of a file for a message: shortened, control characters replaced. */
export function printable(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return shown.replace(/\p{C}/gu, "?");
}

/**
 * Reads a text file.
 * @param what expected content, for the message
 * @throws InputError if it is missing, not a file, not readable, or far too long
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new InputError(file, what, "a folder or device");
    if (found.size > maxTextLength) throw new InputError(file, what, `${found.size} bytes`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(file, what, code === "ENOENT" ? "no such file" : code);
  }
}
