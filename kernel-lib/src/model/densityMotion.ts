import { type GaussianModel, Row, type Vector3 } from "./gaussianModel";
import { bestRigidMotion, centresInAngstrom, integrals, type RigidMotion } from "./rigidMotion";

/** Gaussians farther apart than this many times their common width do not overlap. */
const farthest = 4.5;
const mostIterations = 60;
/** A step that moves less than this, in Å, is the last. */
const smallestStep = 1e-3;
/** Multiples of a step that are tried. */
const stretches = [1, 2, 4, 8, 16];

interface Blob {
  centre: Vector3;
  /** Aσ³ */
  mass: number;
  /** σ² in Å². */
  variance: number;
}

/**
 * The rigid motion that brings the density of some Gaussians in one state into the best overlap with the density of the
 * same Gaussians in another: maximizes ∫ ρ(T⁻¹x) ρ′(x) dx. Unlike a superposition of centres it does not matter which
 * Gaussian describes which part of the density: Gaussians of a trained decoder slip, as only the density is seen in images.
 *
 * Half-quadratic steps: at the current motion every Gaussian has a target, the mean of the centres of the other state
 * weighted by their overlap with it, and the next motion is the superposition on the targets. Each increases the overlap;
 * they are stretched while that increases it further.
 * @param start a motion to begin with, such as the superposition of centres
 */
export function densityMotion(
  from: GaussianModel,
  to: GaussianModel,
  indices: ArrayLike<number>,
  start: RigidMotion,
): RigidMotion {
  const chosen = Array.from(indices);
  const blobs = blobsOf(from, chosen);
  const others = blobsOf(to, chosen);
  const centres = blobs.map(({ centre }) => centre);
  let current = start;
  let best = overlap(moved(centres, current), blobs, others);
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const at = moved(centres, current);
    const { targets, weights } = targetsOf(at, blobs, others);
    const step = moved(centres, bestRigidMotion({ before: centres, after: targets, weights }));
    let accepted: RigidMotion | undefined;
    for (const stretch of stretches) {
      const after = at.map((p, i) => p.map((x, axis) => x + stretch * (step[i]![axis]! - x)) as Vector3);
      const motion = bestRigidMotion({ before: centres, after, weights: blobs.map(({ mass }) => mass) });
      const value = overlap(moved(centres, motion), blobs, others);
      if (value <= best) break;
      best = value;
      accepted = motion;
    }
    if (!accepted) break;
    const change = rmsDistance(at, moved(centres, accepted));
    current = accepted;
    if (change < smallestStep) break;
  }
  const after = centresInAngstrom(to, chosen);
  const weights = blobs.map(({ mass }) => mass);
  return { ...current, rmsd: rmsDistance(moved(centres, current), after, weights) };
}

function blobsOf(model: GaussianModel, indices: readonly number[]): Blob[] {
  const centres = centresInAngstrom(model, indices);
  const masses = integrals(model, indices);
  return indices.map((i, at) => ({
    centre: centres[at]!,
    mass: masses[at]!,
    variance: (model.params[Row.sigma * model.count + i]! * model.apix) ** 2,
  }));
}

/** Points after a rigid motion. */
function moved(points: readonly Vector3[], { rotation, centre, shift }: RigidMotion): Vector3[] {
  return points.map((p) => {
    const [x, y, z] = [p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]];
    return [0, 1, 2].map(
      (a) =>
        rotation[3 * a]! * x + rotation[3 * a + 1]! * y + rotation[3 * a + 2]! * z + centre[a]! + shift[a]!,
    ) as Vector3;
  });
}

/** Overlap of a Gaussian at `p` with another: m m′ (σ² + σ′²)^(−3/2) exp(−r²/2(σ² + σ′²)), up to a constant. */
function overlapOf(p: Vector3, { mass, variance }: Blob, other: Blob): number {
  const common = variance + other.variance;
  const [x, y, z] = other.centre;
  const squared = (p[0] - x) ** 2 + (p[1] - y) ** 2 + (p[2] - z) ** 2;
  if (squared > farthest ** 2 * common) return 0;
  return (mass * other.mass * Math.exp(-squared / (2 * common))) / common ** 1.5;
}

function overlap(at: readonly Vector3[], blobs: readonly Blob[], others: readonly Blob[]): number {
  let sum = 0;
  at.forEach((p, i) => {
    for (const other of others) sum += overlapOf(p, blobs[i]!, other);
  });
  return sum;
}

function targetsOf(
  at: readonly Vector3[],
  blobs: readonly Blob[],
  others: readonly Blob[],
): { targets: Vector3[]; weights: number[] } {
  const weights: number[] = [];
  const targets = at.map((p, i): Vector3 => {
    const sum = [0, 0, 0];
    let total = 0;
    for (const other of others) {
      const weight = overlapOf(p, blobs[i]!, other) / (blobs[i]!.variance + other.variance);
      total += weight;
      for (let axis = 0; axis < 3; axis++) sum[axis]! += weight * other.centre[axis]!;
    }
    weights.push(total);
    return total > 0 ? (sum.map((x) => x / total) as Vector3) : p;
  });
  return { targets, weights };
}

function rmsDistance(a: readonly Vector3[], b: readonly Vector3[], weights = a.map(() => 1)): number {
  let square = 0;
  let total = 0;
  a.forEach((p, i) => {
    for (let axis = 0; axis < 3; axis++) square += weights[i]! * (p[axis]! - b[i]![axis]!) ** 2;
    total += weights[i]!;
  });
  return Math.sqrt(square / (total || 1));
}
