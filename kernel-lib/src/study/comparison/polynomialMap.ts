import { Matrix, solve } from "ml-matrix";
import { pearson } from "../../latent/statistics";

/** Coordinates that are farther from the mean, in standard deviations, are moved there: a cubic curve runs away. */
const farthest = 3;
const highestDegree = 3;
/** Most terms of a polynomial, and fewest points for each of them. */
const mostTerms = 84;
const pointsPerTerm = 20;
/** Most points from which coefficients are found. */
const mostFitted = 20_000;
const folds = 5;
/** A curve is used only if it raises the correlation by this. */
const worthwhile = 0.005;
/** Ridge as a fraction of the mean diagonal element. */
const ridge = 1e-9;

/** What the places in one space say of a coordinate of another. */
export interface Told {
  /** The coordinate as told for each point, standardised, [n]. */
  values: Float64Array;
  /** Correlation of it with the coordinate itself. */
  r: number;
  /** The same where only straight maps are allowed. */
  linear: number;
}

/**
 * Tells coordinates from places in another space by polynomials of degree 1 to 3, so that axes may be turned, exchanged,
 * stretched, mirrored and bent: a motion that is one axis in one space can be a curve in the other. Each point is told by a
 * polynomial that was fitted to others (five-fold cross-validation), so that numbers without a relation correlate with 0.
 * @param points [n · axes]
 * @param targets coordinates of the same points, each [n]
 */
export function toldBy(points: Float32Array, axes: number, targets: readonly Float64Array[]): Told[] {
  const n = points.length / axes;
  const standard = clamped(points, axes);
  const degrees = Array.from({ length: highestDegree }, (_, d) => d + 1).filter(
    (degree) => degree === 1 || termsOf(axes, degree).length <= Math.min(mostTerms, n / pointsPerTerm),
  );
  const scaled = targets.map(standardised);
  const byDegree = degrees.map((degree) => crossValidated(standard, axes, scaled, termsOf(axes, degree)));
  return scaled.map((target, t) => {
    const r = byDegree.map((values) => Math.max(finite(pearson(values[t]!, target)), 0));
    const best = Math.max(...r);
    const chosen = r.findIndex((one) => one >= best - worthwhile);
    return { values: standardised(byDegree[chosen]![t]!), r: r[chosen]!, linear: r[0]! };
  });
}

const finite = (value: number) => (Number.isFinite(value) ? value : 0);

/** With mean 0 and variance 1; zeros if all are equal. */
export function standardised(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  let [mean, square] = [0, 0];
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  for (let i = 0; i < n; i++) square += (values[i]! - mean) ** 2 / n;
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  return Float64Array.from({ length: n }, (_, i) => scale * (values[i]! - mean));
}

/** Coordinate d of each point. */
export const column = (points: Float32Array, axes: number, d: number): Float64Array =>
  Float64Array.from({ length: points.length / axes }, (_, i) => points[i * axes + d]!);

function clamped(points: Float32Array, axes: number): Float64Array {
  const out = new Float64Array(points.length);
  for (let d = 0; d < axes; d++) {
    standardised(column(points, axes, d)).forEach((x, i) => {
      out[i * axes + d] = Math.max(-farthest, Math.min(farthest, x));
    });
  }
  return out;
}

/** Products of coordinates up to a degree, each a list of axes; the first is the constant. */
function termsOf(axes: number, degree: number): number[][] {
  let last: number[][] = [[]];
  const all = [...last];
  for (let d = 0; d < degree; d++) {
    last = last.flatMap((term) =>
      Array.from({ length: axes - (term.at(-1) ?? 0) }, (_, k) => [...term, (term.at(-1) ?? 0) + k]),
    );
    all.push(...last);
  }
  return all;
}

/** Each target at each point, by the polynomial that was fitted without the fold of the point. */
function crossValidated(
  points: Float64Array,
  axes: number,
  targets: readonly Float64Array[],
  terms: readonly number[][],
): Float64Array[] {
  const n = points.length / axes;
  const step = Math.ceil(n / mostFitted);
  const foldOf = (i: number) => Math.floor(i / step) % folds;
  const [p, q] = [terms.length, targets.length];
  const row = new Float64Array(p);
  const sums = Array.from({ length: folds }, () => ({
    gram: new Float64Array(p * p),
    right: new Float64Array(p * q),
  }));
  for (let i = 0; i < n; i += step) {
    fill(row, points, i * axes, terms);
    const { gram, right } = sums[foldOf(i)]!;
    for (let a = 0; a < p; a++) {
      for (let b = 0; b <= a; b++) gram[a * p + b]! += row[a]! * row[b]!;
      for (let t = 0; t < q; t++) right[a * q + t]! += row[a]! * targets[t]![i]!;
    }
  }
  const coefficients = sums.map((_, fold) => {
    const others = sums.filter((_, f) => f !== fold);
    const sum = (of: (one: (typeof sums)[number]) => Float64Array, at: number) =>
      others.reduce((total, one) => total + of(one)[at]!, 0);
    const gram = new Matrix(p, p);
    const right = new Matrix(p, q);
    for (let a = 0; a < p; a++) {
      for (let b = 0; b <= a; b++) {
        const value = sum((one) => one.gram, a * p + b);
        gram.set(a, b, value).set(b, a, value);
      }
      for (let t = 0; t < q; t++)
        right.set(
          a,
          t,
          sum((one) => one.right, a * q + t),
        );
    }
    const added = (ridge * gram.trace()) / p;
    for (let a = 0; a < p; a++) gram.set(a, a, gram.get(a, a) + added);
    return solve(gram, right);
  });
  const told = targets.map(() => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    fill(row, points, i * axes, terms);
    const fold = coefficients[foldOf(i)]!;
    for (const [t, values] of told.entries()) {
      for (let a = 0; a < row.length; a++) values[i]! += row[a]! * fold.get(a, t);
    }
  }
  return told;
}

function fill(row: Float64Array, points: Float64Array, at: number, terms: readonly number[][]): void {
  for (const [a, term] of terms.entries()) {
    row[a] = term.reduce((product, d) => product * points[at + d]!, 1);
  }
}
