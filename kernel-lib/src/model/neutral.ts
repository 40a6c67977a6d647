import { InputError } from "../errors";
import { goodFftSize, halfWidth, ifft3Real, shiftOrigin } from "../maps/fft";
import { MapProjector } from "../maps/slice";
import type { Volume } from "../maps/volume";
import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { isInside } from "./edit";
import { fitToShells } from "./fitToShells";
import { type GaussianModel, pickGaussians } from "./gaussianModel";
import { projectionFrc } from "./projectionFrc";
import { addGaussians, type Inside, molecularVoxels, seedModel } from "./seeding";
import { type MapTransform, mapTransform, ShellTarget } from "./shellFit";

export interface GrowOptions extends TaskOptions {
  /** Å to which the model shall describe the map. */
  resolution: number;
  /** Gaussians of the finished model. Default: doubled until the FRC reaches `targetFrc`. */
  gaussians?: number;
  /**
   * A map of the same size and pixel size, 1 inside. The map is multiplied by it before the fit, and Gaussians stay
   * where it is at least 0.5.
   */
  mask?: Volume;
  /** Seed of the random places. Default 1. */
  seed?: number;
  /** S, the training box in pixels. Default: the smallest good FFT size that holds the resolution. */
  boxSize?: number;
  /** Mean FRC over the rings below the target resolution at which growth without a given number ends. Default 0.95. */
  targetFrc?: number;
  /** Gaussians of the first round. Default 256. */
  startGaussians?: number;
  /** Å of the first round. Default 50. */
  startResolution?: number;
}

/** How well the model describes the map at the end of one round of growth. */
export interface GrowthRound {
  gaussians: number;
  /** Å, down to which this round was fitted. */
  resolution: number;
  /**
   * Mean Fourier ring correlation between projections of model and map, over 64 views from all directions:
   * index = ring of the box, 0 … those of the target resolution, also where the round itself stopped short of it.
   */
  frcByRing: number[];
  /** Mean over rings 1 … those of this round's resolution. */
  frc: number;
}

export interface GrownModel {
  model: GaussianModel;
  rounds: GrowthRound[];
  /** S, the training box in pixels; the model's `boxSize`. */
  trainingBox: number;
}

/** Rounds at most when the number of Gaussians is not given: 256 become 4096. */
const MOST_ROUNDS = 7;
/** What a doubling has to add to the FRC; less comes of noise in the map, which no number of Gaussians describes. */
const LEAST_GAIN = 0.02;

function worthDoubling(rounds: readonly GrowthRound[], targetFrc: number): boolean {
  const [before, now] = rounds.slice(-2) as [GrowthRound, GrowthRound];
  if (now.frc >= targetFrc || rounds.length >= MOST_ROUNDS) return false;
  return before.gaussians === now.gaussians || now.frc - before.frc >= LEAST_GAIN;
}

/**
 * Builds the neutral model of a map: Gaussians that describe it down to a resolution, few at low resolution first,
 * then more beside them at higher.
 *
 * The fit is to the Fourier shells of the map, not to a set of its projections (see shellFit.ts); what is reported is
 * the FRC of projections, as everywhere else.
 *
 * @param map a cubic map with the molecule bright. Its units become those of the amplitudes
 * @throws InputError for a map that is not cubic, holds NaN, is constant, or has its contrast inverted, for a mask
 *   of another size or an empty one, and for a resolution beyond what the map's pixels hold
 */
export async function growNeutralModel(map: Volume, options: GrowOptions): Promise<GrownModel> {
  const { resolution, gaussians, targetFrc = 0.95, startGaussians = 256, startResolution = 50 } = options;
  const { seed = 1, signal } = options;
  checkMap(map, "map");
  for (const [name, value] of Object.entries({ gaussians, startGaussians })) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new InputError(name, "a whole number of 1 or more", String(value));
    }
  }
  const n = map.size[0];
  const edge = n * map.apix;
  if (!(resolution > 0)) throw new InputError("resolution", "a number of Å above 0", String(resolution));
  const rings = ringsAt(edge, resolution);
  if (rings > Math.floor((n - 1) / 2)) {
    throw new InputError(
      "resolution",
      `at least ${(2 * map.apix).toFixed(2)} Å, twice the map's pixel`,
      `${resolution} Å`,
    );
  }
  const boxSize = options.boxSize ?? trainingBoxSize(edge, resolution);
  if (rings > Math.floor((boxSize - 1) / 2)) {
    throw new InputError(
      "boxSize",
      `at least ${trainingBoxSize(edge, resolution)} for ${resolution} Å`,
      String(boxSize),
    );
  }
  const mask = options.mask;
  if (mask) checkMask(mask, map);
  const masked = mask ? multiplied(map, mask) : map;
  const transform = mapTransform(masked);
  const projector = new MapProjector(masked);
  const random = new Random(seed);
  const density = lowPassed(transform, map, Math.max(2 * resolution, 12));
  checkContrast(density);
  const inside: Inside = (x, y, z) => isInside(mask, x, y, z);

  const first = Math.min(startGaussians, gaussians ?? startGaussians);
  const plan = schedule(first, gaussians, startResolution, resolution, edge);
  const volume = molecularVoxels(density) * map.apix ** 3;
  let model = seedModel(density, map, first, boxSize, random, inside);

  const rounds: GrowthRound[] = [];
  for (let round = 0; round < plan.length; round++) {
    const step = plan[round]!;
    const last = round + 1 === plan.length;
    const target = new ShellTarget(transform, step.rings, boxSize);
    const weights = new Float64Array(step.rings + 1).fill(1 / step.rings);
    const spacing = Math.cbrt(volume / step.gaussians);
    const pixel = edge / target.grid;
    const least = Math.max(0.25 * resolution, 0.7 * pixel);
    const bounds = {
      least: least / (edge / boxSize),
      most: Math.max(2 * least, 1.2 * spacing, step.resolution / 2) / (edge / boxSize),
    };
    model = addGaussians(model, step.gaussians, target, weights, random, inside);
    const fit = (iterations: number, positions: boolean) =>
      fitToShells(model, target, weights, bounds, {
        iterations,
        positions,
        signal,
        stop: last ? undefined : targetFrc,
        report: (frc, iteration) =>
          options.onProgress?.({
            task: `neutral model, ${step.gaussians} Gaussians to ${step.resolution.toPrecision(3)} Å`,
            done: round + iteration / iterations,
            total: plan.length,
            note: `FRC ${frc.toFixed(3)}`,
          }),
      });
    await fit(last ? 150 : 60, true);
    const kept = insideOnly(model, inside);
    if (kept.count < model.count) {
      model = kept;
      if (last) await fit(15, false);
    }
    const frc = projectionFrc(model, projector, rings);
    rounds.push({
      gaussians: model.count,
      resolution: step.resolution,
      frcByRing: [...frc],
      frc: mean(frc.subarray(1, step.rings + 1)),
    });
    if (last && gaussians === undefined && worthDoubling(rounds, targetFrc)) {
      plan.push({ ...step, gaussians: 2 * step.gaussians });
    }
  }
  return { model, rounds, trainingBox: boxSize };
}

