import { throwIfStopped } from "../errors";
import { fft2Real, frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { CtfEvaluator } from "../optics/ctf";
import { rotationFromEuler } from "../optics/pose";
import type { Random } from "../random";
import type { SimulatedParticle } from "./simulatedParticles";
import { keptOpen, type Project, type SimulatedStates } from "./simulatedStates";

/** Particles from which the variance of the signal is estimated. */
const varianceSample = 500;
/** Length in Å at which the power of coloured noise has fallen to half. */
const noiseLength = 20;
/** Width in pixels of the soft edge of masked images, as in RELION. */
const maskEdge = 5;

/** Makes noise-free images, reusing its memory. */
export class ImageMaker {
  private readonly half: Float64Array;
  private readonly image: Float64Array;
  private readonly noise: Float64Array;
  private readonly rotation = new Float64Array(9);

  constructor(
    private readonly boxSize: number,
    private readonly apix: number,
  ) {
    this.half = new Float64Array(2 * halfWidth(boxSize) * boxSize);
    this.image = new Float64Array(boxSize * boxSize);
    this.noise = new Float64Array(this.half.length);
  }

  /**
   * The image of a particle, [S · S]; valid until the next call.
   * @param solvent noise of the specimen, [S · S], which the CTF acts on. Default: none
   */
  make(
    project: Project,
    { angles, origin, ctf }: Omit<SimulatedParticle, "state">,
    solvent?: Float64Array,
  ): Float64Array {
    const { boxSize, half, rotation } = this;
    const boxLength = boxSize * this.apix;
    rotationFromEuler(angles, rotation);
    const shift = [-origin[0] / boxLength, -origin[1] / boxLength] as const;
    project({ rotation, shift }, half);
    if (solvent) {
      fft2Real(solvent, boxSize, boxSize, this.noise);
      shiftOrigin(this.noise, [boxSize, boxSize, 1], "toCentre");
      for (let i = 0; i < half.length; i++) half[i]! += this.noise[i]!;
    }
    if (ctf) {
      const transfer = new CtfEvaluator(ctf);
      const width = halfWidth(boxSize);
      for (let y = 0, i = 0; y < boxSize; y++) {
        for (let kx = 0; kx < width; kx++, i += 2) {
          const value = transfer.at(kx / boxLength, frequency(y, boxSize) / boxLength);
          half[i]! *= value;
          half[i + 1]! *= value;
        }
      }
    }
    shiftOrigin(half, [boxSize, boxSize, 1], "toCorner");
    return ifft2Real(half, boxSize, boxSize, this.image);
  }
}

/** Mean variance of noise-free images, estimated from particles spread evenly over the set. */
export async function meanVariance(
  states: SimulatedStates,
  particles: readonly SimulatedParticle[],
  images: ImageMaker,
  signal: AbortSignal | undefined,
): Promise<number> {
  const count = Math.min(varianceSample, particles.length);
  const sample = Array.from({ length: count }, (_, i) => Math.floor((i * particles.length) / count));
  const open = keptOpen(states);
  let total = 0;
  for (const i of states.costly ? byState(sample, particles) : sample) {
    throwIfStopped(signal);
    const particle = particles[i]!;
    const image = images.make(await open(particle.state), particle);
    let sum = 0;
    let square = 0;
    for (const v of image) {
      sum += v;
      square += v * v;
    }
    total += (square - (sum * sum) / image.length) / image.length;
  }
  return total / count;
}

/** The indices of particles with those of one state together. */
export const byState = (indices: readonly number[], particles: readonly SimulatedParticle[]): number[] =>
  [...indices].sort((a, b) => particles[a]!.state - particles[b]!.state || a - b);

/** The noise of one image after the other. */
export class NoiseMaker {
  private readonly image: Float64Array;
  private readonly half: Float64Array;
  /** Factors of the samples of a half transform; undefined for white noise. */
  private readonly filter: Float64Array | undefined;

  /** @param coloured whether the spectrum falls, 1 / (1 + (20 Å · s)²), instead of being white */
  constructor(
    private readonly random: Random,
    private readonly boxSize: number,
    apix: number,
    coloured: boolean,
  ) {
    this.image = new Float64Array(boxSize * boxSize);
    this.half = new Float64Array(2 * halfWidth(boxSize) * boxSize);
    this.filter = coloured ? noiseFilter(boxSize, apix) : undefined;
  }

  /** The noise of an image, [S · S], of variance 1 over all pixels; valid until the next call. */
  make(): Float64Array {
    const { image, half, filter, boxSize } = this;
    for (let p = 0; p < image.length; p++) image[p] = this.random.normal();
    if (!filter) return image;
    fft2Real(image, boxSize, boxSize, half);
    for (let i = 0; i < filter.length; i++) {
      half[2 * i]! *= filter[i]!;
      half[2 * i + 1]! *= filter[i]!;
    }
    return ifft2Real(half, boxSize, boxSize, image);
  }
}

/** Square root of the power spectrum of coloured noise, whose mean over the whole plane is 1. */
function noiseFilter(boxSize: number, apix: number): Float64Array {
  const width = halfWidth(boxSize);
  const power = new Float64Array(width * boxSize);
  let sum = 0;
  for (let y = 0, i = 0; y < boxSize; y++) {
    for (let kx = 0; kx < width; kx++, i++) {
      const s = Math.hypot(kx, frequency(y, boxSize)) / (boxSize * apix);
      power[i] = 1 / (1 + (noiseLength * s) ** 2);
      sum += (kx === 0 || 2 * kx === boxSize ? 1 : 2) * power[i]!;
    }
  }
  return power.map((p) => Math.sqrt((p * boxSize * boxSize) / sum));
}

/**
 * A circle around the centre of an image, pixel ⌊S/2⌋, that falls from 1 to 0 by a cosine over five pixels.
 * @param diameter in pixels, to where the mask begins to fall
 */
export function circularMask(boxSize: number, diameter: number): Float64Array {
  const centre = Math.floor(boxSize / 2);
  const mask = new Float64Array(boxSize * boxSize);
  for (let y = 0, i = 0; y < boxSize; y++) {
    for (let x = 0; x < boxSize; x++, i++) {
      const outside = (Math.hypot(x - centre, y - centre) - diameter / 2) / maskEdge;
      mask[i] = outside <= 0 ? 1 : outside >= 1 ? 0 : (1 + Math.cos(Math.PI * outside)) / 2;
    }
  }
  return mask;
}
