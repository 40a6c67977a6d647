import { EigenvalueDecomposition, Matrix, solve } from "ml-matrix";
import type { GaussianModel } from "../model/gaussianModel";
import { ArcLengthScale } from "./arcLength";
import { changeMetrics } from "./changeMetrics";
import type { AxisRoles } from "./decoder";
import { LatentFrame, scalePoints } from "./latentFrame";

/** A decoder of coordinates of the networks. */
export interface FramedModel {
  readonly spec: { latent: number; roles?: AxisRoles | undefined };
  /** Gaussians [n · 5N] at [n · latent]. */
  decode(z: Float32Array, count: number): Float32Array;
}

/** What an {@link orderedFrame} keeps from earlier rounds of training. */
export interface FrameOptions {
  /** Numbers of axes that stay together, in their order: those of earlier rounds, then the new ones. Default: all are one block. */
  blocks?: readonly number[] | undefined;
  /** Kinds of parameters that the axes change. Default: `roles` of the model. */
  roles?: AxisRoles | undefined;
  /** Earlier coordinates of the population on the first axes, [n · their number], whose signs are kept. Default: none. */
  like?: Float32Array | undefined;
}

/**
 * The frame in which a latent space can be read. The axes that change the same kinds of parameters are replaced by the principal
 * components of what they change: with Σ the covariance of the population and G the mean over it of |Δmodel|² per unit step
 * ({@link changeMetrics}), rows of M are eigenvectors of Σ^½GΣ^½ times Σ^−½. So the first axis of each kind is the one along which the
 * particles differ most, and all axes are uncorrelated with unit variance. Kinds are ordered by their largest change; the
 * positive side of an axis is the longer tail of the population. An axis alone of its kind gets its arc length as coordinate.
 *
 * Axes of an earlier round of training stay before those that were added, which have no correlation with those of their kind: the
 * part that follows from these is taken out.
 *
 * @param z places of the population, [n · latent]
 */
export function orderedFrame(
  model: FramedModel,
  z: Float32Array,
  neutral: GaussianModel,
  { blocks = [model.spec.latent], roles = model.spec.roles, like }: FrameOptions = {},
): LatentFrame {
  const { latent } = model.spec;
  const decode = (places: Float32Array, count: number) => model.decode(places, count);
  const { position, density } = changeMetrics({ latent, decode, neutral }, z);
  const metric = Matrix.add(position, density);
  const rows = blocks.flatMap((size, b) => {
    const first = blocks.slice(0, b).reduce((sum, other) => sum + other, 0);
    const groups = groupsOf(latent, roles).flatMap((group) => {
      const axes = group.filter((d) => d >= first && d < first + size);
      const before = group.filter((d) => d < first);
      return axes.length > 0 ? [principalAxes(axes, z, metric, before)] : [];
    });
    groups.sort((a, b) => b[0]!.size - a[0]!.size);
    return groups.flat();
  });
  const matrix = Float64Array.from(rows.flatMap(({ row }) => row));
  orientRows(matrix, z, latent);
  if (like) orientLike(matrix, z, latent, like);
  const linear = new LatentFrame(
    matrix,
    rows.map(() => undefined),
  );
  const inFrame = linear.fromNetwork(z.slice());
  const scales = rows.map(({ alone }, axis) =>
    alone ? scaleOf({ model, linear, neutral, inFrame }, axis) : undefined,
  );
  return new LatentFrame(matrix, scales);
}

/** Axes that change the same kinds of parameters. */
function groupsOf(latent: number, roles: AxisRoles | undefined): number[][] {
  const groups = new Map<string, number[]>();
  for (let axis = 0; axis < latent; axis++) {
    const kind = roles ? `${roles.position.includes(axis)} ${roles.density.includes(axis)}` : "all";
    groups.set(kind, [...(groups.get(kind) ?? []), axis]);
  }
  return [...groups.values()];
}

/** A row of the frame's matrix. */
interface FrameRow {
  row: number[];
  /** Root mean square change along it in the population. */
  size: number;
  /** Whether it is the only axis of its kind. */
  alone: boolean;
}

