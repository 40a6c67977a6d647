import { InputError } from "../errors";
import { meanPlusDeviations } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { Random } from "../random";
import { emptyModel, type GaussianModel, pickGaussians, Row, type Vector3 } from "./gaussianModel";
import type { ShellTarget } from "./shellTarget";

/** Whether a Gaussian may have its centre at a position in box units. */
export type Inside = (x: number, y: number, z: number) => boolean;

/** The density of a low-passed map above mean + one standard deviation, 0 elsewhere. */
function molecularDensity(density: Float32Array): Float32Array {
  const threshold = meanPlusDeviations(density, 1);
  return density.map((v) => Math.max(0, v - threshold));
}

/** The approximate number of voxels of the molecule, from a low-passed map; it sets the distance between Gaussians. */
export function molecularVoxels(density: Float32Array): number {
  return molecularDensity(density).reduce((voxels, v) => voxels + (v > 0 ? 1 : 0), 0);
}

/**
 * Places the first Gaussians: drawn from a low-passed map in proportion to the density of the molecule, but kept apart
 * from each other, since two at the same position stay alike.
 *
 * @param map a low-passed cubic map, whose box and voxels become those of the model
 * @throws InputError when there is no density of the molecule inside the mask
 */
export function seedModel(map: Volume, count: number, random: Random, inside: Inside): GaussianModel {
  const n = map.size[0];
  const { cumulative, voxels } = cumulativeDensity(map, inside);
  const total = cumulative.at(-1)!;
  if (!(total > 0)) throw new InputError("map", "density above the background inside the mask", "none");
  const spacing = Math.cbrt(voxels / count) / n;
  const model = emptyModel(count, n, map.apix);
  const { params } = model;
  let apart = spacing;
  for (let i = 0; i < count; ) {
    const voxel = firstAbove(cumulative, random.uniform() * total);
    const centre = [voxel % n, Math.floor(voxel / n) % n, Math.floor(voxel / (n * n))].map(
      (index) => (index - Math.floor(n / 2) + random.uniform() - 0.5) / n,
    ) as Vector3;
    // Each rejection shortens the distance a little, so that the loop always ends.
    if (!inside(...centre) || nearest(params, count, i, centre) < apart) {
      apart *= 0.998;
      continue;
    }
    for (let axis = 0; axis < 3; axis++) params[axis * count + i] = centre[axis]!;
    params[Row.sigma * count + i] = 0.6 * spacing * n;
    params[Row.amplitude * count + i] = 1;
    i++;
  }
  return model;
}

/** Cumulative sum of the molecule's density over the voxels inside the mask, and their number. */
function cumulativeDensity(map: Volume, inside: Inside): { cumulative: Float64Array; voxels: number } {
  const n = map.size[0];
  const origin = Math.floor(n / 2);
  const weight = molecularDensity(map.data);
  const cumulative = new Float64Array(weight.length);
  let total = 0;
  let voxels = 0;
  for (let i = 0; i < weight.length; i++) {
    const x = i % n;
    const y = Math.floor(i / n) % n;
    const z = Math.floor(i / (n * n));
    if (weight[i]! > 0 && inside((x - origin) / n, (y - origin) / n, (z - origin) / n)) {
      total += weight[i]!;
      voxels++;
    }
    cumulative[i] = total;
  }
  return { cumulative, voxels };
}

/** What {@link addGaussians} needs to place Gaussians. */
export interface Placement {
  /** The shells of the map. */
  target: ShellTarget;
  /** Weight of each shell, [rings + 1]. */
  weights: Float64Array;
  /** Draws the candidates. */
  random: Random;
  /** Where centres may be. */
  inside: Inside;
}

/** A possible new Gaussian. */
interface Candidate {
  parent: number;
  centre: Vector3;
  /** Density that the map has there and the model has not. */
  excess: number;
}

/**
 * Brings the number of Gaussians to `count`: each new one is placed next to an existing one, where the map exceeds the
 * model most, and takes part of its amplitude. Gaussians that have nearly vanished are moved there as well.
 */
