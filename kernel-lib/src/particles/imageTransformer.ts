import { type Disc, disc } from "../projection/disc";
import { kernelModule } from "../projection/wasmMemory";
import type { Ctf } from "./ctf";
import { ctfOnDisc, flipPhases } from "./ctfDisc";
import { ImageKernel, kernelTakes } from "./imageKernel";
import { fftTransform, type ImageTransform, normaliseRings, scaledTransform } from "./imageTransform";

/** Images and what has to be known of them to transform them: as it is sent to another thread. */
export interface ImageChunk {
  /** What is known of each image. */
  images: readonly ImageRecord[];
  /**
   * The pixels of all images, one after another, [y][x]; left out where only the power of the CTF is wanted. The array may be
   * longer than that.
   */
  pixels?: Float32Array;
  /** Whether the mean CTF² of the rings is wanted. */
  power: boolean;
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

export interface TransformedChunk {
  /** Transforms in the layout of `Disc`, each ring divided by its norm, [images · samples · 2]; where pixels were given. */
  transforms?: Float32Array;
  /** Mean of CTF² over each ring, 1 without a CTF, [images · (K + 1)]; where it was wanted. */
  power?: Float32Array;
  /** The array that held the pixels, for the next ones: memory that is fresh from the system costs more than the transforms. */
  pixels?: Float32Array;
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

  run({ images, pixels, power }: ImageChunk): TransformedChunk {
    const { rings, samples } = this.disc;
    const result: TransformedChunk = {};
    if (pixels) {
      const transforms = new Float32Array(images.length * 2 * samples);
      let from = 0;
      for (const [i, image] of images.entries()) {
        this.transform(image, pixels, from, transforms, i * 2 * samples);
        from += image.size * image.size;
      }
      result.transforms = transforms;
      result.pixels = pixels;
    }
    if (power) {
      const powers = new Float32Array(images.length * (rings + 1)).fill(1);
      for (const [i, { ctf }] of images.entries()) {
        if (ctf) this.kernel.ringPower(ctf, powers, i * (rings + 1));
      }
      result.power = powers;
    }
    return result;
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
