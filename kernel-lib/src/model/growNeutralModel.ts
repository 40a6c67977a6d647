import { InputError } from "../errors";
import { boxOfRings, ringsOfBox, ringsWithin } from "../fourier/trainingBox";
import { filterVolume } from "../maps/filter";
import { MapProjector } from "../maps/mapProjector";
import { checkMask } from "../maps/mask";
import { resizeVolume } from "../maps/resize";
import type { Volume } from "../maps/volume";
import type { PointGroup } from "../optics/symmetry";
import { beginTask } from "../progress";
import { Random } from "../random";
import { compactUnit, withUnitAt } from "./asymmetricUnit";
import { growToFinest } from "./finestGrowth";
import { fitToShells, scaleToMap } from "./fitToShells";
import { type GaussianModel, originInBox, pickGaussians, withOrigin } from "./gaussianModel";
import type { DecidedGrowth, GrownModel, GrowOptions, GrowthRound } from "./growth";
import { firstGaussians, gaussiansSentence, meanAllowed, standardFrc } from "./growthChoices";
import { inMask, volumeInMask } from "./growthMap";
import { type GrowthStep, gainedNothing, growthSchedule, nextGaussians, sigmaBounds } from "./growthSchedule";
import { groupOf, insideMask, insideUnit, symmetryWarnings } from "./growthSymmetry";
import { growthWarnings } from "./growthWarnings";
import { checkContrast, checkMap } from "./mapChecks";
import { mapSignal } from "./mapSignal";
import { projectionFrc } from "./projectionFrc";
import { addGaussians, type Inside, molecularVoxels, type Placement, seedModel } from "./seeding";
import { mapTransform, ShellTarget } from "./shellTarget";
import { allUnits, SymmetricShellTarget } from "./symmetricModel";

/**
 * Builds the neutral model of a map: Gaussians that describe it down to a resolution, few at low resolution first,
 * then more at higher resolution.
 *
 * The fit is to the Fourier shells of the map, not to a set of its projections (see `ShellTarget`); reported is the FRC
 * of projections.
 *
 * @param map a cubic map with the molecule bright. Amplitudes are in its units
 * @throws InputError for a map that is not cubic, contains NaN, is constant, or has inverted contrast; for a mask
 *   of another size or an empty one; for a resolution beyond the map's Nyquist frequency; and for a symmetry that it has not
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const { model, rounds } = await e2.model.grow(map, { resolution: 20, gaussians: 12, startGaussians: 12 });
 * ```
 */
export async function growNeutralModel(map: Volume, options: GrowOptions = {}): Promise<GrownModel> {
  const task = beginTask(options);
  const bright = task.invertContrast ? { ...map, data: map.data.map((v) => -v) } : map;
  checkMapAndMask(bright, task);
  const { gaussians, resolution = "auto" } = task;
  const decided = { ...task, gaussians: gaussians === "auto" ? undefined : gaussians };
  if (resolution !== "auto") {
    const { rings } = checkOptions(bright, { ...decided, resolution });
    return growTo(bright, { ...decided, resolution, clear: mapSignal(bright, task.mask, rings) });
  }
  return growToFinest(bright, decided, growTo);
}

