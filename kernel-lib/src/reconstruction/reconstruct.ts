import { rmdir } from "node:fs/promises";
import { InputError } from "../errors";
import type { Volume } from "../maps/volume";
import { pointGroup } from "../optics/symmetry";
import { alternateHalves, undividedHalves } from "../particles/halves";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { requireSingleImages } from "../particles/singleImages";
import { beginTask, type TaskOptions } from "../progress";
import { packageVersion } from "../version";
import { backproject, sourceHash } from "./backproject";
import { finishMaps } from "./finishMaps";
import type { FscCurve } from "./fsc";
import { checkHelix, type Helix, helicalSource } from "./helicalSource";
import type { ImagePass } from "./imagePass";
import type { ImageSource } from "./imageSource";
import { type InvertedImages, invertedImages } from "./invertedImages";
import { checkPart, type Part, removeSums } from "./keptSums";
import type { ThreadedSums } from "./threadedSums";

/** Options of {@link reconstruct}. */
export interface ReconstructOptions extends TaskOptions {
  /** Indices, from 0, of the particles to use. Default: all. */
  indices?: ArrayLike<number>;
  /**
   * Box size of the map in voxels, at most that of the images. The box length stays, so that a smaller number gives
   * coarser voxels and a lower resolution. Default: that of the images.
   */
  boxSize?: number;
  /**
   * Assignment of particles to half maps: `alternate` puts the first, third, … of the particles used into half 1;
   * an array has 1 or 2 for every particle of the source; `none` makes no half maps. Particles with the same image are
   * kept in one half. Default: the source's `randomSubset` if it has one, else `alternate`.
   */
  halves?: "alternate" | "none" | Uint8Array;
  /**
   * Diameter in Å of the sphere outside which maps fall to their mean there, over three voxels. Default: the box length,
   * since images show no more than that from all sides, and the corners are half of the box's noise.
   */
  maskDiameter?: number;
  /**
   * Whether to use outlier images, too: constant ones, ones whose standard deviation differs tenfold from the median
   * of a sample of their group, and ones with a pixel a hundred such deviations from the mean. One of them can outweigh
   * all others. Default false: they are left out and listed in the result.
   */
  keepOutliers?: boolean;
  /**
   * Point group of the molecule, in RELION's notation and orientation: every image is used in all equivalent orientations, in time
   * proportional to their number. Not for the symmetry copies of a set that was opened with a symmetry. Default: none.
   */
  symmetry?: string | undefined;
  /** Helical symmetry about the z axis, as `relion_reconstruct --nr_helical_asu`: every image is used once for each unit. Default: none. */
  helix?: Helix | undefined;
  /** Worker threads; the result does not depend on their number. Default: one per core. */
  threads?: number | undefined;
}

/** The result of {@link reconstruct}. */
export interface Reconstruction {
  /** From all particles that were used. */
  map: Volume;
  /** From the first half of them; missing where `halves` was `none` or one half is empty. */
  half1?: Volume;
  /** From the second half of them. */
  half2?: Volume;
  /** Between the half maps. */
  fsc?: FscCurve;
  /** Outlier images that were not used; of tilt series each with the index of its particle. */
  leftOut: LeftOutImage[];
  /** Particles of a sample that agree with the others only with inverted contrast, if there are such. */
  inverted?: InvertedImages;
}

/**
 * Reconstructs a map from particle images by direct Fourier inversion: every transform is weighted by its CTF,
 * distributed over the nearest samples of a twofold oversampled 3-D transform, and divided by the squared CTFs
 * distributed likewise, kept above a thousandth of the mean of their shell. Both half maps and the whole come from one
 * pass, on all cores; of tilt series, a particle stands for all of its tilts; images are read in chunks, so that memory does not depend on their number. It is about 130 · S³ bytes for S
 * voxels along an edge. Beam tilt, Zernike polynomials and anisotropic magnification of optics groups are corrected.
 *
 * The map is on the scale of the images: its projections, sums over voxels, are what the particles show at the pixel
 * size of the source. Images of another pixel size count as finer or coarser samples; a smaller `boxSize` gives the
 * same densities in coarser voxels.
 *
 * @throws InputError for an empty selection, indices beyond the source, a box larger than the images, an unknown symmetry, or
 *   constant images only, and
 *   for tilt series with a helix
 * @throws StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const { map, fsc } = await e2.reconstruct(particles, { indices: [0, 1, 2, 3, 4, 5, 6, 7] });
 * await particles.close();
 * ```
 */
export function reconstruct(source: ImageSource, options: ReconstructOptions = {}): Promise<Reconstruction> {
  return reconstructKept(source, options);
}

/**
 * As {@link reconstruct}, with the sums of parts that {@link reconstructPart} has left.
 * @param folder of the sums. Default: none @internal
 */
export async function reconstructKept(
  source: ImageSource,
  options: ReconstructOptions,
  folder?: string,
): Promise<Reconstruction> {
  const task = beginTask(options);
  const plan = planOf(source, task);
  const { indices, halfOf, units } = plan;
  const pass = await openPass(source, task, plan, folder === undefined ? undefined : { folder });
  const { sums, counts } = pass;
  const leftOut = pass.leftOut
    .filter(({ index }) => index % units === 0)
    .map((one) => ({ ...one, index: one.index / units }));
  try {
    if (counts.every((count) => count === 0)) {
      const found = `${leftOut.length} constant ones`;
      throw new InputError("particles to reconstruct", "images that vary", found);
    }
    const diameter = task.maskDiameter ?? source.boxSize * source.apix;
    const maps = await mapsOf(sums, halfOf ? [0, 1] : [0], counts, diameter);
    const left = unusedParticles(source, leftOut);
    const used = indices.filter((index) => !left.has(index));
    const inverted = await invertedImages(source, used, task);
    return { ...maps, leftOut, ...(inverted && { inverted }) };
  } finally {
    await pass.close();
  }
}

