import { throwIfStopped } from "../errors";
import { fft2Real, halfWidth } from "../fourier/fft";
import { CtfEvaluator } from "../optics/ctf";
import { alternateHalves } from "../particles/halves";
import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { type ImageSource, imageChunks } from "./imageSource";

/** Particles whose images have the contrast of the others with the opposite sign. */
export interface InvertedImages {
  /** Indices of the particles that were looked at, a sample of all. */
  looked: number[];
  /** Indices of those which agree with the others only with the opposite sign. */
  inverted: number[];
}

/** Most particles that are looked at. */
const sampleSize = 300;
/** Rings that are compared, and the pixels of images for it. */
const mostRings = 12;
const smallSize = 32;
/** Grid points per Fourier pixel of the map. */
const oversampling = 1;
/** Rounds in which signs and maps are found. */
const rounds = 12;
/** Standard deviations of noise below 0 of what is called inverted, and the part of the usual agreement. */
const leastDeviations = 3;
const leastOfUsual = 0.5;
/** Fewest of them, as a fraction of those looked at, and as a number, for which something is said. */
const leastFraction = 0.02;
const leastNumber = 5;

/**
 * Finds images with inverted contrast: in a sample of the particles signs and a coarse map are found in turn, in each half alone, and every
 * image is compared with the map of the other half, in units of the standard deviation of its noise. Half of all may be inverted, so that they
 * cancel in a map. What agrees with neither sign is not called inverted.
 * @returns undefined if few or none are, or images are too noisy to tell
 */
export async function invertedImages(
  source: ImageSource,
  indices: Int32Array,
  task: Pick<TaskOptions, "signal"> = {},
): Promise<InvertedImages | undefined> {
  // Drawn at random: whole series of every second or third particle may be inverted.
  const drawn = new Random(1).permutation(indices.length).subarray(0, sampleSize);
  const looked = drawn.map((at) => indices[at]!).sort();
  const images = await coarseImages(source, looked, task);
  if (images.length < 4 * leastNumber) return undefined;
  const halves = alternateHalves(looked, source.count, source.images);
  const members = [1, 2].map((half) => images.filter(({ index }) => halves[index] === half));
  if (members.some((half) => half.length < 2 * leastNumber)) return undefined;
  const maps = members.map((half) => new CoarseMap(half));
  const [first, second] = maps as [CoarseMap, CoarseMap];
  // The sign of each half was free.
  const sign = first.product(second) < 0 ? -1 : 1;
  const agreements = [
    ...members[0]!.map((image) => ({ image, value: second.agreement(image) })),
    ...members[1]!.map((image) => ({ image, value: sign * first.agreement(image) })),
  ];
  // The sign of the majority.
  const most = agreements.reduce((sum, { value }) => sum + Math.sign(value), 0) < 0 ? -1 : 1;
  const sorted = agreements.map(({ value }) => Math.abs(value)).sort((a, b) => a - b);
  const usual = sorted[sorted.length >> 1]!;
  const limit = -Math.max(leastDeviations, leastOfUsual * usual);
  const inverted = agreements.filter(({ value }) => most * value < limit).map(({ image }) => image.index);
  if (inverted.length < Math.max(leastNumber, leastFraction * agreements.length)) return undefined;
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  return { looked: ascending(images.map(({ index }) => index)), inverted: ascending(inverted) };
}

/** The samples of an image in the innermost rings. */
interface CoarseImage {
  index: number;
  /** Grid point of each sample, −1 − point for the conjugate of the value there. */
  points: Int32Array;
  re: Float32Array;
  im: Float32Array;
  /** CTF. */
  ctf: Float32Array;
  ring: Uint8Array;
}