/** @param before axes of earlier rounds, whose part in these is taken out */
function principalAxes(axes: number[], z: Float32Array, metric: Matrix, before: number[]): FrameRow[] {
  const latent = metric.rows;
  const n = axes.length;
  const covariance = covarianceOf(axes, axes, z, latent);
  // Coefficients of these axes in the earlier ones, by least squares.
  const shared = before.length > 0 ? sharedPart(axes, before, z, latent) : undefined;
  if (shared) covariance.sub(shared.mmul(covarianceOf(before, axes, z, latent)));
  const { realEigenvalues, eigenvectorMatrix: v } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const power = (exponent: number) =>
    v.mmul(Matrix.diag(realEigenvalues.map((x) => Math.max(x, 1e-6) ** exponent))).mmul(v.transpose());
  const root = power(0.5);
  const own = metric.selection(axes, axes);
  const change = new EigenvalueDecomposition(root.mmul(own).mmul(root), { assumeSymmetric: true });
  const rows = change.eigenvectorMatrix.transpose().mmul(power(-0.5));
  return change.realEigenvalues
    .map((size, k) => {
      const row = new Array<number>(latent).fill(0);
      for (const [a, d] of axes.entries()) {
        row[d] = rows.get(k, a);
        for (const [b, e] of before.entries()) row[e]! -= rows.get(k, a) * shared!.get(a, b);
      }
      return { row, size: Math.sqrt(Math.max(size, 0)), alone: n === 1 };
    })
    .sort((a, b) => b.size - a.size);
}

/** Covariances of some axes with others, over a population whose means are 0. */
function covarianceOf(of: number[], and: number[], z: Float32Array, latent: number): Matrix {
  const count = z.length / latent;
  const covariance = Matrix.zeros(of.length, and.length);
  for (let i = 0; i < count; i++) {
    for (const [a, d] of of.entries()) {
      for (const [b, e] of and.entries()) {
        covariance.set(a, b, covariance.get(a, b) + (z[i * latent + d]! * z[i * latent + e]!) / count);
      }
    }
  }
  return covariance;
}

/** Coefficients of the axes in the earlier ones, [axes · before]. */
function sharedPart(axes: number[], before: number[], z: Float32Array, latent: number): Matrix {
  const own = covarianceOf(before, before, z, latent);
  for (let b = 0; b < before.length; b++) own.set(b, b, own.get(b, b) + 1e-6);
  return solve(own, covarianceOf(before, axes, z, latent)).transpose();
}

/** Turns the first rows so that each has the sign of the earlier coordinate that it agrees with most, [n · k]. */
function orientLike(matrix: Float64Array, z: Float32Array, latent: number, like: Float32Array): void {
  const count = z.length / latent;
  const k = like.length / count;
  for (let a = 0; a < k; a++) {
    const products = new Float64Array(k);
    for (let i = 0; i < count; i++) {
      let y = 0;
      for (let d = 0; d < latent; d++) y += matrix[a * latent + d]! * z[i * latent + d]!;
      for (let b = 0; b < k; b++) products[b]! += y * like[i * k + b]!;
    }
    const most = products.reduce((best, p) => (Math.abs(p) > Math.abs(best) ? p : best), 0);
    if (most < 0) for (let d = 0; d < latent; d++) matrix[a * latent + d] = -matrix[a * latent + d]!;
  }
}

/** Turns rows of the matrix so that the longer tail of the population is on the positive side. */
function orientRows(matrix: Float64Array, z: Float32Array, latent: number): void {
  for (let a = 0; a < latent; a++) {
    let skew = 0;
    for (let at = 0; at < z.length; at += latent) {
      let y = 0;
      for (let d = 0; d < latent; d++) y += matrix[a * latent + d]! * z[at + d]!;
      skew += y ** 3;
    }
    if (skew < 0) for (let d = 0; d < latent; d++) matrix[a * latent + d] = -matrix[a * latent + d]!;
  }
}

/** What the arc length along an axis is measured from. */
interface ScaleSource {
  model: FramedModel;
  linear: LatentFrame;
  neutral: GaussianModel;
  /** Places of the population in the linear frame. */
  inFrame: Float32Array;
}

/** The arc length along an axis of the linear frame, the others at 0. */
function scaleOf({ model, linear, neutral, inFrame }: ScaleSource, axis: number): ArcLengthScale | undefined {
  const { latent } = linear;
  const own = inFrame.filter((_, i) => i % latent === axis);
  const low = own.reduce((a, b) => Math.min(a, b));
  const high = own.reduce((a, b) => Math.max(a, b));
  const margin = 0.2 * (high - low);
  const at = Float32Array.from(
    { length: scalePoints },
    (_, p) => low - margin + ((high - low + 2 * margin) * p) / (scalePoints - 1),
  );
  const points = new Float32Array(scalePoints * latent);
  for (const [p, value] of at.entries()) points[p * latent + axis] = value;
  return ArcLengthScale.measure(at, model.decode(linear.toNetwork(points), scalePoints), neutral, own);
}
