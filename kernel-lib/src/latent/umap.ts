import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { NeighbourInterpolation } from "./interpolation";
import { KdTree } from "./kdTree";
import { Pacing } from "./pacing";
import { pca, pcaTransform } from "./pca";
import { checkIntegers, countPoints, drawRows, pointsOf } from "./points";

export interface UmapOptions extends TaskOptions {
  /** Dimensions of the map. Default 2. */
  components?: 2 | 3;
  /** Nearest points, itself among them, that each is kept close to: few show detail, many the whole. Default 15. */
  neighbours?: number;
  /** How close points come to each other in the map, in its own units, above 0 and below 1. Default 0.1. */
  minDistance?: number;
  /** Rounds of moving points. Default 200; more change little. */
  epochs?: number;
  /** Points that are mapped, drawn at random where there are more; the others are put among their nearest. Default 10,000. */
  mostPoints?: number;
  /** Default 1. The same seed gives the same map. */
  seed?: number;
}

/** Points in a plane or a space in which neighbours are neighbours as they were before. */
export interface Umap {
  components: 2 | 3;
  /** [n · components], around 0. */
  points: Float32Array;
  /** Rows that were mapped by themselves, ascending. */
  mapped: Uint32Array;
}

/** Steps between two looks at the clock. */
const CHUNK = 256;
/** How often a point is moved away from another, for each time that it is moved towards a neighbour. */
const REPULSIONS = 5;
/** No coordinate is moved farther than this in one step, before the rate. */
const FARTHEST = 4;

/**
 * UMAP (McInnes, Healy and Melville, 2018): weights between neighbours from their distances, then a map in which
 * attraction along the weights and repulsion between any two are in balance. It begins with the principal components, so
 * that the large arrangement is that of the points (Kobak and Linderman, 2021).
 *
 * @param points [n · dimensions]
 * @throws InputError for fewer than three points, points that are not finite, and options beyond their range
 * @throws StoppedError when stopped
 */
export async function umap(
  points: Float32Array,
  dimensions: number,
  options: UmapOptions = {},
): Promise<Umap> {
  const n = countPoints(points, dimensions, 3);
  const { components = 2, neighbours = 15, minDistance = 0.1, mostPoints = 10_000 } = options;
  const { epochs = 200, seed = 1 } = options;
  if (components !== 2 && components !== 3) throw new InputError("components", "2 or 3", String(components));
  checkIntegers({ neighbours }, 3);
  checkIntegers({ mostPoints, epochs }, 1);
  if (!(minDistance > 0 && minDistance < 1)) {
    throw new InputError("minDistance", "a number above 0 and below 1", String(minDistance));
  }
  const pacing = new Pacing(options);
  const rows = drawRows(n, Math.max(mostPoints, 3), seed);
  const m = rows.length;
  const some = m < n ? pointsOf(points, dimensions, rows) : points;
  const random = new Random(seed);
  const graph = await neighbourGraph(some, dimensions, Math.min(neighbours, m), pacing);
  await pacing.turn();
  const layout = beginning(some, dimensions, components, random);
  await arrange(layout, components, graph, curveOf(minDistance), epochs, random, pacing);
  centre(layout, components);
  const mapped = Float32Array.from(layout);
  if (m === n) return { components, points: mapped, mapped: rows };
  const all = await follow(points, dimensions, rows, some, mapped, components, pacing);
  return { components, points: all, mapped: rows };
}

/** Weights between points, both ways: those of the edges of point i are at [start[i], start[i + 1]). */
interface Graph {
  start: Uint32Array;
  to: Uint32Array;
  weight: Float32Array;
}

async function neighbourGraph(
  points: Float32Array,
  dimensions: number,
  k: number,
  pacing: Pacing,
): Promise<Graph> {
  const n = points.length / dimensions;
  await pacing.turn();
  const tree = new KdTree(points, dimensions);
  await pacing.turn();
  const rows = new Int32Array(n * k);
  const squared = new Float64Array(n * k);
  const weights = new Float32Array(n * k);
  for (let i = 0; i < n; i++) {
    tree.nearest(points, i * dimensions, k, rows, squared, i * k);
    fuzzyWeights(squared, weights, rows, i, k);
    if (i % CHUNK === 0 && pacing.due) {
      pacing.report("UMAP: neighbours", i, n);
      await pacing.turn();
    }
  }
  await pacing.turn();
  return joined(rows, weights, n, k);
}

/**
 * Weights of the k neighbours of a point: 1 to the nearest, from there falling with distance on a scale at which they
 * sum to log₂ k. The point itself has none.
 */