export function addGaussians(model: GaussianModel, count: number, placement: Placement): GaussianModel {
  const alive = livingGaussians(model);
  const missing = count - alive.length;
  if (missing <= 0) return model;
  const candidates = findCandidates(model, alive, missing, placement);
  const grown = emptyModel(alive.length + missing, model.boxSize, model.apix);
  alive.forEach((from, to) => {
    for (let row = 0; row < 5; row++) {
      grown.params[row * grown.count + to] = model.params[row * model.count + from]!;
    }
  });
  const place = new Map(alive.map((from, to) => [from, to]));
  let added = alive.length;
  const sigmas = grown.params.subarray(4 * grown.count, 4 * grown.count + alive.length);
  // A second pass fills up without a minimum distance where too few candidates were far enough from the others.
  for (const apart of [(0.3 * medianOf(sigmas)) / model.boxSize, 0]) {
    for (const { parent, centre } of candidates) {
      if (added === grown.count) break;
      if (nearest(grown.params, grown.count, added, centre) <= apart) continue;
      splitGaussian(grown, place.get(parent)!, added, centre);
      added++;
    }
  }
  const indices = Int32Array.from({ length: added }, (_, i) => i);
  return added === grown.count ? grown : pickGaussians(grown, indices);
}

/** Candidates around the living Gaussians, those where the map exceeds the model most first. */
function findCandidates(
  model: GaussianModel,
  alive: readonly number[],
  missing: number,
  { target, weights, random, inside }: Placement,
): Candidate[] {
  const { params, count, boxSize } = model;
  const residual = target.residual(params, count, weights);
  const candidates: Candidate[] = [];
  const perParent = 4 * Math.max(1, Math.ceil(missing / alive.length));
  for (const parent of alive) {
    for (let k = 0; k < perParent; k++) {
      const distance = (1.5 * params[Row.sigma * count + parent]!) / boxSize;
      const centre = [0, 1, 2].map(
        (axis) => params[axis * count + parent]! + distance * random.normal(),
      ) as Vector3;
      if (!inside(...centre)) continue;
      candidates.push({ parent, centre, excess: valueAt(residual, target.grid, centre) });
    }
  }
  return candidates.sort((a, b) => b.excess - a.excess || a.parent - b.parent);
}

/** Makes Gaussian `to` at `centre`, with the width and 40 % of the amplitude of Gaussian `from`, which keeps 60 %. */
function splitGaussian({ params, count }: GaussianModel, from: number, to: number, centre: Vector3): void {
  for (let axis = 0; axis < 3; axis++) params[axis * count + to] = centre[axis]!;
  const amplitude = params[Row.amplitude * count + from]!;
  params[Row.amplitude * count + to] = 0.4 * amplitude;
  params[Row.amplitude * count + from] = 0.6 * amplitude;
  params[Row.sigma * count + to] = params[Row.sigma * count + from]!;
}

/** Gaussians whose integral is more than 2 % of the median one. */
function livingGaussians(model: GaussianModel): number[] {
  const { count, params } = model;
  const mass = Array.from(
    { length: count },
    (_, i) => params[Row.amplitude * count + i]! * params[Row.sigma * count + i]! ** 3,
  );
  const least = 0.02 * medianOf(mass);
  return mass.flatMap((m, i) => (m > least ? [i] : []));
}

function valueAt(field: Float32Array, grid: number, centre: readonly number[]): number {
  const [x, y, z] = centre.map((c) => (((Math.round(c * grid) + grid / 2) % grid) + grid) % grid);
  return field[x! + grid * (y! + grid * z!)]!;
}

/** Distance in box units from a position to the nearest of the first `filled` Gaussians. */
function nearest(params: Float32Array, count: number, filled: number, centre: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < filled; i++) {
    const dx = params[i]! - centre[0]!;
    const dy = params[count + i]! - centre[1]!;
    const dz = params[2 * count + i]! - centre[2]!;
    least = Math.min(least, dx * dx + dy * dy + dz * dz);
  }
  return Math.sqrt(least);
}

function medianOf(values: ArrayLike<number>): number {
  return Array.from(values).sort((a, b) => a - b)[values.length >> 1]!;
}

/** Index of the first entry above a value in an ascending array, by bisection. */
function firstAbove(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
