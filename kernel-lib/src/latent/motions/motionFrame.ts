import { cholesky, invertLower } from "../../cholesky";
import type { Pacing } from "../pacing";
import { gatherPoints, sampleRows } from "../points";
import { type DecodedState, type MotionDecoder, visitDecoded } from "./decoder";

/** States of a population that were decoded together. */
export interface DecodedSample {
  /** The points, [count · latent]. */
  points: Float32Array;
  /** Centres in Å, [count · 3N]. */
  positions: Float32Array;
  /** [count · N] */
  masses: Float32Array;
  /** Number of states. */
  count: number;
}

/** Decodes a random sample of a population. */
export async function decodeSample(
  decoder: MotionDecoder,
  points: Float32Array,
  { size, seed }: { size: number; seed: number },
  pacing: Pacing,
): Promise<DecodedSample> {
  const { latent } = decoder;
  const rows = sampleRows(points.length / latent, size, seed);
  const chosen = gatherPoints(points, latent, rows);
  const n = decoder.decode(chosen.subarray(0, latent)).count;
  const positions = new Float32Array(rows.length * 3 * n);
  const masses = new Float32Array(rows.length * n);
  const visit = (i: number, state: DecodedState) => {
    positions.set(state.positions, i * 3 * n);
    masses.set(state.masses, i * n);
  };
  await visitDecoded(decoder, chosen, visit, { pacing, task: "decoding a sample" });
  return { points: chosen, positions, masses, count: rows.length };
}

/**
 * The mean structure of a population, from which displacements are measured. A decoder and the particles' poses share the
 * freedom to move the whole molecule. So, if asked, the rigid part of every displacement is removed: the motion that the
 * core shares, the Gaussians that move least against each other.
 */
export class MotionFrame {
  /** Mean centres in Å, each state weighted by the mass of the Gaussian, [3N]. */
  readonly positions: Float64Array;
  /** Mean masses, [N]. */
  readonly masses: Float64Array;
  /** RMS over the sample of the rigid displacement that is removed, averaged over mass, in Å; 0 if none is. */
  readonly rigidSize: number;
  private readonly core: RigidCore | undefined;

  constructor(sample: DecodedSample, removeRigid: boolean) {
    const n = sample.masses.length / sample.count;
    this.masses = new Float64Array(n);
    this.positions = new Float64Array(3 * n);
    for (let s = 0; s < sample.count; s++) {
      for (let i = 0; i < n; i++) this.masses[i]! += sample.masses[s * n + i]! / sample.count;
    }
    // If no amplitude is positive, all Gaussians count alike.
    if (!this.masses.some((mass) => mass > 0)) this.masses.fill(1);
    for (let s = 0; s < sample.count; s++) {
      for (let i = 0; i < n; i++) {
        // A Gaussian that never has mass has its plain mean.
        const mass = this.masses[i]!;
        const share = (mass > 0 ? sample.masses[s * n + i]! / mass : 1) / sample.count;
        for (let a = 3 * i; a < 3 * i + 3; a++) {
          this.positions[a]! += share * sample.positions[s * 3 * n + a]!;
        }
      }
    }
    this.rigidSize = 0;
    if (!removeRigid || n < 3) return;
    const displacements = Array.from({ length: sample.count }, (_, s) =>
      Float64Array.from(this.positions, (x, a) => sample.positions[s * 3 * n + a]! - x),
    );
    this.core = RigidCore.find(displacements, this);
    this.rigidSize = rootMeanSquare(
      displacements.map((displacement) => {
        const rest = displacement.slice();
        this.core!.remove(rest);
        return sizeOf(
          displacement.map((x, a) => x - rest[a]!),
          this.masses,
        );
      }),
    );
  }

  /** Total of the mean masses. */
  get mass(): number {
    return this.masses.reduce((a, b) => a + b, 0);
  }

  /** Displacement from the mean structure in Å, [3N], written to `out`. */
  displacement(positions: ArrayLike<number>, out: Float64Array): void {
    for (let a = 0; a < out.length; a++) out[a] = positions[a]! - this.positions[a]!;
    this.removeRigid(out);
  }

  /** Removes the rigid part of a displacement [3N] in place, if this frame does. */
  removeRigid(displacement: Float64Array): void {
    this.core?.remove(displacement);
  }
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / Math.max(values.length, 1));
}

/** Root mean square of a displacement [3N], weighted by masses [N]. */
export function sizeOf(displacement: ArrayLike<number>, masses: ArrayLike<number>): number {
  let square = 0;
  let total = 0;
  for (let i = 0; i < masses.length; i++) {
    const [x, y, z] = [displacement[3 * i]!, displacement[3 * i + 1]!, displacement[3 * i + 2]!];
    square += masses[i]! * (x * x + y * y + z * z);
    total += masses[i]!;
  }
  return total > 0 ? Math.sqrt(square / total) : 0;
}

