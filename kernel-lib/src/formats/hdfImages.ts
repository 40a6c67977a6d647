import path from "node:path";
import { InputError } from "../errors";
import { memoryFor, openForReading } from "./fileSource";
import type { Hdf5File, Hdf5Object } from "./hdf5Module";
import { findNotFinite } from "./mrcValues";

/**
 * Images and maps in EMAN2's HDF5 files: image n is the dataset `/MDF/images/n/image`, [y][x] or [z][y][x], its metadata are
 * attributes of the group `/MDF/images/n` with names `EMAN.…`. With `EMAN.stored_renderbits` b above 0, integers v stand for
 * min + v·(max − min)/(2^b − 1), min and max in `EMAN.stored_rendermin` and `EMAN.stored_rendermax` (libEM/io/hdfio2.cpp).
 */

/** The first bytes of an HDF5 file. */
export const hdfSignature = "\x89HDF\r\n\x1a\n";

/** Whether a file name is one of an HDF5 file. */
export function isHdfName(name: string): boolean {
  return /\.(hdf5?|h5)$/i.test(name);
}

/** Attributes of an image, without their prefix `EMAN.`; a transform has 12 numbers, the rows of a 3×4 matrix. */
export type HdfAttributes = ReadonlyMap<string, number | string | boolean | number[]>;

/** An open HDF5 file of EMAN2. */
export class HdfImages {
  private constructor(
    readonly file: string,
    private readonly opened: Hdf5File,
    /** Number of images, including deleted ones. */
    readonly count: number,
  ) {}

  /**
   * Opens a file; its images are read on demand.
   * @throws InputError if it is missing, no HDF5 file, damaged, or has no images in EMAN2's places
   */
  static async open(file: string): Promise<HdfImages> {
    const handle = await openForReading(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
      if (buffer.toString("latin1", 0, bytesRead) !== hdfSignature) {
        throw new InputError(file, "an HDF5 file", "something else");
      }
    } finally {
      await handle.close();
    }
    const { openHdf5 } = await import("./hdf5Module");
    let opened: Hdf5File;
    try {
      opened = await openHdf5(path.resolve(file));
    } catch (error) {
      throw new InputError(file, "an undamaged HDF5 file", reason(error));
    }
    const images = opened.get("MDF/images");
    const count = images ? numberOfImages(images) : 0;
    if (count > 0) return new HdfImages(file, opened, count);
    opened.close();
    throw new InputError(file, "images in the group /MDF/images, as EMAN2 writes them", "none");
  }

  /** Extent of an image: nx, ny, nz. @throws InputError if there is no such image */
  size(image: number): [number, number, number] {
    return extentOf(this.dataset(image));
  }

  /**
   * Attributes of an image.
   * @param names those that are wanted, without prefix. Default: all
   * @throws InputError if there is no such image
   */
  attributes(image: number, names?: readonly string[]): HdfAttributes {
    const place = `MDF/images/${image}`;
    const found = new Map<string, number | string | boolean | number[]>();
    const keep = (name: string, raw: unknown) => {
      const value = plainValue(raw);
      if (value !== undefined) found.set(name, value);
    };
    if (names) {
      for (const name of names) keep(name, this.attribute(image, place, `EMAN.${name}`));
    } else {
      const group = this.object(image, place);
      for (const name of group.attributes) keep(name.replace(/^EMAN\./, ""), group.attribute(name));
    }
    return found;
  }

  private attribute(image: number, place: string, name: string): unknown {
    try {
      return this.opened.attribute(place, name);
    } catch (error) {
      // Says so if there is no such image.
      this.object(image, place);
      throw new InputError(
        `${this.file}: image ${image}`,
        `an attribute ${name} that can be read`,
        reason(error),
      );
    }
  }

