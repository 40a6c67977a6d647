import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { Pacing } from "./pacing";
import { checkClusters, checkIntegers, countPoints, drawRows, pointsOf } from "./points";

/** Points divided into clusters, each around the mean of its members. */
export interface Clusters {
  /** [k · dimensions], ordered by the first coordinate, so that cluster numbers mean something. */
  centres: Float32Array;
  /** Cluster of each point, [n]. */
  labels: Int32Array;
  /** Number of points in each cluster, [k]. */
  sizes: Int32Array;
  /** Mean squared distance of the points from their centres. */
  spread: number;
}

export interface KMeansOptions {
  /** Default 1. */
  seed?: number;
  /** Beginnings of which the best is kept. Default 8. */
  starts?: number;
}

const MOST_ITERATIONS = 300;
/** With more points than this the beginnings are tried on so many of them. */
const BEGINNING = 20_000;
/** Points looked at between two looks at the clock. */
const CHUNK = 512;

/**
 * k-means (Lloyd) from k-means++ beginnings (Arthur and Vassilvitskii, 2007). With more than 20,000 points the beginnings are
 * tried on so many drawn at random; the best goes on with all until less than a thousandth of them changes clusters.
 *
 * Nothing else runs meanwhile: with many points see {@link kMeansTask}.
 * @param points [n · dimensions]
 * @throws InputError for points that are not finite, and unless 1 ≤ k ≤ n
 */
export function kMeans(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: KMeansOptions = {},
): Clusters {
  const work = clustering(points, dimensions, k, options);
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/**
 * {@link kMeans} that can be stopped, tells how far it is, and lets the event loop run: widgets and interrupts are answered.
 * @throws InputError for points that are not finite, and unless 1 ≤ k ≤ n
 * @throws StoppedError when stopped
 */
export async function kMeansTask(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: KMeansOptions & TaskOptions = {},
): Promise<Clusters> {
  const pacing = new Pacing(options);
  const work = clustering(points, dimensions, k, options);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (!pacing.due) continue;
    pacing.report("k-means", step.value, 1);
    await pacing.turn();
  }
}

/** The work in small steps; yields the fraction that is done. */
function* clustering(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: KMeansOptions,
): Generator<number, Clusters> {
  const n = countPoints(points, dimensions, 1);
  checkClusters(k, n);
  const { seed = 1, starts = 8 } = options;
  checkIntegers({ starts }, 1);
  const random = new Random(seed);
  const tried = n > BEGINNING ? drawRows(n, Math.max(BEGINNING, k), seed) : undefined;
  const some = tried ? pointsOf(points, dimensions, tried) : points;
  const all = starts + (tried ? 1 : 0);
  let best: Clusters | undefined;
  for (let start = 0; start < starts; start++) {
    const begun = yield* beginning(some, dimensions, k, random, start / all);
    const found = yield* lloyd(some, dimensions, begun, 0, start / all);
    if (!best || found.spread < best.spread) best = found;
  }
  if (tried) best = yield* lloyd(points, dimensions, best!.centres, n / 1000, starts / all);
  return inOrder(best!, dimensions);
}

function squaredDistance(a: Float32Array, i: number, b: Float32Array, j: number, dimensions: number): number {
  let sum = 0;
  for (let d = 0, p = i * dimensions, q = j * dimensions; d < dimensions; d++, p++, q++) {
    const difference = a[p]! - b[q]!;
    sum += difference * difference;
  }
  return sum;
}

/** Centres drawn among the points, each with a probability that grows with the distance from those before. */
function* beginning(
  points: Float32Array,
  dimensions: number,
  k: number,
  random: Random,
  done: number,
): Generator<number, Float32Array> {
  const n = points.length / dimensions;
  const centres = new Float32Array(k * dimensions);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(n);
  for (let c = 0; c < k; c++) {
    centres.set(points.subarray(chosen * dimensions, (chosen + 1) * dimensions), c * dimensions);
    let total = 0;
    for (let i = 0; i < n; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(points, i, centres, c, dimensions));
      total += nearest[i]!;
      if (i % CHUNK === 0) yield done;
    }
    let target = random.uniform() * total;
    chosen = n - 1;
    for (let i = 0; i < n; i++) {
      target -= nearest[i]!;
      if (target < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centres;
}

/** Moves the centres until no more than `mostChanges` points change to another one. */
function* lloyd(
  points: Float32Array,
  dimensions: number,
  centres: Float32Array,
  mostChanges: number,
  done: number,
): Generator<number, Clusters> {
  const n = points.length / dimensions;
  const k = centres.length / dimensions;
  const labels = new Int32Array(n).fill(-1);
  const sizes = new Int32Array(k);
  let spread = 0;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    let changed = 0;
    spread = 0;
    let farthest = { point: 0, distance: -1 };
    sizes.fill(0);
    for (let i = 0; i < n; i++) {
      let label = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let c = 0; c < k; c++) {
        const distance = squaredDistance(points, i, centres, c, dimensions);
        if (distance < least) {
          least = distance;
          label = c;
        }
      }
      if (labels[i] !== label) changed++;
      labels[i] = label;
      sizes[label]!++;
      spread += least / n;
      if (least > farthest.distance) farthest = { point: i, distance: least };
      if (i % CHUNK === 0) yield done;
    }
    if (changed <= mostChanges) break;
    const sums = new Float64Array(k * dimensions);
    for (let i = 0; i < n; i++) {
      for (let d = 0; d < dimensions; d++) sums[labels[i]! * dimensions + d]! += points[i * dimensions + d]!;
    }
    for (let c = 0; c < k; c++) {
      for (let d = 0; d < dimensions; d++) {
        // A cluster that lost its last point begins anew at the point that is worst placed.
        centres[c * dimensions + d] =
          sizes[c]! > 0 ? sums[c * dimensions + d]! / sizes[c]! : points[farthest.point * dimensions + d]!;
      }
    }
  }
  return { centres, labels, sizes, spread };
}

function inOrder({ centres, labels, sizes, spread }: Clusters, dimensions: number): Clusters {
  const k = sizes.length;
  const order = Array.from({ length: k }, (_, c) => c).sort(
    (a, b) => centres[a * dimensions]! - centres[b * dimensions]!,
  );
  const rank = new Int32Array(k);
  order.forEach((c, r) => {
    rank[c] = r;
  });
  const sorted = new Float32Array(centres.length);
  order.forEach((c, r) => {
    sorted.set(centres.subarray(c * dimensions, (c + 1) * dimensions), r * dimensions);
  });
  return {
    centres: sorted,
    labels: labels.map((label) => rank[label]!),
    sizes: Int32Array.from(order, (c) => sizes[c]!),
    spread,
  };
}