const reweightings = 6;

/** Fits small rigid motions, translation + ω × (x − centre), to displacements of a core by weighted least squares. */
class RigidCore {
  private readonly arms: Float64Array;
  /** (Bᵀ W B)⁻¹, 6 × 6. */
  private readonly inverse: Float64Array;

  /** @param weights of each Gaussian in the fit, [N] */
  constructor(
    positions: Float64Array,
    private readonly weights: Float64Array,
  ) {
    const n = weights.length;
    const total = weights.reduce((a, b) => a + b, 0);
    const centre = [0, 0, 0];
    for (let a = 0; a < 3 * n; a++) centre[a % 3]! += (weights[Math.floor(a / 3)]! * positions[a]!) / total;
    this.arms = positions.map((x, a) => x - centre[a % 3]!);
    const normal = new Float64Array(36);
    const basis = new Float64Array(18);
    for (let i = 0; i < n; i++) {
      this.basis(i, basis);
      for (let p = 0; p < 6; p++)
        for (let q = 0; q < 6; q++)
          for (let axis = 0; axis < 3; axis++)
            normal[6 * p + q]! += weights[i]! * basis[3 * p + axis]! * basis[3 * q + axis]!;
    }
    // Gaussians on one line leave a rotation open.
    for (let p = 0; p < 6; p++) normal[7 * p]! += 1e-9 * (normal[7 * p]! + total);
    const lower = new Float64Array(36);
    invertLower(cholesky(normal, 6), 6, lower);
    this.inverse = new Float64Array(36);
    for (let p = 0; p < 6; p++)
      for (let q = 0; q < 6; q++)
        for (let m = Math.max(p, q); m < 6; m++)
          this.inverse[6 * p + q]! += lower[6 * m + p]! * lower[6 * m + q]!;
  }

  /** The core of displacements: Gaussians weigh less, the more they move against those that move least. */
  static find(displacements: readonly Float64Array[], frame: MotionFrame): RigidCore {
    const { positions, masses } = frame;
    let core: RigidCore | undefined;
    for (let round = 0; round < reweightings; round++) {
      const left = new Float64Array(masses.length);
      for (const displacement of displacements) {
        const rest = displacement.slice();
        core?.remove(rest);
        for (let i = 0; i < left.length; i++) {
          left[i]! += rest[3 * i]! ** 2 + rest[3 * i + 1]! ** 2 + rest[3 * i + 2]! ** 2;
        }
      }
      const scale = 4 * Math.max(weightedMedian(left, masses), 1e-6 * Math.max(...left), Number.MIN_VALUE);
      core = new RigidCore(
        positions,
        masses.map((mass, i) => mass / (1 + left[i]! / scale) ** 2),
      );
    }
    return core!;
  }

  remove(displacement: Float64Array): void {
    const { inverse, weights } = this;
    const basis = new Float64Array(18);
    const right = new Float64Array(6);
    for (let i = 0; i < weights.length; i++) {
      this.basis(i, basis);
      for (let p = 0; p < 6; p++)
        for (let axis = 0; axis < 3; axis++)
          right[p]! += weights[i]! * basis[3 * p + axis]! * displacement[3 * i + axis]!;
    }
    const motion = new Float64Array(6);
    for (let p = 0; p < 6; p++) for (let q = 0; q < 6; q++) motion[p]! += inverse[6 * p + q]! * right[q]!;
    for (let i = 0; i < weights.length; i++) {
      this.basis(i, basis);
      for (let p = 0; p < 6; p++)
        for (let axis = 0; axis < 3; axis++) displacement[3 * i + axis]! -= motion[p]! * basis[3 * p + axis]!;
    }
  }

  /** Displacements of Gaussian `i` by the six motions, [6 · 3]: three shifts, and turns about x, y and z. */
  private basis(i: number, out: Float64Array): void {
    const [x, y, z] = [this.arms[3 * i]!, this.arms[3 * i + 1]!, this.arms[3 * i + 2]!];
    out.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, -z, y, z, 0, -x, -y, x, 0]);
  }
}

function weightedMedian(values: Float64Array, weights: Float64Array): number {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const half = weights.reduce((a, b) => a + b, 0) / 2;
  let sum = 0;
  for (const i of order) {
    sum += weights[i]!;
    if (sum >= half) return values[i]!;
  }
  return values[order.at(-1)!]!;
}
