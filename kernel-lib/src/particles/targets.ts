import os from "node:os";
import { InputError, throwIfStopped } from "../errors";
import { goodFftSize } from "../maps/fft";
import type { TaskOptions } from "../progress";
import { type Disc, disc } from "../projection/disc";
import { ctfOnDisc, flipPhases, ringPower } from "./ctfDisc";
import { fftTransform, type ImageTransform, normaliseRings, scaledTransform } from "./imageTransform";
import type { OpticsGroup, ParticleSet } from "./particleSet";

/** The box in which particles are compared with projections of the model. */
export interface TrainingBox {
  /** S in pixels; S · apix is the edge of the particles' box in Å. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
  /** K, the outermost ring. */
  rings: number;
}

/** Particles as the training reads them: poses, and transforms whose rings have norm 1. */
export interface ParticleTargets extends TrainingBox {
  readonly count: number;
  /** Rotation matrices reference → image, [count · 9]. */
  readonly rotations: Float32Array;
  /** Shifts in box units, [count · 2]. */
  readonly shifts: Float32Array;
  /** Mean of CTF² over each ring, [count · (K + 1)]; 1 without a CTF. */
  readonly ctfPower: Float32Array;
  /** Whether all transforms are in memory; if not, {@link batch} reads images. */
  readonly inMemory: boolean;
  /**
   * Transforms of some particles, [n · samples · 2] in the layout of `Disc`: phases flipped, origin at pixel S/2,
   * each ring divided by its norm (a ring of zeros stays zero). The array belongs to the caller.
   */
  batch(indices: ArrayLike<number>): Promise<Float32Array>;
}

export interface TargetOptions extends TaskOptions {
  /** S of the training box. */
  boxSize: number;
  /** K ≤ ⌊(S − 1)/2⌋. */
  rings: number;
  /** Bytes of transforms that may be held in memory. Default: a quarter of the machine's memory. */
  memoryBudget?: number;
  /** Whether images have been phase flipped already. Default: as the particle file says. */
  phaseFlipped?: boolean;
}

/** Particles transformed between two looks at the abort signal. */
const chunk = 256;

/** The smallest even size of at least `minimum` whose prime factors are 2, 3 and 5. */
export function goodBoxSize(minimum: number): number {
  return goodFftSize(minimum);
}

/**
 * The smallest training box for a resolution in Å: as large in Å as the particles' box, with just enough pixels. Rings
 * end at the resolution asked for, or at the particles' Nyquist frequency where that comes first.
 */
export function trainingBox(set: Pick<ParticleSet, "boxSize" | "apix">, resolution: number): TrainingBox {
  if (!(resolution > 0)) throw new InputError("resolution", "a number of Å above 0", String(resolution));
  const edge = set.boxSize * set.apix;
  const available = Math.floor((set.boxSize - 1) / 2);
  const rings = Math.min(available, Math.ceil(edge / resolution - 1e-6));
  if (rings < 1)
    throw new InputError("resolution", `at most ${edge} Å, the edge of the box`, `${resolution} Å`);
  const boxSize = goodBoxSize(2 * rings + 1);
  return { boxSize, apix: edge / boxSize, rings };
}

/**
 * Reads, transforms and phase flips the particles. Transforms are held in memory where they fit the budget; otherwise
 * each batch is made anew from the images.
 *
 * Images need no normalisation: every ring is divided by its norm, and the origin (the mean) is not used. Images that
 * were multiplied by their CTF already have the right signs and are left as they are.
 *
 * @throws InputError for broken images and stacks, and where the file has no angles
 */
