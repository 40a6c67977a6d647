import type { Disc } from "../../fourier/disc";
import { originPhases } from "../../fourier/imageTransform";
import { twiddles } from "../../fourier/twiddles";
import { type Ctf, CtfEvaluator } from "../../optics/ctf";
import {
  Arena,
  discTables,
  instantiate,
  type KernelExports,
  newMemory,
  type SharedWasmMemory,
} from "../../wasm/wasmMemory";

/** Words of the record of an image, in the order of assembly/image.ts. */
const words = [
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
type Words = Record<(typeof words)[number], number>;

/** Numbers of the CTF there, all double. */
const CTF_NUMBERS = 7;
/** The smallest image: rows are transformed eight at a time, spectra taken four columns at a time. */
const SMALLEST = 8;
/** The largest prime factor for which there is a butterfly that is worth its while. */
const LARGEST_PRIME = 13;

/** Whether {@link ImageKernel} transforms images of so many pixels: no prime factor above 13, and not tiny. */
export function kernelTakes(size: number): boolean {
  let rest = size;
  for (let p = 2; p <= LARGEST_PRIME; p++) while (rest % p === 0) rest /= p;
  return size >= SMALLEST && rest === 1;
}

/** What is laid down for images of one size. */
interface Laid {
  /** Of the record. */
  address: number;
  record: Int32Array;
  /** S² pixels of one image. */
  pixels: Float32Array;
}

/**
 * Transforms of particle images in WebAssembly with SIMD (assembly/image.ts), in the calling thread. Single precision: the
 * normalised transforms agree with those of `fftTransform` to some 1e-6 of the norm of a ring. One disc, any number of sizes.
 */
export class ImageKernel {
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly exports: KernelExports;
  private readonly arena = new Arena();
  private readonly common: Pick<Words, "rings" | "transform" | "power" | "extent" | "ring" | "samplesInRing">;
  private readonly transformed: Float32Array;
  private readonly powers: Float32Array;
  private readonly ctfAt: number;
  private readonly ctf: Float64Array;
  private readonly sizes = new Map<number, Laid>();
  private readonly powerRecord: number;

  /**
   * @param edge    of the box that the disc belongs to, in Å
   * @param module  what `kernelModule` gives
   */
  constructor(
    private readonly disc: Disc,
    private readonly edge: number,
    module: object,
  ) {
    this.exports = instantiate(module, this.memory);
    const { rings, samples } = disc;
    const width = 2 * rings + 1;
    // Columns are worked on four at a time.
    const padded = 4 * Math.floor(rings / 4 + 1) * width;
    const { ring, extent } = discTables(rings);
    const transform = this.take(8 * padded);
    const power = this.take(4 * (rings + 1));
    this.ctfAt = this.take(8 * CTF_NUMBERS);
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
    this.ctf = new Float64Array(buffer, this.ctfAt, CTF_NUMBERS);
    // The CTF alone needs no more scratch than the smallest image with so many rings.
    const scratch = this.take(this.exports.imageScratchBytes(width, rings));
    this.powerRecord = this.record({ size: width, ctf: this.ctfAt, scratch });
  }

  /**
   * Writes the transform of one image, S² pixels of `image` from `from` on, to `out` from `to` on, in the disc's layout:
   * every ring divided by its norm, zeros at the origin and outside. Where a CTF is given, phases are flipped by its sign.
   * @param size  S, one that {@link kernelTakes} and that has the disc's rings
   */
  transform(
    image: Float32Array,
    from: number,
    size: number,
    ctf: Ctf | undefined,
    out: Float32Array,
    to: number,
  ): void {
    const { address, record, pixels } = this.laid(size);
    pixels.set(image.subarray(from, from + size * size));
    // A CTF of zeros has no sign.
    const flip = ctf !== undefined && ctf.scale !== 0;
    if (flip) this.setCtf(ctf);
    record[words.indexOf("ctf")] = flip ? this.ctfAt : 0;
    this.exports.transformImage(address);
    out.set(this.transformed, to);
  }

  /** Mean of CTF² over each ring, every sample counted with its multiplicity; ring 0 is given 1. [K + 1] */
  ringPower(ctf: Ctf, out: Float32Array, to: number): void {
    this.setCtf(ctf);
    this.exports.ringPower(this.powerRecord);
    out.set(this.powers, to);
  }

  private setCtf(ctf: Ctf): void {
    const { xx, yy, xy, fourth, constant, decay } = new CtfEvaluator(ctf).inTurns(this.edge);
    // Half a turn changes the sign.
    const turned = ctf.scale < 0 ? constant + 0.5 : constant;
    this.ctf.set([xx, yy, xy, fourth, turned, 2 * decay, ctf.scale ** 2]);
  }

  private laid(size: number): Laid {
    const known = this.sizes.get(size);
    if (known) return known;
    const { rings } = this.disc;
    if (!kernelTakes(size) || rings > Math.floor((size - 1) / 2)) {
      throw new RangeError(`image: expected a size for ${rings} rings with small factors, found ${size}`);
    }
    const pixels = this.take(4 * size * size);
    // Phases for the columns that fill up the last four, too.
    const phases = originPhases(size, rings, 2 * rings + 3);
    const address = this.record({
      size,
      pixels,
      twiddles: this.put(twiddles(size)),
      originCos: this.put(Float32Array.from({ length: phases.length / 2 }, (_, i) => phases[2 * i]!)),
      originSin: this.put(Float32Array.from({ length: phases.length / 2 }, (_, i) => phases[2 * i + 1]!)),
      scratch: this.take(this.exports.imageScratchBytes(size, rings)),
    });
    const { buffer } = this.memory;
    const laid = {
      address,
      record: new Int32Array(buffer, address, words.length),
      pixels: new Float32Array(buffer, pixels, size * size),
    };
    this.sizes.set(size, laid);
    return laid;
  }

  private record(own: Partial<Words>): number {
    const all = { ...this.common, ...own };
    return this.put(Int32Array.from(words, (word) => all[word] ?? 0));
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
