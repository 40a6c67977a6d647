import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { cholesky, invertLower } from "../../cholesky";
import type { Pacing } from "../pacing";
import { type DecodedState, type MotionDecoder, visitDecoded, visitFew } from "./decoder";
import type { MotionFrame } from "./motionFrame";
import { stepAlong } from "./patterns";
import type { Population } from "./population";

/**
 * How much a part of the molecule moves along directions d of the latent space: √(dᵀ G d) in Å, root mean square weighted by
 * mass, with G = JᵀJ and J the derivative of the centres. Symmetric, [latent · latent].
 */
export type Metric = Float64Array;

/** The metrics at one point of the population, or means of them. */
export interface Metrics {
  /** Of each region. */
  inside: Metric[];
  /** Of what is outside of each region. */
  outside: Metric[];
  /** Of the whole molecule. */
  whole: Metric;
}

/** Mean metrics over a sample of a population. */
export interface MetricSample {
  mean: Metrics;
  /** Mean derivatives of the centres in Å, weighted by mass: one displacement [3N] for each axis. */
  derivatives: Float64Array[];
}

/** What derivatives are taken of. */
export interface MetricSettings {
  frame: MotionFrame;
  population: Population;
  /** Gaussians of each region. */
  regions: readonly Int32Array[];
}

/** Derivatives by central differences at points [count · latent], without rigid parts if the frame removes them. */
export async function measureMetrics(
  decoder: MotionDecoder,
  points: Float32Array,
  settings: MetricSettings,
  pacing: Pacing,
): Promise<MetricSample> {
  const { latent } = decoder;
  const n = settings.frame.masses.length;
  const weights = new Float64Array(n);
  const derivatives = Array.from({ length: latent }, () => new Float64Array(3 * n));
  const at: Metrics[] = [];
  const measure = new DerivativeReader(latent, settings, (columns, masses, metrics) => {
    at.push(metrics);
    for (let i = 0; i < n; i++) weights[i]! += masses[i]!;
    columns.forEach((column, d) => {
      for (let a = 0; a < 3 * n; a++) derivatives[d]![a]! += masses[Math.floor(a / 3)]! * column[a]!;
    });
  });
  const task = "derivatives of the motion";
  await visitDecoded(decoder, measure.pointsAround(points), measure.visit, { pacing, task });
  for (const derivative of derivatives) {
    for (let a = 0; a < 3 * n; a++) derivative[a]! /= weights[Math.floor(a / 3)]! || 1;
  }
  return { mean: meanMetrics(at), derivatives };
}

/** The metrics at one point. */
export function metricsAt(decoder: MotionDecoder, z: ArrayLike<number>, settings: MetricSettings): Metrics {
  let found: Metrics | undefined;
  const measure = new DerivativeReader(decoder.latent, settings, (_columns, _masses, metrics) => {
    found = metrics;
  });
  visitFew(decoder, measure.pointsAround(Float32Array.from(z)), measure.visit);
  return found!;
}

/** Collects states one step ahead and behind along each axis into derivatives. */
class DerivativeReader {
  private readonly steps: number[];
  private readonly columns: Float64Array[];
  private readonly masses: Float64Array;
  private readonly flags: Uint8Array[];

  /** @param found called for each point with the derivatives along each axis [3N], the masses, and the metrics */
  constructor(
    private readonly latent: number,
    private readonly settings: MetricSettings,
    private readonly found: (
      columns: readonly Float64Array[],
      masses: Float64Array,
      metrics: Metrics,
    ) => void,
  ) {
    const { frame, population, regions } = settings;
    const n = frame.masses.length;
    this.steps = Array.from({ length: latent }, (_, d) => stepAlong(population, d));
    this.columns = this.steps.map(() => new Float64Array(3 * n));
    this.masses = new Float64Array(n);
    this.flags = regions.map((indices) => {
      const inside = new Uint8Array(n);
      for (const i of indices) inside[i] = 1;
      return inside;
    });
  }

  /** The points to be visited: for each point and axis one ahead and one behind. */
  pointsAround(points: Float32Array): Float32Array {
    return pointsAround(points, this.latent, this.steps);
  }

  readonly visit = (row: number, state: DecodedState): void => {
    const { latent, columns, masses, steps } = this;
    const { frame } = this.settings;
    const d = Math.floor(row / 2) % latent;
    const sign = row % 2 === 0 ? 1 : -1;
    const column = columns[d]!;
    if (row % (2 * latent) === 0) masses.fill(0);
    if (sign > 0) column.fill(0);
    for (let a = 0; a < column.length; a++) column[a]! += (sign * state.positions[a]!) / (2 * steps[d]!);
    for (let i = 0; i < masses.length; i++) masses[i]! += state.masses[i]! / (2 * latent);
    if (sign < 0) frame.removeRigid(column);
    if (row % (2 * latent) !== 2 * latent - 1) return;
    this.found(columns, masses, metricsOf(columns, { masses, mean: frame.masses, flags: this.flags }));
  };
}

/** For each point and axis the points one step ahead and one behind. */
function pointsAround(points: Float32Array, latent: number, steps: readonly number[]): Float32Array {
  const count = points.length / latent;
  const around = new Float32Array(count * 2 * latent * latent);
  for (let row = 0; row < count * 2 * latent; row++) {
    const from = Math.floor(row / (2 * latent)) * latent;
    const d = Math.floor(row / 2) % latent;
    around.set(points.subarray(from, from + latent), row * latent);
    around[row * latent + d]! += (row % 2 === 0 ? 1 : -1) * steps[d]!;
  }
  return around;
}