function fuzzyWeights(
  squared: Float64Array,
  weights: Float32Array,
  rows: Int32Array,
  i: number,
  k: number,
): void {
  const from = i * k;
  let nearest = 0;
  let mean = 0;
  for (let j = from; j < from + k; j++) {
    const distance = Math.sqrt(squared[j]!);
    if (nearest === 0) nearest = distance;
    mean += distance / k;
  }
  const target = Math.log2(k);
  const weight = (j: number, scale: number) => {
    const beyond = Math.sqrt(squared[j]!) - nearest;
    return beyond <= 0 ? 1 : Math.exp(-beyond / scale);
  };
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let scale = 1;
  for (let step = 0; step < 64; step++) {
    let sum = 0;
    for (let j = from; j < from + k; j++) if (rows[j] !== i) sum += weight(j, scale);
    if (Math.abs(sum - target) < 1e-5) break;
    if (sum > target) high = scale;
    else low = scale;
    scale = high === Number.POSITIVE_INFINITY ? 2 * scale : (low + high) / 2;
  }
  // Points at one place would leave no scale at all.
  scale = Math.max(scale, 1e-3 * mean);
  for (let j = from; j < from + k; j++) weights[j] = rows[j] === i ? 0 : scale > 0 ? weight(j, scale) : 1;
}

/** Weights of both directions as one: that one or the other holds, as of independent events. */
function joined(rows: Int32Array, weights: Float32Array, n: number, k: number): Graph {
  const weightOf = (i: number, j: number) => {
    for (let e = i * k; e < (i + 1) * k; e++) if (rows[e] === j) return weights[e]!;
    return -1;
  };
  const start = new Uint32Array(n + 1);
  const visit = (take: (i: number, j: number, weight: number) => void) => {
    for (let i = 0; i < n; i++) {
      for (let e = i * k; e < (i + 1) * k; e++) {
        const j = rows[e]!;
        if (j === i || weights[e] === 0) continue;
        const back = weightOf(j, i);
        const [one, other] = [weights[e]!, Math.max(back, 0)];
        take(i, j, one + other - one * other);
        // Where the other point does not know this one, it is told here.
        if (back <= 0) take(j, i, one);
      }
    }
  };
  visit((i) => {
    start[i + 1]!++;
  });
  for (let i = 0; i < n; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, n);
  const to = new Uint32Array(start[n]!);
  const weight = new Float32Array(start[n]!);
  visit((i, j, w) => {
    to[next[i]!] = j;
    weight[next[i]!++] = w;
  });
  return { start, to, weight };
}

/** The first principal components, ten units across, with a little noise that parts points at one place. */
function beginning(
  points: Float32Array,
  dimensions: number,
  components: number,
  random: Random,
): Float64Array {
  const used = Math.min(components, dimensions);
  const scores = pcaTransform(pca(points, dimensions), points, used);
  const largest = scores.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const layout = new Float64Array((points.length / dimensions) * components);
  for (let i = 0; i < layout.length; i++) {
    const d = i % components;
    const score = d < used ? scores[Math.floor(i / components) * used + d]! : 0;
    layout[i] = (10 * score) / largest + 1e-3 * random.normal();
  }
  return layout;
}

/** How strongly two points at distance x in the map belong together: 1 / (1 + a x^2b). */
export interface UmapCurve {
  a: number;
  b: number;
}

/**
 * The curve that comes nearest, by least squares over [0, 3], to 1 up to `minDistance` and exp(minDistance − x) beyond:
 * a = 1.577, b = 0.895 for 0.1.
 */
export function curveOf(minDistance: number): UmapCurve {
  const samples = Array.from({ length: 300 }, (_, i) => (3 * i) / 299);
  let [a, b] = [1, 1];
  let damping = 1e-3;
  const residuals = (p: number, q: number) =>
    samples.map((x) => 1 / (1 + p * x ** (2 * q)) - (x < minDistance ? 1 : Math.exp(minDistance - x)));
  const sumOf = (values: number[]) => values.reduce((sum, r) => sum + r * r, 0);
  let now = residuals(a, b);
  for (let step = 0; step < 100; step++) {
    // Levenberg and Marquardt's step in two parameters.
    let [aa, ab, bb, ar, br] = [0, 0, 0, 0, 0];
    for (const [i, x] of samples.entries()) {
      if (x === 0) continue;
      const power = x ** (2 * b);
      const slope = -1 / (1 + a * power) ** 2;
      const da = slope * power;
      const db = slope * a * power * 2 * Math.log(x);
      aa += da * da;
      ab += da * db;
      bb += db * db;
      ar += da * now[i]!;
      br += db * now[i]!;
    }
    const [p, q] = [aa * (1 + damping), bb * (1 + damping)];
    const determinant = p * q - ab * ab;
    const [nextA, nextB] = [a - (q * ar - ab * br) / determinant, b - (p * br - ab * ar) / determinant];
    const next = residuals(nextA, nextB);
    if (sumOf(next) < sumOf(now)) {
      [a, b, now] = [nextA, nextB, next];
      damping /= 10;
    } else {
      damping *= 10;
    }
  }
  return { a, b };
}

