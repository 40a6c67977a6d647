import { InputError } from "../errors";
import { meanPlusDeviations } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { Random } from "../random";
import { emptyModel, type GaussianModel, Row } from "./gaussianModel";
import type { ShellTarget } from "./shellFit";

/** Whether a Gaussian may have its centre at a place in box units. */
export type Inside = (x: number, y: number, z: number) => boolean;

/** What stands out of a low-passed map: its density above mean + one standard deviation, 0 elsewhere. */
function standingOut(density: Float32Array): Float32Array {
  const threshold = meanPlusDeviations(density, 1);
  return density.map((v) => Math.max(0, v - threshold));
}

/** Voxels that the molecule roughly fills, which sets how far apart Gaussians lie. */
export function molecularVoxels(density: Float32Array): number {
  return standingOut(density).reduce((voxels, v) => voxels + (v > 0 ? 1 : 0), 0);
}

/**
 * The first Gaussians: drawn from the low-passed map in proportion to the density that stands out, but kept apart
 * from each other, since two in one place begin as one.
 *
 * @param map a low-passed cubic map, whose box and voxels become those of the model
 * @throws InputError when nothing stands out inside the mask
 */
export function seedModel(map: Volume, count: number, random: Random, inside: Inside): GaussianModel {
  const n = map.size[0];
  const weight = standingOut(map.data);
  const cumulative = new Float64Array(weight.length);
  let total = 0;
  let voxels = 0;
  for (let i = 0; i < weight.length; i++) {
    const x = i % n;
    const y = Math.floor(i / n) % n;
    const z = Math.floor(i / (n * n));
    const o = Math.floor(n / 2);
    if (weight[i]! > 0 && inside((x - o) / n, (y - o) / n, (z - o) / n)) {
      total += weight[i]!;
      voxels++;
    }
    cumulative[i] = total;
  }
  if (!(total > 0)) throw new InputError("map", "density that stands out inside the mask", "none");
  const spacing = Math.cbrt(voxels / count) / n;
  const model = emptyModel(count, n, map.apix);
  const { params } = model;
  let apart = spacing;
  for (let i = 0; i < count; ) {
    const voxel = firstAbove(cumulative, random.uniform() * total);
    const centre = [voxel % n, Math.floor(voxel / n) % n, Math.floor(voxel / (n * n))].map(
      (index) => (index - Math.floor(n / 2) + random.uniform() - 0.5) / n,
    ) as [number, number, number];
    // Each refusal shrinks the distance a little, so that the search always ends.
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

/**
 * Brings the number of Gaussians to `count`: each new one is put beside an existing one, where the map has most that
 * the model has not, and takes part of its amplitude. Gaussians that have all but vanished are moved there as well.
 */
export function addGaussians(
  model: GaussianModel,
  count: number,
  target: ShellTarget,
  weights: Float64Array,
  random: Random,
  inside: Inside,
): GaussianModel {
  const alive = livingGaussians(model);
  const missing = count - alive.length;
  if (missing <= 0) return model;
  const residual = target.residual(model.params, model.count, weights);
  const candidates: { parent: number; centre: [number, number, number]; excess: number }[] = [];
  const perParent = 4 * Math.max(1, Math.ceil(missing / alive.length));
  for (const parent of alive) {
    for (let k = 0; k < perParent; k++) {
      const away = (1.5 * model.params[Row.sigma * model.count + parent]!) / model.boxSize;
      const centre = [0, 1, 2].map(
        (axis) => model.params[axis * model.count + parent]! + away * random.normal(),
      ) as [number, number, number];
      if (inside(...centre))
        candidates.push({ parent, centre, excess: valueAt(residual, target.grid, centre) });
    }
  }
  candidates.sort((a, b) => b.excess - a.excess || a.parent - b.parent);
  const grown = emptyModel(alive.length + missing, model.boxSize, model.apix);
  alive.forEach((from, to) => {
    for (let row = 0; row < 5; row++) {
      grown.params[row * grown.count + to] = model.params[row * model.count + from]!;
    }
  });
  const place = new Map(alive.map((from, to) => [from, to]));
  let added = alive.length;
  const apart =
    (0.3 * medianOf(grown.params.subarray(4 * grown.count, 4 * grown.count + alive.length))) / model.boxSize;
  for (const pass of [apart, 0]) {
    for (const { parent, centre } of candidates) {
      if (added === grown.count) break;
      if (nearest(grown.params, grown.count, added, centre) <= pass) continue;
      const from = place.get(parent)!;
      for (let axis = 0; axis < 3; axis++) grown.params[axis * grown.count + added] = centre[axis]!;
      const amplitude = grown.params[Row.amplitude * grown.count + from]!;
      grown.params[Row.amplitude * grown.count + added] = 0.4 * amplitude;
      grown.params[Row.amplitude * grown.count + from] = 0.6 * amplitude;
      grown.params[Row.sigma * grown.count + added] = grown.params[Row.sigma * grown.count + from]!;
      added++;
    }
  }
  return added === grown.count ? grown : truncated(grown, added);
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

function truncated(model: GaussianModel, count: number): GaussianModel {
  const short = emptyModel(count, model.boxSize, model.apix);
  for (let row = 0; row < 5; row++) {
    short.params.set(model.params.subarray(row * model.count, row * model.count + count), row * count);
  }
  return short;
}

function valueAt(field: Float32Array, grid: number, centre: readonly number[]): number {
  const [x, y, z] = centre.map((c) => (((Math.round(c * grid) + grid / 2) % grid) + grid) % grid);
  return field[x! + grid * (y! + grid * z!)]!;
}

/** Distance in box units from a place to the nearest of the first `filled` Gaussians. */
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