/** Grows to a given resolution. */
async function growTo(bright: Volume, task: DecidedGrowth): Promise<GrownModel> {
  const { targetFrc = standardFrc, resolution, doubling = true } = task;
  const { boxLength, rings, boxSize } = checkOptions(bright, task);
  const target = { targetFrc, allowed: meanAllowed(task.clear, rings) };
  const enough = targetFrc * target.allowed;
  const growth = new Growth(bright, boxSize, rings, task);
  const plan = growthSchedule({
    firstGaussians: growth.firstGaussians,
    gaussians: task.gaussians,
    startResolution: task.startResolution ?? 50,
    resolution,
    boxLength,
    lastRing: rings,
  });
  const rounds: GrowthRound[] = [];
  for (let round = 0; round < plan.length; round++) {
    const step = plan[round]!;
    const isLast = round + 1 === plan.length;
    const onStep = (fraction: number, frc: number) =>
      task.onProgress?.({
        task: `neutral model, ${step.gaussians} Gaussians to ${step.resolution.toPrecision(3)} Å`,
        done: round + fraction,
        total: plan.length,
        note: `FRC ${frc.toFixed(3)}`,
      });
    rounds.push(await growth.round(step, isLast, onStep));
    const more =
      isLast && task.gaussians === undefined && doubling ? nextGaussians(rounds, enough) : undefined;
    if (more !== undefined) plan.push({ ...step, gaussians: more });
  }
  const superfluous = task.gaussians === undefined && rounds.at(-1)!.frc < enough && gainedNothing(rounds);
  const dropped = superfluous ? rounds.pop() : undefined;
  const { model, unit } = growth.finished(superfluous);
  const origin = originInBox(bright.origin, { boxSize: bright.size[0], apix: bright.apix }, model);
  const choices =
    task.gaussians === undefined ? [gaussiansSentence(rounds, { resolution, ...target }, dropped)] : [];
  const warnings = [...growth.warnings, ...growthWarnings(bright, rounds, task)];
  return {
    ...{
      model: { ...model, ...withOrigin(origin) },
      rounds,
      trainingBox: boxSize,
      resolution,
      choices,
      warnings,
    },
    ...(unit && { unit }),
  };
}

/** A model that grows round by round; of a symmetric molecule one unit grows, and is compared with the map as n. */
class Growth {
  /** Gaussians of the first round. */
  readonly firstGaussians: number;
  /** About the symmetry of the map. */
  readonly warnings: string[] = [];
  /** The model after the last round, without the copies of the first unit. */
  private model: GaussianModel;
  /** The one before the last round. */
  private previous: GaussianModel;
  private readonly group: PointGroup | undefined;
  private readonly apix: number;
  private readonly transform: ReturnType<typeof mapTransform>;
  private readonly projector: MapProjector;
  private readonly volume: number;
  private readonly random: Random;
  private readonly inside: Inside;

  constructor(
    map: Volume,
    private readonly boxSize: number,
    private readonly lastRing: number,
    private readonly options: DecidedGrowth,
  ) {
    const { gaussians, mask } = options;
    this.group = groupOf(options.symmetry);
    const small = resizeVolume(inMask(map, mask), { size: boxSize });
    // A Gaussian fall-off to 1/e at twice the resolution, or at 12 Å: shape without detail.
    const blur = Math.max(2 * options.resolution, 12);
    const smooth = filterVolume(small, (s) => Math.exp(-((s * blur) ** 2)));
    checkContrast(smooth.data, options.invertContrast);
    this.apix = small.apix;
    this.transform = mapTransform(small);
    this.projector = new MapProjector(small);
    this.random = new Random(options.seed ?? 1);
    if (this.group) this.warnings.push(...symmetryWarnings(small, this.group));
    this.inside = insideMask(mask, this.group);
    this.volume = molecularVoxels(smooth.data);
    const { startGaussians = gaussians === undefined ? this.usualGaussians(map) : 256 } = options;
    this.firstGaussians = Math.min(startGaussians, gaussians ?? startGaussians);
    const inUnit = this.group ? insideUnit(this.inside, this.group) : this.inside;
    this.model = seedModel(smooth, this.ofUnit(this.firstGaussians), this.random, inUnit);
    this.previous = this.model;
  }

  /** Gaussians that usually describe a map of this volume. */
  private usualGaussians(map: Volume): number {
    const { mask, resolution } = this.options;
    return firstGaussians(volumeInMask(map, mask), resolution);
  }

  /** Gaussians of a unit, of so many in all. */
  private ofUnit(gaussians: number): number {
    return this.group ? Math.max(1, Math.round(gaussians / this.group.order)) : gaussians;
  }

  /** The whole model, and its first unit if it is symmetric. @param before the last round */
  finished(before: boolean): Pick<GrownModel, "model" | "unit"> {
    const { group } = this;
    const model = before ? this.previous : this.model;
    if (!group) return { model };
    const centre = compactUnit(model, group);
    return {
      model: allUnits(withUnitAt(model, centre, group), group),
      unit: { gaussians: model.count, centre },
    };
  }

