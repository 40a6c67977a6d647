import { InputError } from "../errors";
import { boxOfRings, ringsOfBox, ringsWithin } from "../fourier/trainingBox";
import { filterVolume } from "../maps/filter";
import { checkMask } from "../maps/mask";
import { resizeVolume } from "../maps/resize";
import { MapProjector } from "../maps/slice";
import type { Volume } from "../maps/volume";
import { beginTask } from "../progress";
import { Random } from "../random";
import { isInside } from "./edit";
import { fitToShells, scaleToMap } from "./fitToShells";
import { type GaussianModel, originInBox, pickGaussians, withOrigin } from "./gaussianModel";
import type { GrownModel, GrowOptions, GrowthRound } from "./growth";
import { growthNotices } from "./growthNotices";
import { checkContrast, checkMap } from "./mapChecks";
import { projectionFrc } from "./projectionFrc";
import { addGaussians, type Inside, molecularVoxels, seedModel } from "./seeding";
import { mapTransform, ShellTarget } from "./shellFit";

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
 * @param given a cubic map with the molecule bright. Its units become those of the amplitudes
 * @throws InputError for a map that is not cubic, holds NaN, is constant, or has its contrast inverted, for a mask
 *   of another size or an empty one, and for a resolution beyond what the map's pixels hold
 */
export async function growNeutralModel(input: Volume, given: GrowOptions): Promise<GrownModel> {
  const options = beginTask(given);
  const map = options.invertContrast ? { ...input, data: input.data.map((v) => -v) } : input;
  const { gaussians, targetFrc = 0.95, startGaussians = 256, startResolution = 50, mask, signal } = options;
  const { edge, rings, boxSize } = checkOptions(map, options);
  const level = withoutBackground(map);
  const small = resizeVolume(mask ? multiplied(level, mask) : level, { size: boxSize });
  // A Gaussian fall-off that reaches 1/e at twice the resolution, or at 12 Å, for what needs shape but no detail.
  const blur = Math.max(2 * options.resolution, 12);
  const smooth = filterVolume(small, (s) => Math.exp(-((s * blur) ** 2)));
  checkContrast(smooth.data, options.invertContrast);
  const transform = mapTransform(small);
  const projector = new MapProjector(small);
  const random = new Random(options.seed ?? 1);
  const inside: Inside = (x, y, z) => isInside(mask, x, y, z);

  const first = Math.min(startGaussians, gaussians ?? startGaussians);
  const plan = schedule(
    { first, asked: gaussians },
    { start: startResolution, end: options.resolution, edge, lastRing: rings },
  );
  const volume = molecularVoxels(smooth.data);
  let model = seedModel(smooth, first, random, inside);
  const rounds: GrowthRound[] = [];
  for (let round = 0; round < plan.length; round++) {
    const step = plan[round]!;
    const last = round + 1 === plan.length;
    const target = new ShellTarget(transform, step.rings, boxSize);
    const weights = new Float64Array(step.rings + 1).fill(1 / step.rings);
    const bounds = sigmaBounds(step, volume, target, small.apix, options.resolution);
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
      if (last) {
        // Put back inside, where they then stay.
        model = addGaussians(model, step.gaussians, target, weights, random, inside);
        await fit(25, false);
      }
    }
    if (last) scaleToMap(model, target);
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
  const placed = withOrigin(originInBox(map.origin, { boxSize: map.size[0], apix: map.apix }, model));
  const notices = growthNotices(map, rounds, targetFrc, options);
  return { model: { ...model, ...placed }, rounds, trainingBox: boxSize, notices };
}

function checkOptions(map: Volume, options: GrowOptions): { edge: number; rings: number; boxSize: number } {
  const { resolution, gaussians, startGaussians, mask } = options;
  checkMap(map, "map");
  if (mask) checkMask(mask, { like: map, sameVoxels: true });
  for (const [name, value] of Object.entries({ gaussians, startGaussians })) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new InputError(name, "a whole number of 1 or more", String(value));
    }
  }
  const n = map.size[0];
  const edge = n * map.apix;
  // The Nyquist frequency itself may be asked for: the rings end at the last whole one before it.
  const rings = ringsWithin(edge, resolution, n);
  if (resolution < 2 * map.apix * (1 - 1e-6)) {
    const finest = `at least ${(2 * map.apix).toFixed(2)} Å, twice the map's pixel`;
    throw new InputError("resolution", finest, `${resolution} Å`);
  }
  const smallest = boxOfRings(rings);
  const boxSize = options.boxSize ?? smallest;
  if (!Number.isInteger(boxSize) || rings > ringsOfBox(boxSize)) {
    throw new InputError("boxSize", `at least ${smallest} for ${resolution} Å`, String(boxSize));
  }
  return { edge, rings, boxSize };
}

/** Widths that a round allows, in pixels of the training box. */
function sigmaBounds(
  step: Step,
  volume: number,
  target: ShellTarget,
  apix: number,
  finest: number,
): { least: number; most: number } {
  // A Gaussian narrower than 0.7 grid points would be aliased; one wider than its neighbours' distance is theirs.
  const least = Math.max((0.25 * finest) / apix, (0.7 * target.boxSize) / target.grid);
  const spacing = Math.cbrt(volume / step.gaussians);
  return { least, most: Math.max(2 * least, 1.2 * spacing, step.resolution / 2 / apix) };
}

interface Step {
  gaussians: number;
  resolution: number;
  rings: number;
}

/**
 * Rounds from few Gaussians at low resolution to many at high, both in even ratios.
 * @param gaussians of the first round, and those asked for at the end, undefined where growth decides
 * @param resolution in Å, from `start` to `end`, in a box of `edge` Å with at most `lastRing` rings
 */
function schedule(
  { first, asked }: { first: number; asked: number | undefined },
  { start, end, edge, lastRing }: { start: number; end: number; edge: number; lastRing: number },
): Step[] {
  const doublings = asked === undefined ? 0 : Math.ceil(Math.log2(asked / first) - 1e-9);
  const rounds = Math.max(3, doublings + 1);
  return Array.from({ length: rounds }, (_, i) => {
    const resolution = Math.max(start, end) * (end / Math.max(start, end)) ** (i / (rounds - 1));
    const gaussians =
      i + 1 === rounds
        ? (asked ?? first)
        : Math.min(first * 2 ** Math.max(0, i - (rounds - 1 - doublings)), asked ?? first);
    return {
      gaussians,
      resolution,
      rings: Math.min(lastRing, ringsWithin(edge, Math.min(resolution, edge))),
    };
  });
}

/**
 * The map minus the median of its corners, outside the sphere that touches the box's faces. Solvent of other than
 * zero density is a cube to any oblique projection, which no Gaussians describe and no particle shows.
 */
function withoutBackground(map: Volume): Volume {
  const n = map.size[0];
  const origin = Math.floor(n / 2);
  const outside = new Float32Array(map.data.length);
  let count = 0;
  // An odd step visits all columns of an even box; a million voxels are enough for a median.
  for (let i = 0; i < map.data.length; i += Math.floor(map.data.length / 1e6) | 1) {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / (n * n))];
    if (Math.hypot(x - origin, y - origin, z - origin) > n / 2) outside[count++] = map.data[i]!;
  }
  const median = outside.subarray(0, count).sort()[count >> 1] ?? 0;
  return { ...map, data: map.data.map((v) => v - median) };
}

function multiplied(map: Volume, mask: Volume): Volume {
  return { ...map, data: map.data.map((v, i) => v * mask.data[i]!) };
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
