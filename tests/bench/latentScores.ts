import * as e2 from "e2gmm";

/** Scores of latent coordinates and of decoded motions against the truth of simulated particles. */

/** Column d of points [n · dimensions]. */
export function axisOf(points: ArrayLike<number>, dimensions: number, d: number): Float64Array {
  return Float64Array.from({ length: points.length / dimensions }, (_, i) => points[dimensions * i + d]!);
}

/** Standard deviation. */
export function spread(values: Float64Array): number {
  const mean = values.reduce((sum, v) => sum + v / values.length, 0);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2 / values.length, 0));
}

/**
 * Correlation of two series of directions in radians, |R(a − b) − R(a + b)| with R(x) the length of the mean of exp(ix): the
 * circular correlation coefficient (Jammalamadaka and SenGupta, 2001, section 8.2.1) where one is uniform.
 */
export function circularCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = (sign: number) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      re += Math.cos(a[i]! + sign * b[i]!) / a.length;
      im += Math.sin(a[i]! + sign * b[i]!) / a.length;
    }
    return Math.hypot(re, im);
  };
  return Math.abs(length(-1) - length(1));
}

/** Area under the receiver operating characteristic of a score for 0 or 1, whichever sign is better (Mann and Whitney). */
export function auc(score: ArrayLike<number>, truth: ArrayLike<number>): number {
  const ranks = e2.latent.ranks(score);
  let [ones, sum] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== 1) continue;
    ones++;
    sum += ranks[i]!;
  }
  const area = (sum - (ones * (ones - 1)) / 2) / (ones * (truth.length - ones));
  return Math.max(area, 1 - area);
}

/** Most values of the truth that are taken one by one; more are divided into as many bins of equal size. */
const mostBins = 30;

/**
 * Fraction of the particles whose interval of so many standard deviations covers their true place. The true place of a value of the
 * truth is the mean place of its particles, on the scale on which the truth has slope 1 over the places, as it must have
 * over means of a posterior.
 */
export function coverage(
  places: { means: Float64Array; deviations: Float64Array },
  truth: readonly number[],
  width: number,
): number {
  const { means, deviations } = places;
  const count = truth.length;
  const order = Array.from(truth.keys()).sort((a, b) => truth[a]! - truth[b]!);
  const values = new Set(truth);
  const bin = new Int32Array(count);
  const rank = new Map([...values].sort((a, b) => a - b).map((value, i) => [value, i]));
  for (const [i, particle] of order.entries()) {
    const own = rank.get(truth[particle]!)!;
    bin[particle] = values.size <= mostBins ? own : Math.floor((i * mostBins) / count);
  }
  const [sums, sizes] = [new Float64Array(mostBins), new Float64Array(mostBins)];
  for (let i = 0; i < count; i++) {
    sums[bin[i]!]! += means[i]!;
    sizes[bin[i]!]!++;
  }
  const middle = means.reduce((sum, z) => sum + z / count, 0);
  let [ofMeans, between] = [0, 0];
  for (let i = 0; i < count; i++) {
    const mean = sums[bin[i]!]! / sizes[bin[i]!]!;
    ofMeans += (means[i]! - middle) ** 2;
    between += (means[i]! - middle) * (mean - middle);
  }
  let covered = 0;
  for (let i = 0; i < count; i++) {
    const place = middle + (ofMeans / between) * (sums[bin[i]!]! / sizes[bin[i]!]! - middle);
    if (Math.abs(means[i]! - place) <= width * deviations[i]!) covered++;
  }
  return covered / count;
}

const pairs = (n: number) => (n * (n - 1)) / 2;

/** Adjusted Rand index of two labellings (Hubert and Arabie, 1985). */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [both, first, second] = [
    new Map<string, number>(),
    new Map<number, number>(),
    new Map<number, number>(),
  ];
  const add = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    add(both, `${a[i]} ${b[i]}`);
    add(first, a[i]!);
    add(second, b[i]!);
  }
  const sum = <K>(counts: Map<K, number>) => [...counts.values()].reduce((total, n) => total + pairs(n), 0);
  const expected = (sum(first) * sum(second)) / pairs(a.length);
  return (sum(both) - expected) / ((sum(first) + sum(second)) / 2 - expected);
}

/** The cluster that finds one class best (by its F score): its precision and recall. */
export function foundClass(labels: ArrayLike<number>, isClass: ArrayLike<boolean>) {
  const found = new Map<number, { all: number; right: number }>();
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const cluster = found.get(labels[i]!) ?? { all: 0, right: 0 };
    cluster.all++;
    cluster.right += Number(isClass[i]);
    total += Number(isClass[i]);
    found.set(labels[i]!, cluster);
  }
  const best = [...found.values()].reduce((a, b) =>
    b.right / (b.all + total) > a.right / (a.all + total) ? b : a,
  );
  return { precision: best.right / best.all, recall: best.right / total };
}

/** Size in Å of a decoded motion. */
export interface MotionSize {
  /** Root mean square displacement of the Gaussians, weighted by their mass in the middle state. */
  rms: number;
  /** The same after the best rigid motion of the whole molecule. */
  inner: number;
}

/** Motion from one decoded state to another; Gaussians count as much as in the middle state. */
export function motionSize(
  from: e2.model.GaussianModel,
  to: e2.model.GaussianModel,
  middle: e2.model.GaussianModel,
): MotionSize {
  const { count } = middle;
  const weighted = { ...from, params: from.params.slice() };
  weighted.params.set(middle.params.subarray(3 * count), 3 * count);
  const vectors = e2.model.displacements(from, to);
  let [square, total] = [0, 0];
  for (let i = 0; i < count; i++) {
    const mass = Math.max(0, middle.params[3 * count + i]!) * middle.params[4 * count + i]! ** 3;
    square += mass * Math.hypot(vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!) ** 2;
    total += mass;
  }
  return { rms: Math.sqrt(square / total), inner: e2.model.rigidMotion(weighted, to).rmsd };
}
