import { type Disc, disc } from "../../fourier/disc";
import {
  type DiscTransform,
  fftTransform,
  normalizeRings,
  scaledTransform,
} from "../../fourier/imageTransform";
import { ringsOfBox } from "../../fourier/trainingBox";
import type { Ctf } from "../../optics/ctf";
import { ctfOnDisc, flipPhases } from "../../optics/ctfDisc";
import { kernelModule } from "../../wasm/wasmMemory";
import { ImageKernel, isKernelSize } from "./imageKernel";

/**
 * Images to transform, and the arrays for the results. All arrays are in shared memory ({@link sharedFloats}) if the chunk is
 * sent to a thread; each may be longer than needed.
 */
export interface ImageChunk {
  images: readonly ImageRecord[];
  /** The pixels of all images, one after another, [y][x]; not needed for the power of the CTF alone. */
  pixels?: Float32Array;
  /**
   * Receives the transforms in the layout of `Disc`, each ring divided by its norm, [images · samples · 2]. Default: no
   * transforms are made.
   */
  transforms?: Float32Array;
  /** Receives the mean CTF² of each ring, 1 without a CTF, [images · (K + 1)]. Default: it is not computed. */
  power?: Float32Array;
}

/**
 * A shared array of zeros. V8 counts arrays that are transferred between threads as newly allocated each time, which triggers
 * garbage collection all the time; shared arrays avoid that.
 */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

/** One image of an {@link ImageChunk}. */
export interface ImageRecord {
  /** Pixels along a side. */
  size: number;
  /** Length of the image divided by that of the disc's box, both in Å. */
  ratio: number;
  /** Whether to flip phases by the sign of the CTF. */
  flip: boolean;
  ctf: Ctf | undefined;
}

/**
 * Transforms images in the calling thread. Images with the length of the disc's box (to 0.1 %) are transformed by FFT, in
 * WebAssembly or, for sizes with a large prime factor, in JavaScript; all others by a sum at the disc's frequencies. Tables
 * are kept for each image size.
 */
export class ImageTransformer {
  private readonly disc: Disc;
  private readonly kernel: ImageKernel;
  /** Transforms in JavaScript, by size and ratio. */
  private readonly fallbacks = new Map<string, DiscTransform>();

  /**
   * @param rings     K of the disc
   * @param boxLength length in Å of the box that the disc belongs to
   * @param module    the compiled WebAssembly module, if another thread provides it
   */
  constructor(
    rings: number,
    private readonly boxLength: number,
    module: object = kernelModule(),
  ) {
    this.disc = disc(rings);
    this.kernel = new ImageKernel(this.disc, boxLength, module);
  }

  /** Fills those result arrays of the chunk that are given. */
  run({ images, pixels, transforms, power }: ImageChunk): void {
    const { rings, samples } = this.disc;
    if (pixels && transforms) {
      let from = 0;
      for (const [i, image] of images.entries()) {
        this.transform(image, pixels.subarray(from), transforms, i * 2 * samples);
        from += image.size * image.size;
      }
    }
    if (power) {
      power.fill(1, 0, images.length * (rings + 1));
      for (const [i, { ctf }] of images.entries()) {
        if (ctf) this.kernel.ringPower(ctf, power, i * (rings + 1));
      }
    }
  }

  private transform(image: ImageRecord, pixels: Float32Array, out: Float32Array, to: number): void {
    const { size, flip } = image;
    const ctf = flip ? image.ctf : undefined;
    if (this.hasSameBox(image) && isKernelSize(size)) {
      this.kernel.transform({ pixels, from: 0, size, ctf }, out, to);
      return;
    }
    this.fallback(image).run(pixels, 0, out, to);
    if (ctf) flipPhases(out, to, ctfOnDisc(ctf, this.disc, this.boxLength));
    normalizeRings(out, to, this.disc);
  }

  private hasSameBox({ size, ratio }: ImageRecord): boolean {
    return Math.abs(ratio - 1) <= 1e-3 && this.disc.rings <= ringsOfBox(size);
  }

  private fallback(image: ImageRecord): DiscTransform {
    const { size, ratio } = image;
    const key = `${size} ${ratio}`;
    let transform = this.fallbacks.get(key);
    if (!transform) {
      transform = this.hasSameBox(image)
        ? fftTransform(size, this.disc)
        : scaledTransform(size, ratio, this.disc);
      this.fallbacks.set(key, transform);
    }
    return transform;
  }
}