  /**
   * The values of an image, x fastest.
   * @param expected extent that it must have. Default: any
   * @throws InputError if there is none, its extent is another, or values are not finite
   */
  read(image: number, expected?: readonly [number, number, number]): Float32Array {
    const where = `${this.file}: image ${image}`;
    const dataset = this.dataset(image);
    const extent = extentOf(dataset);
    if (expected && extent.some((n, axis) => n !== expected[axis])) {
      throw new InputError(where, `${expected.join("×")} values`, extent.join("×"));
    }
    const count = dataset.shape!.reduce((product, n) => product * n, 1);
    memoryFor(4 * count, this.file);
    let raw: unknown;
    try {
      raw = dataset.values();
    } catch (error) {
      throw new InputError(where, "undamaged values", reason(error));
    }
    if (!(ArrayBuffer.isView(raw) && !(raw instanceof DataView)) || (raw as Float32Array).length !== count) {
      throw new InputError(where, "an image of numbers", "another type of value");
    }
    if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
      throw new InputError(where, "values of at most 32 bits", "64-bit integers");
    }
    const values = raw instanceof Float32Array ? raw : Float32Array.from(raw as unknown as ArrayLike<number>);
    this.scale(image, values, where);
    const bad = findNotFinite(values);
    if (bad < 0) return values;
    throw new InputError(where, "finite values", `${values[bad]} at value ${bad} (counted from 0)`);
  }

  close(): void {
    this.opened.close();
  }

  /** Restores the values that integers of fewer bits stand for. */
  private scale(image: number, values: Float32Array, where: string): void {
    const stored = this.attributes(image, ["stored_renderbits", "stored_rendermin", "stored_rendermax"]);
    const bits = stored.get("stored_renderbits");
    if (bits === undefined || Number(bits) <= 0) return;
    const [least, most] = [stored.get("stored_rendermin"), stored.get("stored_rendermax")].map((value) =>
      typeof value === "number" ? value : Number.NaN,
    ) as [number, number];
    if (!Number.isFinite(most - least) || !Number.isInteger(bits) || Number(bits) > 16) {
      const found = `${bits} bits, ${least} to ${most}`;
      throw new InputError(
        where,
        "the range of compressed values in EMAN.stored_rendermin, _rendermax",
        found,
      );
    }
    const step = (most - least) / (2 ** Number(bits) - 1);
    for (let i = 0; i < values.length; i++) values[i] = least + values[i]! * step;
  }

  private dataset(image: number): Hdf5Object {
    const dataset = this.object(image, `MDF/images/${image}/image`);
    if (dataset.shape && dataset.shape.length >= 1 && dataset.shape.length <= 3) return dataset;
    throw new InputError(`${this.file}: image ${image}`, "an array of 2 or 3 dimensions");
  }

  private object(image: number, place: string): Hdf5Object {
    const object = Number.isInteger(image) && image >= 0 ? this.opened.get(place) : undefined;
    if (object) return object;
    throw new InputError(this.file, `images 0 to ${this.count - 1}`, `no image ${image}`);
  }
}

/** nx, ny, nz. */
function extentOf({ shape }: Hdf5Object): [number, number, number] {
  const [nx = 1, ny = 1, nz = 1] = [...shape!].reverse();
  return [nx, ny, nz];
}

function numberOfImages(images: Hdf5Object): number {
  const declared = images.attributes.includes("imageid_max")
    ? plainValue(images.attribute("imageid_max"))
    : undefined;
  if (typeof declared === "number" && declared >= 0) return declared + 1;
  const numbers = images.members().filter((name) => /^\d+$/.test(name));
  return numbers.length === 0 ? 0 : Math.max(...numbers.map(Number)) + 1;
}

/** A number, text or list of numbers; undefined for anything else. */
function plainValue(value: unknown): number | string | boolean | number[] | undefined {
  if (typeof value === "string") return value.replace(/\0.*$/s, "");
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number(value);
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const list = Array.from(value as ArrayLike<unknown>);
    // A compound, such as a transform, is a list of one list.
    if (list.length === 1) return plainValue(list[0]);
    const numbers = list.map(Number);
    return numbers.every((x) => !Number.isNaN(x)) ? numbers : undefined;
  }
  return undefined;
}

/** The first line of a message of the HDF5 library. */
function reason(error: unknown): string {
  const lines = String((error as Error).message ?? error).split("\n");
  // The last line names the cause.
  const last = lines.filter((line) => line.trim() !== "").at(-1) ?? "";
  return last.trim().slice(0, 120) || "an error of the HDF5 library";
}
