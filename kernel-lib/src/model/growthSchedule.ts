import { ringsWithin } from "../fourier/trainingBox";
import type { SigmaBounds } from "./fitVariables";
import type { GrowthRound } from "./growth";
import { mostGaussians } from "./growthChoices";
import type { ShellTarget } from "./shellTarget";

/** FRC that a doubling has to add; smaller gains come from noise, which no number of Gaussians describes. */
const minGain = 0.02;

/** What a round of growth aims at. */
export interface GrowthStep {
  /** Gaussians at its end. */
  gaussians: number;
  /** In Å. */
  resolution: number;
  /** Shells that are fitted. */
  rings: number;
}

/** What {@link growthSchedule} depends on. */
export interface ScheduleOptions {
  /** Gaussians of the first round. */
  firstGaussians: number;
  /** Gaussians of the last round; undefined if growth decides. */
  gaussians: number | undefined;
  /** Å of the first round. */
  startResolution: number;
  /** Å of the last round. */
  resolution: number;
  /** In Å. */
  boxLength: number;
  /** The outermost ring of the training box. */
  lastRing: number;
}

/** Rounds from few Gaussians at low resolution to many at high, both in constant ratios. */
export function growthSchedule(options: ScheduleOptions): GrowthStep[] {
  const { firstGaussians: first, gaussians: last, boxLength, lastRing, resolution: end } = options;
  const start = Math.max(options.startResolution, end);
  const doublings = last === undefined ? 0 : Math.ceil(Math.log2(last / first) - 1e-9);
  const rounds = Math.max(3, doublings + 1);
  return Array.from({ length: rounds }, (_, i) => {
    const resolution = start * (end / start) ** (i / (rounds - 1));
    const doubled = first * 2 ** Math.max(0, i - (rounds - 1 - doublings));
    const gaussians = i + 1 === rounds ? (last ?? first) : Math.min(doubled, last ?? first);
    const rings = Math.min(lastRing, ringsWithin(boxLength, Math.min(resolution, boxLength)));
    return { gaussians, resolution, rings };
  });
}

/**
 * Gaussians of a further round that may describe the map better than the last; undefined if none is worth it.
 * @param enough mean FRC at which growth ends
 */
export function nextGaussians(rounds: readonly GrowthRound[], enough: number): number | undefined {
  const { frc, gaussians } = rounds.at(-1)!;
  if (frc >= enough || gaussians >= mostGaussians || gainedNothing(rounds)) return undefined;
  return Math.min(2 * gaussians, mostGaussians);
}

/** Whether the last round has more Gaussians than the one before it, which describe the map hardly better. */
export function gainedNothing(rounds: readonly GrowthRound[]): boolean {
  const [before, now] = rounds.slice(-2) as [GrowthRound, GrowthRound];
  return now.gaussians > before.gaussians && now.frc - before.frc < minGain;
}

/** What {@link sigmaBounds} depends on, apart from the round. */
export interface BoundsOptions {
  /** Voxels of the molecule. */
  volume: number;
  /** The shells of the map. */
  target: ShellTarget;
  /** Å per pixel of the training box. */
  apix: number;
  /** Resolution of the last round in Å. */
  finest: number;
}

/** Bounds of sigma in a round, in pixels of the training box. */
export function sigmaBounds(step: GrowthStep, { volume, target, apix, finest }: BoundsOptions): SigmaBounds {
  // A Gaussian narrower than 0.7 grid points would be aliased; one wider than the spacing would absorb its neighbours.
  const least = Math.max((0.25 * finest) / apix, (0.7 * target.boxSize) / target.grid);
  const spacing = Math.cbrt(volume / step.gaussians);
  return { least, most: Math.max(2 * least, 1.2 * spacing, step.resolution / 2 / apix) };
}
