import { type Disc, disc } from "../../fourier/disc";
import {
  fftTransform,
  type ImageTransform,
  normaliseRings,
  scaledTransform,
} from "../../fourier/imageTransform";
import type { Ctf } from "../../optics/ctf";
import { ctfOnDisc, flipPhases } from "../../optics/ctfDisc";
import { kernelModule } from "../../wasm/wasmMemory";
import { ImageKernel, kernelTakes } from "./imageKernel";

/**
 * Images, what has to be known of them to transform them, and where the results go. Where it is sent to another thread all
 * arrays are in shared memory ({@link sharedFloats}); each may be longer than is needed.
 */
export interface ImageChunk {
  images: readonly ImageRecord[];
  /** The pixels of all images, one after another, [y][x]; not read where only the power of the CTF is wanted. */
  pixels?: Float32Array;
  /**
   * Receives the transforms of the images in the layout of `Disc`, each ring divided by its norm, [images · samples · 2]; left
   * out where none are wanted.
   */
  transforms?: Float32Array;
  /** Receives the mean CTF² over each ring, 1 without a CTF, [images · (K + 1)]; left out where it is not wanted. */
  power?: Float32Array;
}

/**
 * An array of zeros that threads share. Arrays that go to and fro between threads count as new memory each time they arrive,
 * which makes V8 collect garbage all the time; shared ones do not.
 */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

export interface ImageRecord {
  /** Edge in pixels. */
  size: number;
  /** Edge of the image divided by that of the box that the disc belongs to, both in Å. */
  ratio: number;
  /** Whether phases are to be flipped by the sign of the CTF. */
  flip: boolean;
  ctf: Ctf | undefined;
}

/**
 * Makes transforms from images, in the calling thread; holds what is the same for images of one size. Images of the same
 * physical box (to 0.1 %) take an FFT, in WebAssembly or, where their size has a large prime factor, in JavaScript. Any
 * others take a sum at the disc's frequencies.
 */
export class ImageTransformer {
  private readonly disc: Disc;
  private readonly kernel: ImageKernel;
  private readonly slow = new Map<string, ImageTransform>();

  /**
   * @param rings   K of the disc
   * @param edge    of the box that the disc belongs to, in Å
   * @param module  the WebAssembly module, where another thread has compiled it
   */
  constructor(
    rings: number,
    private readonly edge: number,
    module: object = kernelModule(),
  ) {
    this.disc = disc(rings);
    this.kernel = new ImageKernel(this.disc, edge, module);
  }

  /** Fills the arrays of the chunk that are there. */
  run({ images, pixels, transforms, power }: ImageChunk): void {
    const { rings, samples } = this.disc;
    if (pixels && transforms) {
      let from = 0;
      for (const [i, image] of images.entries()) {
        this.transform(image, pixels, from, transforms, i * 2 * samples);
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

  private transform(image: ImageRecord, pixels: Float32Array, from: number, out: Float32Array, to: number) {
    const { size, ratio, flip } = image;
    const ctf = flip ? image.ctf : undefined;
    const fits = Math.abs(ratio - 1) <= 1e-3 && this.disc.rings <= Math.floor((size - 1) / 2);
    if (fits && kernelTakes(size)) {
      this.kernel.transform(pixels, from, size, ctf, out, to);
      return;
    }
    const key = `${size} ${ratio}`;
    let slow = this.slow.get(key);
    if (!slow) {
      slow = fits ? fftTransform(size, this.disc) : scaledTransform(size, ratio, this.disc);
      this.slow.set(key, slow);
    }
    slow.run(pixels, from, out, to);
    if (ctf) flipPhases(out, to, ctfOnDisc(ctf, this.disc, this.edge));
    normaliseRings(out, to, this.disc);
  }
}
