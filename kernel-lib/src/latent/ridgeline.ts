import { inverse, Matrix } from "ml-matrix";
import { MixtureDensity } from "./mixtureDensity";
import { type MixtureComponents, widened } from "./mixtureParts";
import { UnionFind } from "./unionFind";

/** A gap: the density falls below this fraction of the lower of the two peaks on its sides. */
export const gap = 0.15;
/**
 * Part of the points' errors by which a mixture is blurred before its gaps are looked for: without their errors, Gaussians may shrink
 * to points or lines, and then the smallest difference of their means is a gap.
 */
const blur = 0.25;
/** Points along a ridgeline. */
const steps = 64;

/** How {@link mergedGaussians} merges. */
export interface MergeOptions {
  /** Number of groups, which the shallowest gaps are closed for. Default: as many as there are gaps. */
  wanted?: number | undefined;
  /** Typical error of each coordinate of the points, which the mixture is without, [dimensions]. Default: 0. */
  errors?: ArrayLike<number> | undefined;
}

/**
 * Which Gaussians of a mixture describe one group together, since there is no gap in its density on the ridgeline between
 * them, directly or through others.
 * @returns the group of each Gaussian, [k], numbered by the first coordinate of the groups' means
 */
export function mergedGaussians(
  described: MixtureComponents,
  dimensions: number,
  { wanted, errors }: MergeOptions = {},
): Int32Array {
  const mixture = errors
    ? widened(
        described,
        Float64Array.from(errors, (error) => blur * error),
      )
    : described;
  const k = mixture.weights.length;
  const density = new MixtureDensity(mixture, dimensions);
  const pairs: { a: number; b: number; dip: number }[] = [];
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < a; b++) {
      // A Gaussian that lost all its points is no group.
      const empty = !(mixture.weights[a]! > 0 && mixture.weights[b]! > 0);
      const along = () => ridgeline(mixture, [a, b], dimensions).map((point) => density.evaluate(point, 0));
      pairs.push({ a, b, dip: empty ? 0 : deepestDip(along()) });
    }
  }
  pairs.sort((p, q) => q.dip - p.dip);
  const groups = new UnionFind(k);
  let count = k;
  for (const { a, b, dip } of pairs) {
    if (wanted === undefined ? dip < Math.log(gap) : count <= wanted) break;
    if (groups.union(a, b)) count--;
  }
  return numbered(mixture, dimensions, (c) => groups.find(c));
}

/**
 * Points on the ridgeline of two Gaussians, on which all maxima of their sum lie: for t from 0 to 1
 * ((1 − t) Vₐ⁻¹ + t V_b⁻¹)⁻¹ ((1 − t) Vₐ⁻¹ mₐ + t V_b⁻¹ m_b) (Ray and Lindsay, Ann. Stat. 33, 2042, 2005).
 */
function ridgeline(
  { means, covariances }: MixtureComponents,
  pair: readonly [number, number],
  dimensions: number,
): Float64Array[] {
  const squared = dimensions * dimensions;
  const [p, q] = pair.map((c) =>
    inverse(
      Matrix.from1DArray(dimensions, dimensions, covariances.slice(c * squared, (c + 1) * squared)),
      true,
    ),
  ) as [Matrix, Matrix];
  const [m, o] = pair.map((c) => Matrix.columnVector(means.slice(c * dimensions, (c + 1) * dimensions))) as [
    Matrix,
    Matrix,
  ];
  return Array.from({ length: steps + 1 }, (_, s) => {
    // Evenly spaced t crowd near the wider Gaussian: weigh by the traces.
    const even = s / steps;
    const t = (even * p.trace()) / (even * p.trace() + (1 - even) * q.trace());
    const sum = Matrix.mul(p, 1 - t).add(Matrix.mul(q, t));
    const right = Matrix.mul(p.mmul(m), 1 - t).add(Matrix.mul(q.mmul(o), t));
    return Float64Array.from(inverse(sum, true).mmul(right).to1DArray());
  });
}

/** Logarithm of the density at the deepest dip as a fraction of the lower of the highest values on its two sides. */
function deepestDip(along: readonly number[]): number {
  const n = along.length;
  const after = along.slice();
  for (let s = n - 2; s >= 0; s--) after[s] = Math.max(after[s]!, after[s + 1]!);
  let before = Number.NEGATIVE_INFINITY;
  let deepest = 0;
  for (let s = 0; s < n; s++) {
    before = Math.max(before, along[s]!);
    deepest = Math.min(deepest, along[s]! - Math.min(before, after[s]!));
  }
  return deepest;
}

function numbered(
  { weights, means }: MixtureComponents,
  dimensions: number,
  rootOf: (c: number) => number,
): Int32Array {
  const sums = new Map<number, { weight: number; first: number }>();
  weights.forEach((weight, c) => {
    const group = sums.get(rootOf(c)) ?? { weight: 0, first: 0 };
    // Also a Gaussian without points has its place.
    const share = weight + Number.MIN_VALUE;
    sums.set(rootOf(c), {
      weight: group.weight + share,
      first: group.first + share * means[c * dimensions]!,
    });
  });
  const order = [...sums].sort(([, a], [, b]) => a.first / a.weight - b.first / b.weight);
  const rank = new Map(order.map(([root], g) => [root, g]));
  return Int32Array.from(weights, (_, c) => rank.get(rootOf(c))!);
}
