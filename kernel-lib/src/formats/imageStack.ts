import { InputError } from "../errors";
import { readStart } from "./fileSource";
import { HdfImages, hdfSignature } from "./hdfImages";
import { isPixelSize, type OpenMrcOptions, openMrc, squarePixelSize } from "./mrc";

/** An open stack of images, in an MRC or an HDF5 file. */
export interface ImageStack {
  /** The path, as given. */
  readonly file: string;
  /** nx, ny and the number of images. */
  readonly size: readonly [number, number, number];
  /** Å per pixel; undefined if the file does not say, or differs between X and Y. */
  readonly apix: number | undefined;
  /** Assumptions that were made and data that is ignored; each names the file. */
  readonly warnings: readonly string[];
  /**
   * Reads images `first` to `first + count − 1`, counted from 0, as [count · ny · nx] with x fastest.
   * @param space memory that the result may share
   * @throws InputError if images are missing, damaged or not finite
   */
  readSections(first: number, count: number, space?: ArrayBuffer): Promise<Float32Array>;
  /** Attributes of an image of an HDF5 file, see `HdfImages`. */
  readonly hdf?: HdfImages;
  /** Closes the file. */
  close(): Promise<void>;
}

/** Whether a file is an HDF5 file, by its first bytes. @throws InputError if it is missing or not readable */
export async function isHdfFile(file: string): Promise<boolean> {
  return (await readStart(file, hdfSignature.length)).toString("latin1") === hdfSignature;
}

/**
 * Opens a stack of square images in an MRC file, or an HDF5 file of EMAN2.
 * @throws InputError for volumes and for images that are not square
 */
export async function openImageStack(file: string, options: OpenMrcOptions): Promise<ImageStack> {
  const stack = (await isHdfFile(file)) ? await openHdfStack(file) : await openMrcStack(file, options);
  const [nx, ny] = stack.size;
  if (nx === ny) return stack;
  await stack.close();
  throw new InputError(file, "square images", `${nx}×${ny} pixels`);
}

async function openMrcStack(file: string, options: OpenMrcOptions): Promise<ImageStack> {
  const mrc = await openMrc(file, options);
  const { size, warnings, header } = mrc;
  if (header.spaceGroup >= 401) {
    await mrc.close();
    throw new InputError(file, "a stack of images", `${size[2]} sections of a stack of volumes`);
  }
  return {
    file,
    size,
    apix: squarePixelSize(mrc),
    warnings,
    readSections: (first, count, space) => mrc.readSections(first, count, space),
    close: () => mrc.close(),
  };
}

async function openHdfStack(file: string): Promise<ImageStack> {
  const hdf = await HdfImages.open(file);
  const [nx, ny, nz] = hdf.size(0);
  if (nz > 1) {
    hdf.close();
    throw new InputError(file, "a stack of images", `a volume of ${nx}×${ny}×${nz} voxels`);
  }
  return {
    file,
    size: [nx, ny, hdf.count],
    apix: hdfPixelSize(hdf, 0),
    warnings: [],
    hdf,
    readSections: async (first, count, space) => {
      const pixels = nx * ny;
      const out = space ? new Float32Array(space, 0, count * pixels) : new Float32Array(count * pixels);
      for (let i = 0; i < count; i++) {
        out.set(hdf.read(first + i, [nx, ny, 1]), i * pixels);
      }
      return out;
    },
    close: async () => hdf.close(),
  };
}

/** Å per pixel of an image in an HDF5 file; undefined if its attributes do not say, or differ between X and Y. */
export function hdfPixelSize(hdf: HdfImages, image: number): number | undefined {
  const attributes = hdf.attributes(image, ["apix_x", "apix_y"]);
  const [x, y] = [attributes.get("apix_x"), attributes.get("apix_y") ?? attributes.get("apix_x")];
  if (typeof x !== "number" || typeof y !== "number" || !isPixelSize(x)) return undefined;
  return Math.abs(y / x - 1) > 0.01 ? undefined : x;
}
