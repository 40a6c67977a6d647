import type { Disc } from "../../fourier/disc";
import { originPhases } from "../../fourier/originPhases";
import { ringsOfBox } from "../../fourier/trainingBox";
import { twiddles } from "../../fourier/twiddles";
import { type Ctf, CtfEvaluator } from "../../optics/ctf";
import { doseEnvelope } from "../../optics/dose";
import { Arena } from "../../wasm/arena";
import {
  discTables,
  instantiate,
  type KernelExports,
  newMemory,
  type SharedWasmMemory,
} from "../../wasm/wasmMemory";

/** Words of an image record, in the order of assembly/image.ts. */
export const imageWords = [
  "size",
  "rings",
  "pixels",
  "transform",
  "ctf",
  "power",
  "extent",
  "ring",
  "samplesInRing",
  "twiddles",
  "originCos",
  "originSin",
  "scratch",
] as const;
type Words = Record<(typeof imageWords)[number], number>;

/** Doubles of a CTF record. */
const ctfNumbers = 7;
/** The smallest image: rows are transformed eight at a time, columns four at a time. */
const smallestSize = 8;
/** The largest prime factor with a direct butterfly. */
const largestPrime = 13;

/** Whether {@link ImageKernel} transforms images of `size` pixels: 8 or more, without a prime factor above 13. */
export function isKernelSize(size: number): boolean {
  let rest = size;
  for (let p = 2; p <= largestPrime; p++) while (rest % p === 0) rest /= p;
  return size >= smallestSize && rest === 1;
}

/** The memory set up for images of one size. */
interface SizeBuffers {
  /** Address of the record. */
  address: number;
  record: Int32Array;
  /** S² pixels of one image. */
  pixels: Float32Array;
}

/** An image, and how to transform it. */
export interface KernelImage {
  /** Holds the S² pixels from index `from`. */
  pixels: Float32Array;
  from: number;
  /** S, for which {@link isKernelSize} holds, with at least the rings of the disc. */
  size: number;
  /** Phases are flipped by its sign; undefined to leave them. */
  ctf: Ctf | undefined;
}

/**
 * Transforms particle images in WebAssembly with SIMD (assembly/image.ts), in the calling thread. In single precision: the
 * normalised transforms agree with `fftTransform` to some 1e-6 of the norm of a ring. One disc, any number of image sizes.
 */
export class ImageKernel {
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly exports: KernelExports;
  private readonly arena = new Arena();
  private readonly common: Pick<Words, "rings" | "transform" | "power" | "extent" | "ring" | "samplesInRing">;
  private readonly transformed: Float32Array;
  private readonly powers: Float32Array;
  private readonly ctfAddress: number;
  private readonly ctf: Float64Array;
  private readonly sizes = new Map<number, SizeBuffers>();
  private readonly powerRecord: number;

  /**
   * @param disc      layout of the transforms
   * @param boxLength length in Å of the box that the disc belongs to
   * @param module    the module of `kernelModule`
   */
  constructor(
    private readonly disc: Disc,
    private readonly boxLength: number,
    module: object,
  ) {
    this.exports = instantiate(module, this.memory);
    const { rings, samples } = disc;
    const width = 2 * rings + 1;
    // Columns are processed four at a time.
    const padded = 4 * Math.floor(rings / 4 + 1) * width;
    const { ring, extent } = discTables(rings);
    const transform = this.take(8 * padded);
    const power = this.take(4 * (rings + 1));
    this.ctfAddress = this.take(8 * ctfNumbers);
    const paddedRing = new Int32Array(padded);
    paddedRing.set(ring);
    this.common = {
      rings,
      transform,
      power,
      extent: this.put(extent),
      ring: this.put(paddedRing),
      samplesInRing: this.put(disc.samplesInRing),
    };
    const { buffer } = this.memory;
    this.transformed = new Float32Array(buffer, transform, 2 * samples);
    this.powers = new Float32Array(buffer, power, rings + 1);
    this.ctf = new Float64Array(buffer, this.ctfAddress, ctfNumbers);
    // The power of the CTF needs no more scratch than the smallest image with as many rings.
    const scratch = this.take(this.exports.imageScratchBytes(width, rings));
    this.powerRecord = this.record({ size: width, ctf: this.ctfAddress, scratch });
  }

  /**
   * Writes the transform of one image to `out` from index `to`, in the disc's layout: each ring divided by its norm, zeros at
   * the origin and outside the disc.
   * @throws RangeError for an image size that the kernel does not support
   */
  transform({ pixels, from, size, ctf }: KernelImage, out: Float32Array, to: number): void {
    const buffers = this.buffersFor(size);
    const { address, record } = buffers;
    buffers.pixels.set(pixels.subarray(from, from + size * size));
    // A CTF of zeros has no sign.
    const flip = ctf !== undefined && ctf.scale !== 0;
    if (flip) this.setCtf(ctf);
    record[imageWords.indexOf("ctf")] = flip ? this.ctfAddress : 0;
    this.exports.transformImage(address);
    out.set(this.transformed, to);
  }

  /** Mean of CTF² over each ring, samples weighted by their multiplicity, to `out` from index `to`, [K + 1]; 1 for ring 0. */
  ringPower(ctf: Ctf, out: Float32Array, to: number): void {
    this.setCtf(ctf);
    this.exports.ringPower(this.powerRecord);
    out.set(this.powers, to);
    if (!ctf.dose) return;
    // The same in all directions, so that it need not be in the kernel.
    for (let r = 1; r < this.powers.length; r++) {
      out[to + r]! *= doseEnvelope(ctf.dose, r / this.boxLength, ctf.voltage) ** 2;
    }
  }

  private setCtf(ctf: Ctf): void {
    const { xx, yy, xy, fourth, constant, decay } = new CtfEvaluator(ctf).inTurns(this.boxLength);
    // Half a turn inverts the sign.
    const turned = ctf.scale < 0 ? constant + 0.5 : constant;
    this.ctf.set([xx, yy, xy, fourth, turned, 2 * decay, ctf.scale ** 2]);
  }

  private buffersFor(size: number): SizeBuffers {
    const known = this.sizes.get(size);
    if (known) return known;
    const { rings } = this.disc;
    if (!isKernelSize(size) || rings > ringsOfBox(size)) {
      throw new RangeError(`image: expected a size for ${rings} rings with small factors, found ${size}`);
    }
    const pixels = this.take(4 * size * size);
    // Including the columns that pad the last group of four.
    const phases = originPhases(size, { first: -rings, last: 2 * rings + 3 });
    const address = this.record({
      size,
      pixels,
      twiddles: this.put(twiddles(size)),
      originCos: this.put(Float32Array.from({ length: phases.length / 2 }, (_, i) => phases[2 * i]!)),
      originSin: this.put(Float32Array.from({ length: phases.length / 2 }, (_, i) => phases[2 * i + 1]!)),
      scratch: this.take(this.exports.imageScratchBytes(size, rings)),
    });
    const { buffer } = this.memory;
    const buffers = {
      address,
      record: new Int32Array(buffer, address, imageWords.length),
      pixels: new Float32Array(buffer, pixels, size * size),
    };
    this.sizes.set(size, buffers);
    return buffers;
  }

  private record(own: Partial<Words>): number {
    const all = { ...this.common, ...own };
    return this.put(Int32Array.from(imageWords, (word) => all[word] ?? 0));
  }

  private take(bytes: number): number {
    const address = this.arena.take(bytes);
    this.arena.fit(this.memory, "images");
    return address;
  }

  private put(data: Int32Array | Float32Array | Float64Array): number {
    const address = this.take(data.byteLength);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
    return address;
  }
}