/** Moves points towards their neighbours, each as often as its weight says, and away from others drawn at random. */
async function arrange(
  layout: Float64Array,
  components: number,
  { start, to, weight }: Graph,
  { a, b }: UmapCurve,
  epochs: number,
  random: Random,
  pacing: Pacing,
): Promise<void> {
  const n = start.length - 1;
  const heaviest = weight.reduce((most, w) => Math.max(most, w), 0);
  /** Epochs between two visits of each edge, and the next one. */
  const interval = weight.map((w) => heaviest / w);
  const due = interval.slice();
  const attraction = new ForceTable((s) => (-2 * a * b * s ** b) / (s * (1 + a * s ** b)));
  const repulsion = new ForceTable((s) => (2 * b) / ((1e-3 + s) * (1 + a * s ** b)));
  const clip = (x: number) => (x > FARTHEST ? FARTHEST : x < -FARTHEST ? -FARTHEST : x);
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rate = 1 - (epoch - 1) / epochs;
    for (let i = 0; i < n; i++) {
      const own = i * components;
      for (let edge = start[i]!; edge < start[i + 1]!; edge++) {
        if (due[edge]! > epoch) continue;
        due[edge]! += interval[edge]!;
        const other = to[edge]! * components;
        let squared = squaredDistance(layout, own, other, components);
        if (squared > 0) {
          const factor = attraction.at(squared);
          for (let d = 0; d < components; d++) {
            const move = rate * clip(factor * (layout[own + d]! - layout[other + d]!));
            layout[own + d]! += move;
            layout[other + d]! -= move;
          }
        }
        for (let r = 0; r < REPULSIONS; r++) {
          const any = random.integer(n) * components;
          squared = squaredDistance(layout, own, any, components);
          if (squared === 0) continue;
          const factor = repulsion.at(squared);
          for (let d = 0; d < components; d++) {
            layout[own + d]! += rate * clip(factor * (layout[own + d]! - layout[any + d]!));
          }
        }
        if (++steps % CHUNK === 0 && pacing.due) {
          pacing.report("UMAP", epoch - 1, epochs);
          await pacing.turn();
        }
      }
    }
  }
  pacing.report("UMAP", epochs, epochs);
}

/** Distances up to which forces are tabulated, and entries for each unit. */
const TABULATED = 40;
const ENTRIES = 256;

/** A force over squared distance, from a table over distance: powers would take most of the time. */
class ForceTable {
  private readonly values: Float64Array;

  constructor(private readonly force: (squared: number) => number) {
    this.values = Float64Array.from({ length: TABULATED * ENTRIES + 2 }, (_, i) =>
      // At 0 attraction has a pole, which is clipped.
      force((Math.max(i, 0.5) / ENTRIES) ** 2),
    );
  }

  at(squared: number): number {
    const place = Math.sqrt(squared) * ENTRIES;
    if (place >= TABULATED * ENTRIES) return this.force(squared);
    const i = Math.floor(place);
    const below = this.values[i]!;
    return below + (place - i) * (this.values[i + 1]! - below);
  }
}

function squaredDistance(layout: Float64Array, i: number, j: number, components: number): number {
  let sum = 0;
  for (let d = 0; d < components; d++) {
    const difference = layout[i + d]! - layout[j + d]!;
    sum += difference * difference;
  }
  return sum;
}

function centre(layout: Float64Array, components: number): void {
  const n = layout.length / components;
  for (let d = 0; d < components; d++) {
    let mean = 0;
    for (let i = d; i < layout.length; i += components) mean += layout[i]! / n;
    for (let i = d; i < layout.length; i += components) layout[i]! -= mean;
  }
}

/** All points: those that were mapped where they are, the others among their nearest. */
async function follow(
  points: Float32Array,
  dimensions: number,
  rows: Uint32Array,
  some: Float32Array,
  mapped: Float32Array,
  components: number,
  pacing: Pacing,
): Promise<Float32Array> {
  const n = points.length / dimensions;
  const interpolation = new NeighbourInterpolation(some, dimensions, mapped, components);
  const all = new Float32Array(n * components);
  let next = 0;
  for (let i = 0; i < n; i++) {
    if (rows[next] === i) {
      all.set(mapped.subarray(next * components, (next + 1) * components), i * components);
      next++;
    } else {
      interpolation.carry(points, i * dimensions, all, i * components);
    }
    if (i % CHUNK === 0 && pacing.due) {
      pacing.report("UMAP: further points", i, n);
      await pacing.turn();
    }
  }
  return all;
}
