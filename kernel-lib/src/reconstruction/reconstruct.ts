import { InputError, throwIfStopped } from "../errors";
import { fft2Real, halfWidth } from "../fourier/fft";
import { applyMask, sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import { alternateHalves, undividedHalves } from "../particles/halves";
import {
  ImageScreen,
  type ImageStatistics,
  imageStatistics,
  type LeftOutImage,
} from "../particles/images/imageOutliers";
import { beginTask, type TaskOptions } from "../progress";
import { Backprojector } from "./backprojector";
import { type FscCurve, fourierShellCorrelation } from "./fsc";

/** What the images of a group of particles have in common. */
export interface ImageGroup {
  /** Edge of an image in pixels. */
  readonly boxSize: number;
  /** Å per pixel. */
  readonly apix: number;
  /** Images were multiplied by the sign of their CTF, or by the CTF itself. */
  readonly phaseFlipped: boolean;
  readonly ctfPremultiplied: boolean;
}

/** What a reconstruction has to know of a set of particles; a `ParticleSet` is one. */
export interface ImageSource {
  /** Number of particles. */
  readonly count: number;
  /** Edge in pixels, and Å per pixel, of the box that sets the size of the map. */
  readonly boxSize: number;
  readonly apix: number;
  /** Half set (1 or 2) of every particle, where the source has them. */
  readonly randomSubset?: Uint8Array | undefined;
  /** A number for the image of every particle, where several show the same image. */
  readonly images?: ArrayLike<number> | undefined;
  /** The group of particle i: the same object for all of a group. */
  opticsGroup(index: number): ImageGroup;
  /** Reference → image of every particle, [count · 9], row-major. */
  rotations(): Float32Array;
  /** Where the particle's centre lies in its image, from pixel ⌊S/2⌋, in Å, [count · 2]. */
  shifts(): Float32Array;
  /** What particle i was multiplied by when it was recorded; undefined for none. */
  ctf(index: number): Ctf | undefined;
  /** The images of some particles of one group in its own pixels, [indices.length · S · S] with S its box. */
  readGroupImages(indices: ArrayLike<number>): Promise<Float32Array>;
}

export interface ReconstructOptions extends TaskOptions {
  /** The particles to use, by their index from 0; all of them by default. */
  indices?: ArrayLike<number>;
  /**
   * Edge of the map in voxels, at most that of the images: the map has the same edges in Å, in coarser voxels, and
   * ends at a lower resolution. Default: that of the images.
   */
  boxSize?: number;
  /**
   * Which half map a particle belongs to: `alternate` takes the first, third, … of those used for half 1;
   * an array has 1 or 2 for every particle of the source; `none` makes no half maps. Particles that show the same image are kept
   * in one half. Default: the source's `randomSubset` where it has one, else `alternate`.
   */
  halves?: "alternate" | "none" | Uint8Array;
  /**
   * Diameter in Å of the sphere outside which maps fall to their mean out there, over three voxels. Default: the edge of the box, since
   * images see no more than that from all sides: the corners hold half of the box's noise and nothing of the particle.
   */
  maskDiameter?: number;
  /**
   * Uses images, too, that are unlike the others of their group: constant ones, ones whose standard deviation is ten times the
   * median of a sample or a tenth of it, ones with a pixel a hundred such deviations from the mean. Default: they are left out
   * and named in the result, since one of them can outweigh all others.
   */
  keepOutliers?: boolean;
}

export interface Reconstruction {
  /** From all particles that were used. */
  map: Volume;
  /** Of one half of them each; missing where `halves` was `none` or left one half without particles. */
  half1?: Volume;
  half2?: Volume;
  /** Between the half maps. */
  fsc?: FscCurve;
  /** Images that were not used, since they are unlike the others. */
  leftOut: LeftOutImage[];
}

/**
 * Floats of one chunk of images, 4 MiB: two are held while the next is read. Between chunks the event loop runs, and an
 * abort is noticed.
 */
const CHUNK = 1 << 20;

/**
 * Reconstructs a map from particle images by direct Fourier inversion: every transform is weighted by its CTF, spread
 * over the nearest samples of a twice finer 3-D transform, and divided by the squared CTFs that were spread likewise,
 * kept above a thousandth of the mean of their shell. Both half maps and the whole come from one pass; images are read
 * in chunks, so that memory does not depend on their number.
 *
 * The map is on the scale of the images: its projections, sums over voxels, are what the particles show at the pixel
 * size of the source. Images of another pixel size count as finer or coarser samples of the same; a smaller `boxSize`
 * gives the same values in coarser voxels.
 *
 * @throws InputError for an empty selection, indices beyond the source, a box larger than the images, or images that are all
 *   constant
 */
export async function reconstruct(
  source: ImageSource,
  given: ReconstructOptions = {},
): Promise<Reconstruction> {
  const options = beginTask(given);
  const indices = checkedIndices(source, options.indices);
  const boxSize = checkedBoxSize(source, options.boxSize);
  const halfOf = halfChooser(source, indices, options.halves ?? source.randomSubset ?? "alternate");
  const edge = source.boxSize * source.apix;
  const apix = edge / boxSize;
  const make = () => new Backprojector(boxSize, apix);
  const sums = [make(), ...(halfOf ? [make()] : [])];
  const counts = [0, 0];

  const rotations = source.rotations();
  const shifts = source.shifts();
  const chunks = inChunks(source, indices);
  options.onProgress?.({ task: "reconstruct", done: 0, total: indices.length });
  const screens = options.keepOutliers ? undefined : await screensOf(source, indices, options.signal);
  const leftOut: LeftOutImage[] = [];
  let reading = source.readGroupImages(chunks[0]!.used);
  let done = 0;
  for (let c = 0; c < chunks.length; c++) {
    const { used, group } = chunks[c]!;
    const images = await reading;
    throwIfStopped(options.signal);
    if (c + 1 < chunks.length) {
      reading = source.readGroupImages(chunks[c + 1]!.used);
      // What fails while this chunk is at work is thrown when it is waited for; or never, where the work ends before.
      reading.catch(() => undefined);
    }
    const screen = screens?.get(group);
    const size = group.boxSize;
    const half = new Float32Array(2 * halfWidth(size) * size);
    const image = {
      half,
      size,
      edge: size * group.apix,
      gain: (group.apix ** 2 * source.apix) / apix ** 3,
    };
    const state = group.ctfPremultiplied ? "premultiplied" : group.phaseFlipped ? "phaseFlipped" : "raw";
    for (let n = 0; n < used.length; n++) {
      const statistics = imageStatistics(images, n * size * size, size * size);
      const reason = screen?.judge(statistics);
      if (reason !== undefined) {
        leftOut.push({ index: used[n]!, reason });
        continue;
      }
      const into = halfOf ? halfOf(used[n]!) : 0;
      const ctf = source.ctf(used[n]!);
      const values = images.subarray(n * size * size, (n + 1) * size * size);
      subtractFarMean(values, statistics);
      fft2Real(values, size, size, half);
      sums[into]!.add(image, rotations, shifts, used[n]!, ctf && new CtfEvaluator(ctf), state);
      counts[into]!++;
    }
    done += used.length;
    options.onProgress?.({ task: "reconstruct", done, total: indices.length });
  }

  if (leftOut.length === indices.length) {
    throw new InputError(
      "particles to reconstruct",
      "images that vary",
      `${leftOut.length} of one value each`,
    );
  }
  leftOut.sort((a, b) => a.index - b.index);
  const grid = { size: [boxSize, boxSize, boxSize] as [number, number, number], apix };
  const mask = sphericalMask(grid, { diameter: options.maskDiameter ?? edge, softEdge: 3 });
  const finish = (sum: Backprojector): Volume => applyMask(sum.map(), mask, { outside: "mean" });
  const [first, second] = sums;
  if (!second) return { map: finish(first!), leftOut };
  if (counts[0] === 0 || counts[1] === 0) return { map: finish(counts[0] === 0 ? second : first!), leftOut };
  const half1 = finish(first!);
  const half2 = finish(second);
  first!.merge(second);
  return { map: finish(first!), half1, half2, fsc: fourierShellCorrelation(half1, half2), leftOut };
}

/** Standard deviations from 0 beyond which a mean says nothing of the particle: images that were never normalised. */
const FAR_MEAN = 10;

/** A mean far from 0 takes the digits of a transform in single precision. */
function subtractFarMean(values: Float32Array, { mean, standardDeviation }: ImageStatistics): void {
  if (Math.abs(mean) <= FAR_MEAN * standardDeviation) return;
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}

/** Images of a group that are looked at to know how the others should be. */
const SAMPLE = 64;

/** What is usual in each group, from images that are spread evenly over it. */
async function screensOf(
  source: ImageSource,
  indices: Int32Array,
  signal: AbortSignal | undefined,
): Promise<Map<ImageGroup, ImageScreen>> {
  const members = new Map<ImageGroup, number[]>();
  for (const index of indices) {
    const group = source.opticsGroup(index);
    const those = members.get(group);
    if (those) those.push(index);
    else members.set(group, [index]);
  }
  const screens = new Map<ImageGroup, ImageScreen>();
  for (const [group, all] of members) {
    const count = Math.min(SAMPLE, all.length);
    const sample = Int32Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
    const pixels = group.boxSize ** 2;
    const each = Math.max(1, Math.floor(CHUNK / pixels));
    const statistics: ImageStatistics[] = [];
    for (let from = 0; from < count; from += each) {
      throwIfStopped(signal);
      const images = await source.readGroupImages(sample.subarray(from, from + each));
      for (let at = 0; at < images.length; at += pixels) statistics.push(imageStatistics(images, at, pixels));
    }
    screens.set(group, new ImageScreen(statistics));
  }
  return screens;
}

/** Particles of one group that are read together. */
interface Chunk {
  group: ImageGroup;
  used: number[];
}

function inChunks(source: ImageSource, indices: Int32Array): Chunk[] {
  const open = new Map<ImageGroup, Chunk>();
  const chunks: Chunk[] = [];
  indices.forEach((index) => {
    const group = source.opticsGroup(index);
    let chunk = open.get(group);
    if (!chunk || (chunk.used.length + 1) * group.boxSize ** 2 > CHUNK) {
      chunk = { group, used: [] };
      open.set(group, chunk);
      chunks.push(chunk);
    }
    chunk.used.push(index);
  });
  return chunks;
}

function checkedIndices(source: ImageSource, indices: ArrayLike<number> | undefined): Int32Array {
  const all = indices === undefined;
  const length = all ? source.count : indices.length;
  if (length === 0) throw new InputError("particles to reconstruct", "at least one", "none");
  if (all) return Int32Array.from({ length }, (_, i) => i);
  for (let n = 0; n < length; n++) {
    const i = indices[n]!;
    if (!Number.isInteger(i) || i < 0 || i >= source.count) {
      throw new InputError(
        `particles to reconstruct: entry ${n + 1}`,
        `an index from 0 to ${source.count - 1}`,
        `${i}`,
      );
    }
  }
  return Int32Array.from(indices);
}

function checkedBoxSize(source: ImageSource, boxSize = source.boxSize): number {
  if (!Number.isInteger(boxSize) || boxSize < 4 || boxSize > source.boxSize) {
    throw new InputError("boxSize", `an integer from 4 to ${source.boxSize}`, `${boxSize}`);
  }
  return boxSize;
}

/** Which half (0 or 1) a particle goes to. */
function halfChooser(
  source: ImageSource,
  indices: Int32Array,
  halves: "alternate" | "none" | Uint8Array,
): ((index: number) => number) | undefined {
  if (halves === "none") return undefined;
  const { count, images } = source;
  if (halves === "alternate") {
    const alternate = alternateHalves(indices, count, images);
    return (index) => alternate[index]! - 1;
  }
  if (halves.length !== count) {
    throw new InputError("halves", `one number for each of ${count} particles`, `${halves.length}`);
  }
  const wrong = indices.find((i) => halves[i] !== 1 && halves[i] !== 2);
  if (wrong !== undefined) throw new InputError(`halves: particle ${wrong}`, "1 or 2", `${halves[wrong]}`);
  const given = undividedHalves(halves, images).halves;
  return (index) => given[index]! - 1;
}