/** @param mean masses by which metrics are divided, so that what is absent from a state does not move */
function metricsOf(
  columns: readonly Float64Array[],
  { masses, mean, flags }: { masses: Float64Array; mean: Float64Array; flags: readonly Uint8Array[] },
): Metrics {
  const latent = columns.length;
  const total = { inside: flags.map(() => 0), whole: 0 };
  const zero = () => new Float64Array(latent * latent);
  const found: Metrics = { inside: flags.map(zero), outside: flags.map(zero), whole: zero() };
  for (let i = 0; i < masses.length; i++) {
    total.whole += mean[i]!;
    flags.forEach((flag, r) => {
      if (flag[i]) total.inside[r]! += mean[i]!;
    });
    for (let d = 0; d < latent; d++)
      for (let e = 0; e <= d; e++) {
        const [p, q] = [columns[d]!, columns[e]!];
        const dot = p[3 * i]! * q[3 * i]! + p[3 * i + 1]! * q[3 * i + 1]! + p[3 * i + 2]! * q[3 * i + 2]!;
        const at = d * latent + e;
        found.whole[at]! += masses[i]! * dot;
        flags.forEach((flag, r) => {
          (flag[i] ? found.inside : found.outside)[r]![at]! += masses[i]! * dot;
        });
      }
  }
  flags.forEach((_, r) => {
    finish(found.inside[r]!, latent, total.inside[r]!);
    finish(found.outside[r]!, latent, total.whole - total.inside[r]!);
  });
  finish(found.whole, latent, total.whole);
  return found;
}

/** Divides by the mass, and fills the upper triangle. */
function finish(metric: Metric, latent: number, mass: number): void {
  for (let d = 0; d < latent; d++)
    for (let e = 0; e <= d; e++) {
      metric[d * latent + e]! /= mass > 0 ? mass : 1;
      metric[e * latent + d] = metric[d * latent + e]!;
    }
}

function meanMetrics(all: readonly Metrics[]): Metrics {
  const mean = (pick: (metrics: Metrics) => Metric): Metric => {
    const out = new Float64Array(pick(all[0]!).length);
    for (const metrics of all) {
      const metric = pick(metrics);
      for (let e = 0; e < out.length; e++) out[e]! += metric[e]! / all.length;
    }
    return out;
  };
  return {
    inside: all[0]!.inside.map((_, r) => mean((metrics) => metrics.inside[r]!)),
    outside: all[0]!.outside.map((_, r) => mean((metrics) => metrics.outside[r]!)),
    whole: mean((metrics) => metrics.whole),
  };
}

/** Motion along a direction in Å: √(dᵀ G d). */
export function motionAlong(metric: Metric, direction: ArrayLike<number>): number {
  return Math.sqrt(Math.max(innerProduct(metric, direction, direction), 0));
}

/** dᵀ G e. */
export function innerProduct(metric: Metric, d: ArrayLike<number>, e: ArrayLike<number>): number {
  let sum = 0;
  for (let p = 0; p < d.length; p++)
    for (let q = 0; q < d.length; q++) sum += d[p]! * metric[p * d.length + q]! * e[q]!;
  return sum;
}

/** A direction of the latent space, and the ratio that it maximizes. */
export interface EigenDirection {
  /** With 1 Å inside the region, [latent]. */
  direction: Float64Array;
  /** |J_in d|² / (|J_out d|² + ε |d|²) with |d| in units of the population's spread. */
  ratio: number;
}

/** A direction by one standard deviation of the population costs as much as this fraction of the region's motion outside. */
const floor = 0.05;

/**
 * The directions of a region's local eigenmotions: G_in d = λ (G_out + ε C⁻¹) d, largest λ first, with C the covariance of
 * the population. Without ε, directions in which nearly nothing moves could win.
 * @param apart other regions, each of which counts as much as all that is outside: a small one would weigh little in it
 */
export function eigenDirections(
  { inside, outside }: Metrics,
  { region, apart }: { region: number; apart: readonly number[] },
  { precision, covariance }: Population,
): EigenDirection[] {
  const metric = inside[region]!;
  const size = Math.sqrt(metric.length);
  let square = 0;
  for (let e = 0; e < metric.length; e++) square += metric[e]! * covariance[e]!;
  const least = Math.max(floor ** 2 * square, 1e-12);
  const divisor = outside[region]!.map((x, e) => {
    const others = apart.reduce((sum, other) => sum + inside[other]![e]!, 0);
    return x + others + least * precision[e]!;
  });
  const lower = new Float64Array(metric.length);
  invertLower(cholesky(divisor, size), size, lower);
  const whitening = Matrix.from1DArray(size, size, lower);
  const symmetric = whitening.mmul(Matrix.from1DArray(size, size, metric)).mmul(whitening.transpose());
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  return [...realEigenvalues.keys()]
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
    .map((k) => {
      const direction = Float64Array.from(
        whitening
          .transpose()
          .mmul(Matrix.columnVector(eigenvectorMatrix.getColumn(k)))
          .to1DArray(),
      );
      const length = motionAlong(metric, direction);
      return {
        direction: direction.map((x) => (length > 0 ? x / length : 0)),
        ratio: Math.max(realEigenvalues[k]!, 0),
      };
    });
}
