import type { AxisRoles } from "../../network/decoder";
import type { EvidenceGain } from "../evidence/evidence";
import { gainOf } from "../evidence/gain";

/** What is left of the gain of an axis if it changes only one kind of parameters. */
export interface AxisKinds {
  /** Fraction of its gain that is left if it only moves Gaussians. */
  position: number;
  /** Fraction that is left if it only changes their density. */
  density: number;
  /** How much better density alone is than position alone, in nats per particle (missing in runs of earlier versions). */
  difference?: EvidenceGain;
  /**
   * How much more than three quarters of the gain, the limit for one kind alone, is left with each, in nats per particle (missing in
   * runs of earlier versions).
   */
  margin?: { position: EvidenceGain; density: EvidenceGain };
}

/** An axis changes one kind only if that leaves so much of its gain. */
export const sufficientFraction = 0.75;

/**
 * Compares the scores of particles with both kinds of an axis, one, and none.
 * @param scores log-likelihoods of the particles, one each, [particles]
 */
export function axisKinds(scores: {
  whole: Float64Array;
  position: Float64Array;
  density: Float64Array;
  none: Float64Array;
}): AxisKinds {
  const { whole, none } = scores;
  const { gain } = gainOver(whole, none);
  const fraction = (own: Float64Array) => (gain > 0 ? gainOver(own, none).gain / gain : 0);
  const sufficient = none.map((score, i) => score + sufficientFraction * (whole[i]! - score));
  return {
    position: fraction(scores.position),
    density: fraction(scores.density),
    difference: gainOver(scores.density, scores.position),
    margin: {
      position: gainOver(scores.position, sufficient),
      density: gainOver(scores.density, sufficient),
    },
  };
}

/**
 * What each axis changes: one kind if that alone leaves enough of its gain. Where both do, amplitudes must explain it better by more than
 * a standard error: those of neighbouring Gaussians imitate a small motion, while no motion imitates what comes and goes.
 */
export function rolesOf(latent: number, kinds: readonly AxisKinds[]): AxisRoles {
  const all = Array.from({ length: latent }, (_, d) => d);
  const alone = kinds.map((axis) => {
    const { position, density } = sufficient(axis);
    if (position && density) return isBetterAsDensity(axis) ? "density" : "position";
    return position ? "position" : density ? "density" : "both";
  });
  return {
    position: all.filter((d) => alone[d] !== "density"),
    density: all.filter((d) => alone[d] !== "position"),
  };
}

const sufficient = ({ position, density }: AxisKinds) => ({
  position: position >= sufficientFraction,
  density: density >= sufficientFraction,
});

const isBetterAsDensity = ({ difference }: AxisKinds) =>
  difference !== undefined && difference.gain > difference.standardError;

/** Whether more particles could decide otherwise: what decides is within its standard error of the limit. */
export function rolesAreUncertain(kinds: readonly AxisKinds[]): boolean {
  return kinds.some((axis) => {
    const { margin, difference } = axis;
    const near = (gain: EvidenceGain | undefined, limit = 0) =>
      gain !== undefined && Math.abs(gain.gain - limit * gain.standardError) < gain.standardError;
    if (near(margin?.position) || near(margin?.density)) return true;
    const { position, density } = sufficient(axis);
    return position && density && near(difference, 1);
  });
}

/** Gain of some scores over others. The error of a single particle is recorded as 0, since it is unknown. */
export function gainOver(scores: Float64Array, base: Float64Array): EvidenceGain {
  const { gain, standardError } = gainOf(scores.map((score, i) => score - base[i]!));
  return { gain, standardError: scores.length > 1 ? standardError : 0 };
}
