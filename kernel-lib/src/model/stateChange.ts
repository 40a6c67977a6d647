import type { GaussianModel } from "./gaussianModel";
import { displacements, integrals, rigidMotion } from "./rigidMotion";

/** How much two states of a model differ. */
export interface StateChange {
  /**
   * Root mean square displacement in Å of the Gaussians that may move, weighted by mass (Aσ³ of the first state). If all may
   * move, a rigid motion of the whole is taken out first, as poses have the same freedom; otherwise the fixed ones hold it.
   */
  rms: number;
  /** Fraction of the density that comes or goes: Σ |change of mass| over the mean mass of both states. */
  density: number;
}

/**
 * How much two states of a model differ, in Å and as a fraction of the density.
 *
 * @param free for each Gaussian 1 if it may change, [N]. Default: all may
 * @throws InputError for models that do not match
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { rms, density } = e2.model.stateChange(run.decode([-1, 0]), run.decode([1, 0]), run.free);
 * ```
 */
export function stateChange(from: GaussianModel, to: GaussianModel, free?: ArrayLike<number>): StateChange {
  const all = Array.from({ length: from.count }, (_, i) => i);
  const moving = free ? all.filter((i) => free[i] === 1) : all;
  const held = moving.length < from.count || from.count < 3;
  return {
    rms: held ? weightedRms(from, to, moving) : rigidMotion(from, to).rmsd,
    density: densityChange(from, to, moving),
  };
}

function weightedRms(from: GaussianModel, to: GaussianModel, moving: readonly number[]): number {
  const moved = displacements(from, to);
  const weights = integrals(from, moving);
  let square = 0;
  let total = 0;
  moving.forEach((i, at) => {
    square += weights[at]! * (moved[3 * i]! ** 2 + moved[3 * i + 1]! ** 2 + moved[3 * i + 2]! ** 2);
    total += weights[at]!;
  });
  return total > 0 ? Math.sqrt(square / total) : 0;
}

function densityChange(from: GaussianModel, to: GaussianModel, moving: readonly number[]): number {
  const mass = ({ count, params }: GaussianModel, i: number) =>
    params[3 * count + i]! * params[4 * count + i]! ** 3;
  let change = 0;
  let total = 0;
  for (const i of moving) {
    const [a, b] = [mass(from, i), mass(to, i)];
    change += Math.abs(b - a);
    total += (Math.abs(a) + Math.abs(b)) / 2;
  }
  return total > 0 ? change / total : 0;
}