export async function prepareTargets(set: ParticleSet, options: TargetOptions): Promise<ParticleTargets> {
  const { boxSize, rings, memoryBudget = os.totalmem() / 4, signal, onProgress } = options;
  if (!(rings >= 1 && rings <= Math.floor((boxSize - 1) / 2))) {
    throw new RangeError(
      `rings: expected 1 to ${Math.floor((boxSize - 1) / 2)} for a box of ${boxSize}, found ${rings}`,
    );
  }
  const edge = set.boxSize * set.apix;
  const rotations = set.rotations();
  const shifts = set.shifts().map((t) => t / edge);
  const transformer = new Transformer(set, disc(rings), edge, options.phaseFlipped);
  const { samples } = disc(rings);
  const { count } = set;
  const inMemory = count * samples * 8 <= memoryBudget;
  const ctfPower = new Float32Array(count * (rings + 1)).fill(1);
  const held: Float32Array[] = [];
  await set.checkStacks({ ...(signal && { signal }) });
  for (let from = 0; from < count; from += chunk) {
    throwIfStopped(signal);
    const indices = Int32Array.from({ length: Math.min(chunk, count - from) }, (_, i) => from + i);
    if (inMemory) {
      held.push(await transformer.transform(indices, ctfPower));
    } else {
      transformer.power(indices, ctfPower);
      await new Promise(setImmediate);
    }
    onProgress?.({ task: "reading particles", done: from + indices.length, total: count });
  }
  return {
    count,
    boxSize,
    apix: edge / boxSize,
    rings,
    rotations,
    shifts,
    ctfPower,
    inMemory,
    async batch(indices) {
      if (!inMemory) return transformer.transform(indices);
      const width = 2 * samples;
      const out = new Float32Array(indices.length * width);
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i]!;
        if (!(index >= 0 && index < count)) {
          throw new RangeError(`index: expected 0 to ${count - 1}, found ${index}`);
        }
        const part = held[Math.floor(index / chunk)]!;
        const at = (index % chunk) * width;
        out.set(part.subarray(at, at + width), i * width);
      }
      return out;
    },
  };
}

/** Makes transforms from images; holds what is the same for all particles of an optics group. */
class Transformer {
  private readonly transforms = new Map<OpticsGroup, ImageTransform>();
  private readonly ctf: Float64Array;

  constructor(
    private readonly set: ParticleSet,
    private readonly disc: Disc,
    private readonly edge: number,
    private readonly phaseFlipped: boolean | undefined,
  ) {
    this.ctf = new Float64Array(disc.samples);
  }

  /** Transforms of some particles; the mean CTF² of their rings is put into their rows of `power`, where given. */
  async transform(indices: ArrayLike<number>, power?: Float32Array): Promise<Float32Array> {
    const { set, disc } = this;
    const width = 2 * disc.samples;
    const out = new Float32Array(indices.length * width);
    await set.visitImages(indices, (i, image, from) => {
      const at = i * width;
      const index = indices[i]!;
      const group = set.opticsGroup(index);
      this.transformOf(group).run(image, from, out, at);
      const flipped = this.phaseFlipped ?? (group.phaseFlipped || group.ctfPremultiplied);
      const parameters = flipped && !power ? undefined : set.ctf(index);
      if (parameters) {
        const ctf = ctfOnDisc(parameters, disc, this.edge, this.ctf);
        if (!flipped) flipPhases(out, at, ctf);
        if (power) ringPower(ctf, disc, power, index * (disc.rings + 1));
      }
      normaliseRings(out, at, disc);
    });
    return out;
  }

  /** The mean CTF² of the rings alone. */
  power(indices: ArrayLike<number>, out: Float32Array): void {
    const { disc } = this;
    for (let i = 0; i < indices.length; i++) {
      const parameters = this.set.ctf(indices[i]!);
      if (!parameters) continue;
      const ctf = ctfOnDisc(parameters, disc, this.edge, this.ctf);
      ringPower(ctf, disc, out, indices[i]! * (disc.rings + 1));
    }
  }

  /** An image of the same physical box (to 0.1 %) needs an FFT only, any other a sum at the disc's frequencies. */
  private transformOf(group: OpticsGroup): ImageTransform {
    let transform = this.transforms.get(group);
    if (!transform) {
      const { boxSize, apix } = group;
      const ratio = (boxSize * apix) / this.edge;
      const fits = Math.abs(ratio - 1) <= 1e-3 && this.disc.rings <= Math.floor((boxSize - 1) / 2);
      transform = fits ? fftTransform(boxSize, this.disc) : scaledTransform(boxSize, ratio, this.disc);
      this.transforms.set(group, transform);
    }
    return transform;
  }
}