/**
 * Adds only one of several parts of the images, and keeps their sums in a folder for {@link reconstructKept}.
 * @throws InputError as {@link reconstruct}; StoppedError @internal
 */
export async function reconstructPart(
  source: ImageSource,
  options: ReconstructOptions,
  kept: { folder: string; part: Part },
): Promise<void> {
  checkPart(kept.part);
  const task = beginTask(options);
  await (await openPass(source, task, planOf(source, task), kept)).close();
}

/** Removes the sums of all parts, and their folder if nothing else is in it. @internal */
export async function removeParts(folder: string): Promise<void> {
  await removeSums(folder, sumsName);
  await rmdir(folder).catch(() => undefined);
}

/** Name of the kept sums. */
const sumsName = "map";

/** Which images go where. */
interface Plan {
  indices: Int32Array;
  boxSize: number;
  /** Half of a particle, 0 or 1; undefined for no half maps. */
  halfOf: ((index: number) => number) | undefined;
  /** Helical units that each image is used for. */
  units: number;
}

function planOf(source: ImageSource, task: ReconstructOptions): Plan {
  if (task.helix) {
    checkHelix(task.helix, source.boxSize * source.apix);
    requireSingleImages(source, "helical symmetry; reconstruct tilt series without");
  }
  const indices = checkIndices(source, task.indices);
  return {
    indices,
    boxSize: checkBoxSize(source, task.boxSize),
    halfOf: halfChooser(source, indices, task.halves ?? source.randomSubset ?? "alternate"),
    units: task.helix?.units ?? 1,
  };
}

/** One pass over the images, the sums of which may be kept in a folder. */
async function openPass(
  source: ImageSource,
  task: ReconstructOptions,
  plan: Plan,
  kept: { folder: string; part?: Part } | undefined,
): Promise<ImagePass> {
  const { indices, boxSize, halfOf, units } = plan;
  const group = task.symmetry === undefined ? undefined : pointGroup(task.symmetry);
  const halfShares = [0, 1].map((sum) => [{ sum, weight: 1 }]);
  return backproject(task.helix ? helicalSource(source, task.helix) : source, {
    ...task,
    name: "reconstruct",
    indices: Int32Array.from(
      { length: units * indices.length },
      (_, n) => units * indices[Math.floor(n / units)]! + (n % units),
    ),
    boxSize,
    group,
    sums: halfOf ? 2 : 1,
    sharesOf: (index) => halfShares[halfOf ? halfOf(Math.floor(index / units)) : 0]!,
    ...(kept && { keep: { ...kept, name: sumsName, key: await keyOf(source, task, plan) } }),
  });
}

/** Differs for other sums. */
async function keyOf(
  source: ImageSource,
  { symmetry, helix, keepOutliers }: ReconstructOptions,
  { indices, boxSize, halfOf }: Plan,
): Promise<string> {
  const halves = halfOf && Array.from(indices, (index) => halfOf(index)).join("");
  return (await sourceHash(source))
    .update(JSON.stringify({ packageVersion, boxSize, symmetry, helix, keepOutliers, halves }))
    .update(indices.join())
    .digest("hex");
}

/** The particles of which no image was used. @param leftOut images that were not used */
export function unusedParticles(source: ImageSource, leftOut: readonly LeftOutImage[]): Set<number> {
  const left = new Map<number, number>();
  for (const { index } of leftOut) left.set(index, (left.get(index) ?? 0) + 1);
  // Of tilt series, those of which fewer are left out than there are.
  const images = source.tilts?.();
  for (const particle of (images !== source && images?.particleOf) || []) {
    const others = left.get(particle);
    if (others === 0) left.delete(particle);
    else if (others !== undefined) left.set(particle, others - 1);
  }
  return new Set(left.keys());
}

/**
 * The masked maps of one or two sums; half maps only if both have particles.
 * @param counts images in each sum
 * @param diameter of the mask in Å
 */
export async function mapsOf(
  sums: ThreadedSums,
  [first, second]: readonly [number, number?],
  counts: Float64Array,
  diameter: number,
): Promise<Omit<Reconstruction, "leftOut" | "inverted">> {
  const map = await sums.map(second === undefined ? [first] : [first, second]);
  if (second === undefined || counts[first] === 0 || counts[second] === 0) {
    await finishMaps({ maps: [map], diameter });
    return { map: unshared(map) };
  }
  const [half1, half2] = [await sums.map([first]), await sums.map([second])];
  const fsc = (await finishMaps({ maps: [map, half1, half2], diameter }))!;
  return { map: unshared(map), half1: unshared(half1), half2: unshared(half2), fsc };
}

/** A map whose data are not in shared memory, which not every function takes. */
const unshared = (map: Volume): Volume => ({ ...map, data: map.data.slice() });

/** The indices of particles to use, or all. @throws InputError for none, and for indices beyond the source */
export function checkIndices(source: ImageSource, indices: ArrayLike<number> | undefined): Int32Array {
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

/** @throws InputError for a box larger than the images */
export function checkBoxSize(source: ImageSource, boxSize = source.boxSize): number {
  if (!Number.isInteger(boxSize) || boxSize < 4 || boxSize > source.boxSize) {
    throw new InputError("boxSize", `an integer from 4 to ${source.boxSize}`, `${boxSize}`);
  }
  return boxSize;
}

/**
 * A function from a particle's index to its half, 0 or 1; undefined for no half maps.
 * @throws InputError for halves that are not 1 or 2, or not one for each particle
 */
export function halfChooser(
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
  const undivided = undividedHalves(halves, images).halves;
  return (index) => undivided[index]! - 1;
}
