import { twiddles } from "../fourier/twiddles";
import { doseEnvelope } from "../optics/dose";
import { imageWords } from "../particles/images/imageKernel";
import { Arena } from "../wasm/arena";
import { instantiate, type KernelExports, newMemory, type SharedWasmMemory } from "../wasm/wasmMemory";
import { type BatchGroup, imageNumber, samplesWords } from "./backprojectionMemory";
import { columnsOf, sampleLength } from "./gridLayout";

/** An image to be sampled. */
interface SampledImage {
  pixels: Float32Array;
  /** See `imageNumber`. */
  numbers: Float64Array;
  /** Whether the mean is part of the particle. */
  keepMean: boolean;
}

/** Memory set up for the images of a group. */
interface GroupBuffers {
  address: number;
  pixels: Float32Array;
  /** The image record, of which the CTF is set. */
  image: Int32Array;
  record: Int32Array;
  factors: Float32Array;
  ctf: Float64Array;
  phaseX: Float32Array;
  phaseY: Float32Array;
  samples: Float32Array;
}

const ctfNumbers = 7;

/**
 * Computes the CTF-weighted samples of images in WebAssembly, in the calling thread: [kx][ky + K], four numbers each (re, im, weight,
 * re), moved so that the particle's centre is the origin.
 */
export class ImageSampler {
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly exports: KernelExports;
  private readonly arena = new Arena();
  private readonly groups = new Map<number, GroupBuffers>();

  /** @param module of `kernelModule` */
  constructor(module: object) {
    this.exports = instantiate(module, this.memory);
  }

  /** The samples of an image, valid until the next call. */
  run(group: BatchGroup, { pixels, numbers, keepMean }: SampledImage): Float32Array {
    let buffers = this.groups.get(group.key);
    if (!buffers) {
      buffers = this.prepare(group);
      this.groups.set(group.key, buffers);
    }
    const { size, rings, state } = group;
    buffers.pixels.set(pixels);
    const hasCtf = numbers[imageNumber.ctf] === 1;
    buffers.image[imageWords.indexOf("ctf")] = hasCtf ? buffers.ctf.byteOffset : 0;
    if (hasCtf) buffers.ctf.set(numbers.subarray(imageNumber.turns, imageNumber.turns + 6));
    // Rows are transformed without the factor ½ of their separation.
    buffers.factors.set([numbers[imageNumber.gain]! / 2, numbers[imageNumber.scale]!]);
    buffers.record[samplesWords.indexOf("state")] = state;
    buffers.record[samplesWords.indexOf("keepMean")] = keepMean ? 1 : 0;
    const centre = Math.floor(size / 2) / size;
    fillPhases(buffers.phaseX, columnsOf(rings), 0, centre + numbers[imageNumber.shift]!);
    fillPhases(buffers.phaseY, 2 * rings + 1, -rings, centre + numbers[imageNumber.shift + 1]!);
    this.exports.sampleImage(buffers.address);
    const dose = numbers[imageNumber.dose]!;
    if (dose > 0) weightByDose(buffers.samples, dose, group);
    return buffers.samples;
  }

  private prepare({ size, rings, extent, aberrations }: BatchGroup): GroupBuffers {
    const columns = columnsOf(rings);
    const place = {
      pixels: this.take(4 * size * size),
      samples: this.take(4 * sampleLength(rings)),
      ctf: this.take(8 * ctfNumbers),
      phaseX: this.take(8 * columns),
      phaseY: this.take(8 * (2 * rings + 1)),
      scratch: this.take(this.exports.imageScratchBytes(size, rings)),
    };
    const words: Partial<Record<string, number>> = {
      size,
      rings,
      ...place,
      extent: this.put(extent),
      twiddles: this.put(twiddles(size)),
    };
    const image = this.put(Int32Array.from(imageWords, (word) => words[word] ?? 0));
    const record: Partial<Record<string, number>> = {
      image,
      out: place.samples,
      phaseX: place.phaseX,
      phaseY: place.phaseY,
      even: aberrations?.even ? this.put(aberrations.even) : 0,
      odd: aberrations?.odd ? this.put(aberrations.odd) : 0,
    };
    const address = this.put(Int32Array.from(samplesWords, (word) => record[word] ?? 0));
    const { buffer } = this.memory;
    return {
      address,
      pixels: new Float32Array(buffer, place.pixels, size * size),
      image: new Int32Array(buffer, image, imageWords.length),
      record: new Int32Array(buffer, address, samplesWords.length),
      factors: new Float32Array(buffer, address + 4 * samplesWords.indexOf("gain"), 2),
      ctf: new Float64Array(buffer, place.ctf, ctfNumbers),
      phaseX: new Float32Array(buffer, place.phaseX, 2 * columns),
      phaseY: new Float32Array(buffer, place.phaseY, 2 * (2 * rings + 1)),
      samples: new Float32Array(buffer, place.samples, sampleLength(rings)),
    };
  }

  private take(bytes: number): number {
    const address = this.arena.take(bytes);
    this.arena.fit(this.memory, "images");
    return address;
  }

  private put(data: Int32Array | Float32Array): number {
    const address = this.take(data.byteLength);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
    return address;
  }
}

/**
 * Weights samples by the signal that is left after a dose: values by its amplitude, weights by its power. Images that were multiplied
 * by their CTF were weighted then.
 */
function weightByDose(samples: Float32Array, dose: number, group: BatchGroup): void {
  const { rings, extent, state, boxLength, voltage } = group;
  const envelopes = new Map<number, number>();
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = 0; ky <= extent[kx]!; ky++) {
      const square = kx * kx + ky * ky;
      let left = envelopes.get(square);
      if (left === undefined) {
        left = doseEnvelope(dose, Math.sqrt(square) / boxLength, voltage);
        envelopes.set(square, left);
      }
      const value = state === 2 ? 1 : left;
      for (const y of ky === 0 ? [0] : [ky, -ky]) {
        const at = 4 * (kx * (2 * rings + 1) + rings + y);
        samples[at]! *= value;
        samples[at + 1]! *= value;
        samples[at + 2]! *= left * left;
        samples[at + 3]! *= value;
      }
    }
  }
}

/** cos 2πk·turns for k = first, first + 1, …, then their sines. */
function fillPhases(phases: Float32Array, count: number, first: number, turns: number): void {
  for (let i = 0; i < count; i++) {
    const angle = 2 * Math.PI * (first + i) * turns;
    phases[i] = Math.cos(angle);
    phases[count + i] = Math.sin(angle);
  }
}