/** Samples of images, divided by the mean amplitude of their ring. */
async function coarseImages(
  source: ImageSource,
  sample: Int32Array,
  { signal }: Pick<TaskOptions, "signal">,
): Promise<CoarseImage[]> {
  const [rotations, shifts] = [source.rotations(), source.shifts()];
  const images: CoarseImage[] = [];
  for (const { group, indices } of imageChunks(source, sample)) {
    throwIfStopped(signal);
    const pixels = await source.readGroupImages(indices);
    const { boxSize, apix } = group;
    const bin = Math.max(1, Math.floor(boxSize / smallSize));
    const size = Math.floor(boxSize / bin);
    const rings = Math.min(mostRings, Math.ceil(size / 2) - 1);
    const half = new Float32Array(2 * halfWidth(size) * size);
    const small = new Float32Array(size * size);
    for (const [n, index] of indices.entries()) {
      binned(pixels.subarray(n * boxSize ** 2, (n + 1) * boxSize ** 2), { boxSize, bin, size }, small);
      fft2Real(small, size, size, half);
      const ctf = source.ctf(index);
      const evaluator = ctf && new CtfEvaluator(ctf);
      const boxLength = size * bin * apix;
      // The middle of a binned pixel is between those of its own.
      const centre = [0, 1].map(
        (axis) => (Math.floor(boxSize / 2) + shifts[2 * index + axis]! / apix - (bin - 1) / 2) / (bin * size),
      ) as [number, number];
      const own: CoarseImage = { index, ...emptySamples(rings) };
      const rotation = rotations.subarray(9 * index, 9 * index + 9);
      let to = 0;
      visitRings(rings, (kx, ky, ring) => {
        const at = 2 * (kx + halfWidth(size) * (ky < 0 ? ky + size : ky));
        const angle = 2 * Math.PI * (kx * centre[0] + ky * centre[1]);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        let value = evaluator ? evaluator.at(kx / boxLength, ky / boxLength) : 1;
        // What multiplies the image: the CTF, its magnitude, or its square.
        if (group.ctfPremultiplied) value *= value;
        else if (group.phaseFlipped) value = Math.abs(value);
        own.re[to] = half[at]! * c - half[at + 1]! * s;
        own.im[to] = half[at]! * s + half[at + 1]! * c;
        own.ctf[to] = value;
        own.ring[to] = ring;
        own.points[to] = gridPoint(rotation, kx, ky);
        to++;
      });
      if (own.re.some((x) => x !== 0)) images.push(own);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  whiten(images);
  return images;
}

function emptySamples(rings: number): Omit<CoarseImage, "index"> {
  let count = 0;
  visitRings(rings, () => count++);
  return {
    points: new Int32Array(count),
    re: new Float32Array(count),
    im: new Float32Array(count),
    ctf: new Float32Array(count),
    ring: new Uint8Array(count),
  };
}

/** The independent samples of rings 1 … K. */
function visitRings(rings: number, use: (kx: number, ky: number, ring: number) => void): void {
  for (let kx = 0; kx <= rings; kx++)
    for (let ky = kx === 0 ? 1 : -rings; ky <= rings; ky++) {
      const ring = Math.round(Math.hypot(kx, ky));
      if (ring >= 1 && ring <= rings) use(kx, ky, ring);
    }
}

const side = 2 * oversampling * mostRings + 3;
const origin = (side - 1) / 2;

/** The nearest point of the grid, or of its mirror image. */
function gridPoint(rotation: ArrayLike<number>, kx: number, ky: number): number {
  const q = [0, 1, 2].map((i) => Math.round(oversampling * (kx * rotation[i]! + ky * rotation[3 + i]!))) as [
    number,
    number,
    number,
  ];
  const mate = q[2] < 0 || (q[2] === 0 && (q[1] < 0 || (q[1] === 0 && q[0] < 0)));
  const [x, y, z] = mate ? q.map((v) => -v) : q;
  const point = x! + origin + side * (y! + origin + side * (z! + origin));
  return mate ? -1 - point : point;
}

function binned(
  image: Float32Array,
  { boxSize, bin, size }: { boxSize: number; bin: number; size: number },
  small: Float32Array,
): void {
  small.fill(0);
  for (let y = 0; y < size * bin; y++) {
    const to = size * Math.floor(y / bin);
    for (let x = 0; x < size * bin; x++) small[to + Math.floor(x / bin)]! += image[y * boxSize + x]!;
  }
}

/** Divides samples by the root of the mean power of their ring, each image by its own: scales differ. */
function whiten(images: readonly CoarseImage[]): void {
  for (const { re, im, ring } of images) {
    const [power, count] = [new Float64Array(mostRings + 1), new Float64Array(mostRings + 1)];
    for (let n = 0; n < re.length; n++) {
      power[ring[n]!]! += re[n]! ** 2 + im[n]! ** 2;
      count[ring[n]!]!++;
    }
    for (let n = 0; n < re.length; n++) {
      const scale = power[ring[n]!]! > 0 ? Math.sqrt(count[ring[n]!]! / power[ring[n]!]!) : 0;
      re[n]! *= scale;
      im[n]! *= scale;
    }
  }
}

/** A coarse map of images whose signs are found with it. */
class CoarseMap {
  private readonly sums = new Float64Array(3 * side ** 3);
  private readonly signs: Float64Array;

  constructor(images: readonly CoarseImage[]) {
    // From all alike; if that is nothing, from signs at random: what prevails by chance grows.
    const starts = [new Float64Array(images.length).fill(1), randomSigns(images.length)];
    const found = starts.map((signs) => ({ signs, gain: this.settle(images, signs) }));
    const best = found[1]!.gain > gainOfRandom * found[0]!.gain ? found[1]! : found[0]!;
    this.signs = best.signs;
    this.fill(images, this.signs);
  }

  /** Finds signs in rounds. @returns the mean agreement of images with the map of the others */
  private settle(images: readonly CoarseImage[], signs: Float64Array): number {
    let mean = 0;
    for (let round = 0; round < rounds; round++) {
      this.fill(images, signs);
      mean = 0;
      let changed = false;
      for (const [n, image] of images.entries()) {
        const value = this.agreement(image, signs[n]!);
        mean += Math.abs(value) / images.length;
        const sign = value < 0 ? -1 : 1;
        changed ||= sign !== signs[n];
        signs[n] = sign;
      }
      if (!changed) break;
    }
    return mean;
  }

  private fill(images: readonly CoarseImage[], signs: Float64Array): void {
    const { sums } = this;
    sums.fill(0);
    for (const [i, { points, re, im, ctf }] of images.entries()) {
      for (let n = 0; n < points.length; n++) {
        const mate = points[n]! < 0 ? -1 : 1;
        const at = 3 * (mate < 0 ? -1 - points[n]! : points[n]!);
        sums[at]! += signs[i]! * ctf[n]! * re[n]!;
        sums[at + 1]! += mate * signs[i]! * ctf[n]! * im[n]!;
        sums[at + 2]! += ctf[n]! ** 2;
      }
    }
  }

  /**
   * Inner product of an image and the map, in standard deviations of noise.
   * @param own its sign in the map, which is taken out of it. Default: it is not in the map
   */
  agreement({ points, re, im, ctf }: CoarseImage, own = 0): number {
    const { sums } = this;
    let [product, square] = [0, 0];
    for (let n = 0; n < points.length; n++) {
      const mate = points[n]! < 0 ? -1 : 1;
      const at = 3 * (mate < 0 ? -1 - points[n]! : points[n]!);
      const c = ctf[n]!;
      const weight = sums[at + 2]! - (own === 0 ? 0 : c * c);
      if (weight < leastWeight) continue;
      const x = (c * (sums[at]! - own * c * re[n]!)) / weight;
      const y = (c * (mate * sums[at + 1]! - own * c * im[n]!)) / weight;
      product += x * re[n]! + y * im[n]!;
      square += x * x + y * y;
    }
    // Half of the power of noise is in either component.
    return square > 0 ? product / Math.sqrt(square / 2) : 0;
  }

  product(other: CoarseMap): number {
    let sum = 0;
    for (let at = 0; at < this.sums.length; at += 3)
      sum += this.sums[at]! * other.sums[at]! + this.sums[at + 1]! * other.sums[at + 1]!;
    return sum;
  }
}

/** Squared CTFs that a grid point must have. */
const leastWeight = 0.05;
/** Signs from a random start must agree so much better. */
const gainOfRandom = 1.1;

function randomSigns(count: number): Float64Array {
  const random = new Random(1);
  return Float64Array.from({ length: count }, () => (random.uniform() < 0.5 ? -1 : 1));
}
