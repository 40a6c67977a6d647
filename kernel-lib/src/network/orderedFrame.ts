import { EigenvalueDecomposition, Matrix } from "ml-matrix";
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

/**
 * The frame in which a latent space can be read. The axes that change the same kinds of parameters are replaced by the principal
 * components of what they change: with Σ the covariance of the population and G the mean over it of |Δmodel|² per unit step
 * ({@link changeMetrics}), rows of M are eigenvectors of Σ^½GΣ^½ times Σ^−½. So the first axis of each kind is the one along which the
 * particles differ most, and all axes are uncorrelated with unit variance. Kinds are ordered by their largest change; the
 * positive side of an axis is the longer tail of the population. An axis alone of its kind gets its arc length as coordinate.
 *
 * @param z places of the population, [n · latent]
 */
export function orderedFrame(model: FramedModel, z: Float32Array, neutral: GaussianModel): LatentFrame {
  const { latent, roles } = model.spec;
  const decode = (places: Float32Array, count: number) => model.decode(places, count);
  const { position, density } = changeMetrics({ latent, decode, neutral }, z);
  const metric = Matrix.add(position, density);
  const groups = groupsOf(latent, roles).map((axes) => principalAxes(axes, z, metric));
  groups.sort((a, b) => b[0]!.size - a[0]!.size);
  const rows = groups.flat();
  const matrix = Float64Array.from(rows.flatMap(({ row }) => row));
  orientRows(matrix, z, latent);
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

function principalAxes(axes: number[], z: Float32Array, metric: Matrix): FrameRow[] {
  const latent = metric.rows;
  const n = axes.length;
  const count = z.length / latent;
  const covariance = Matrix.zeros(n, n);
  for (let i = 0; i < count; i++) {
    for (const [a, d] of axes.entries()) {
      for (const [b, e] of axes.entries()) {
        covariance.set(a, b, covariance.get(a, b) + (z[i * latent + d]! * z[i * latent + e]!) / count);
      }
    }
  }
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
      for (const [a, d] of axes.entries()) row[d] = rows.get(k, a);
      return { row, size: Math.sqrt(Math.max(size, 0)), alone: n === 1 };
    })
    .sort((a, b) => b.size - a.size);
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