/** The smallest good FFT size that holds a resolution, for a box of `edge` Å. */
export function trainingBoxSize(edge: number, resolution: number): number {
  return goodFftSize(2 * ringsAt(edge, resolution) + 2);
}

function ringsAt(edge: number, resolution: number): number {
  return Math.max(1, Math.floor(edge / resolution + 1e-6));
}

interface Step {
  gaussians: number;
  resolution: number;
  rings: number;
}

/** Rounds from few Gaussians at low resolution to many at high, both in even ratios. */
function schedule(
  first: number,
  asked: number | undefined,
  start: number,
  end: number,
  edge: number,
): Step[] {
  const doublings = asked === undefined ? 0 : Math.ceil(Math.log2(asked / first) - 1e-9);
  const rounds = Math.max(3, doublings + 1);
  return Array.from({ length: rounds }, (_, i) => {
    const resolution = Math.max(start, end) * (end / Math.max(start, end)) ** (i / (rounds - 1));
    const gaussians =
      i + 1 === rounds
        ? (asked ?? first)
        : Math.min(first * 2 ** Math.max(0, i - (rounds - 1 - doublings)), asked ?? first);
    return { gaussians, resolution, rings: ringsAt(edge, resolution) };
  });
}

function checkMap(map: Volume, name: string): void {
  const [nx, ny, nz] = map.size;
  if (nx !== ny || ny !== nz) throw new InputError(name, "a cubic map", `${nx}×${ny}×${nz} voxels`);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < map.data.length; i++) {
    const v = map.data[i]!;
    if (!Number.isFinite(v)) throw new InputError(`${name}: voxel ${i}`, "a finite density", String(v));
    if (v < least) least = v;
    if (v > most) most = v;
  }
  if (least === most) throw new InputError(name, "a density that varies", `${least} in every voxel`);
}

function checkMask(mask: Volume, map: Volume): void {
  if (mask.size.some((s, i) => s !== map.size[i])) {
    throw new InputError(
      "mask",
      `${map.size.join("×")} voxels like the map`,
      `${mask.size.join("×")} voxels`,
    );
  }
  let inside = 0;
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i]! >= 0.5) inside++;
  if (inside === 0) throw new InputError("mask", "some voxels of at least 0.5", "none");
}

/** Molecules are bright and compact: where the deepest hole outdoes the highest peak, the contrast is inverted. */
function checkContrast(density: Float32Array): void {
  let least = 0;
  let most = 0;
  let sum = 0;
  let cube = 0;
  for (const v of density) {
    sum += v;
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const average = sum / density.length;
  for (const v of density) cube += (v - average) ** 3;
  if (cube < 0 && most - average < average - least) {
    throw new InputError(
      "map",
      "density above its surroundings where the molecule is (multiply the map by −1 if its contrast is inverted)",
      `a low-passed range from ${(least - average).toPrecision(3)} to ${(most - average).toPrecision(3)} around the mean`,
    );
  }
}

function multiplied(map: Volume, mask: Volume): Volume {
  return { ...map, data: map.data.map((v, i) => v * mask.data[i]!) };
}

/** The map with a Gaussian fall-off that reaches 1/e at the given resolution. */
function lowPassed(transform: MapTransform, map: Volume, resolution: number): Float32Array {
  const n = transform.size;
  const half = transform.half.slice();
  const width = halfWidth(n);
  const limit = (n * map.apix) / resolution;
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < width; x++, i++) {
        const kk = x * x + Math.min(y, n - y) ** 2 + Math.min(z, n - z) ** 2;
        const factor = Math.exp(-kk / (limit * limit));
        half[2 * i]! *= factor;
        half[2 * i + 1]! *= factor;
      }
    }
  }
  shiftOrigin(half, [n, n, n], "toCorner");
  return ifft3Real(half, [n, n, n]);
}

function insideOnly(model: GaussianModel, inside: Inside): GaussianModel {
  const { count, params } = model;
  const kept: number[] = [];
  for (let i = 0; i < count; i++) {
    if (inside(params[i]!, params[count + i]!, params[2 * count + i]!)) kept.push(i);
  }
  return kept.length === count ? model : pickGaussians(model, kept);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