  /** Adds Gaussians and fits them. @param onStep called with the finished fraction of the round and the correlation */
  async round(
    step: GrowthStep,
    isLast: boolean,
    onStep: (fraction: number, frc: number) => void,
  ): Promise<GrowthRound> {
    const { inside, random, group, transform, boxSize } = this;
    const target = group
      ? new SymmetricShellTarget(group, transform, step.rings, boxSize)
      : new ShellTarget(transform, step.rings, boxSize);
    const gaussians = this.ofUnit(step.gaussians);
    const weights = new Float64Array(step.rings + 1).fill(1 / step.rings);
    const placement = { target, weights, random, inside };
    this.previous = this.model;
    this.model = addGaussians(this.model, gaussians, placement);
    await this.fit(step, placement, { maxIterations: isLast ? 150 : 60, positions: true, isLast, onStep });
    const kept = insideOnly(this.model, inside);
    if (kept.count < this.model.count) {
      this.model = kept;
      if (isLast) {
        // The replacements are placed inside the mask and must not move out of it again.
        this.model = addGaussians(this.model, gaussians, placement);
        await this.fit(step, placement, { maxIterations: 25, positions: false, isLast, onStep });
      }
    }
    if (isLast) scaleToMap(this.model, target);
    const whole = group ? allUnits(this.model, group) : this.model;
    const frc = projectionFrc(whole, this.projector, this.lastRing);
    return {
      gaussians: whole.count,
      resolution: step.resolution,
      frcByRing: [...frc],
      frc: mean(frc.subarray(1, step.rings + 1)),
    };
  }

  private async fit(
    step: GrowthStep,
    { target, weights }: Placement,
    fit: {
      maxIterations: number;
      positions: boolean;
      isLast: boolean;
      onStep: (fraction: number, frc: number) => void;
    },
  ): Promise<void> {
    const { resolution: finest, targetFrc = standardFrc, signal } = this.options;
    const bounds = sigmaBounds(step, { volume: this.volume, target, apix: this.apix, finest });
    const { maxIterations, positions } = fit;
    await fitToShells(
      this.model,
      { target, weights, bounds },
      {
        maxIterations,
        positions,
        signal,
        targetCorrelation: fit.isLast ? undefined : targetFrc,
        onStep: (correlation, iteration) => fit.onStep(iteration / maxIterations, correlation),
      },
    );
  }
}

/** @throws InputError for a map or a mask that cannot be used */
function checkMapAndMask(map: Volume, { mask }: GrowOptions): void {
  checkMap(map, "map");
  if (mask) checkMask(mask, { like: map, sameVoxels: true });
}

function checkOptions(
  map: Volume,
  options: Pick<DecidedGrowth, "resolution" | "gaussians" | "startGaussians" | "boxSize">,
): { boxLength: number; rings: number; boxSize: number } {
  const { resolution, gaussians, startGaussians } = options;
  for (const [name, value] of Object.entries({ gaussians, startGaussians })) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new InputError(name, "a whole number of 1 or more", String(value));
    }
  }
  const n = map.size[0];
  const boxLength = n * map.apix;
  // The Nyquist resolution itself is allowed: the rings end at the last whole one before it.
  const rings = ringsWithin(boxLength, resolution, n);
  if (resolution < 2 * map.apix * (1 - 1e-6)) {
    const finest = `at least ${(2 * map.apix).toFixed(2)} Å, twice the map's pixel size`;
    throw new InputError("resolution", finest, `${resolution} Å`);
  }
  const smallest = boxOfRings(rings);
  const boxSize = options.boxSize ?? smallest;
  if (!Number.isInteger(boxSize) || rings > ringsOfBox(boxSize)) {
    throw new InputError("boxSize", `at least ${smallest} for ${resolution} Å`, String(boxSize));
  }
  return { boxLength, rings, boxSize };
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
