import { cholesky, invertLower } from "../../cholesky";
import { InputError } from "../../errors";
import { KdTree, type Neighbours, neighbourBuffers } from "../kdTree";
import { gatherPoints, sampleRows } from "../points";

/** Neighbours whose distance measures how far a place is from the population. */
const edgeNeighbours = 8;
/** Particles that define the edge. */
const edgeSample = 5000;

/**
 * Spread and extent of a population in its latent space. Distances are in units of its own spread, so that no scale of the
 * axes is assumed.
 */
export class Population {
  /** [dimensions] */
  readonly mean: Float64Array;
  /** Standard deviation along each axis, [dimensions]; a small number along an axis where nothing varies. */
  readonly spread: Float64Array;
  /** Covariance, [dimensions · dimensions], positive definite. */
  readonly covariance: Float64Array;
  /** Its inverse. */
  readonly precision: Float64Array;
  /** Inverse of the lower Cholesky factor of the covariance, [dimensions · dimensions]. */
  private readonly whitening: Float64Array;
  private tree: KdTree | undefined;
  private edge = 0;
  private loneliest = 0;
  private readonly near: Neighbours;

  /**
   * @param points [n · dimensions]
   * @throws InputError if all points coincide
   */
  constructor(
    private readonly points: Float32Array,
    readonly dimensions: number,
  ) {
    const n = points.length / dimensions;
    this.mean = new Float64Array(dimensions);
    points.forEach((x, i) => {
      this.mean[i % dimensions]! += x / n;
    });
    this.covariance = new Float64Array(dimensions * dimensions);
    for (let i = 0; i < n; i++)
      for (let d = 0; d < dimensions; d++)
        for (let e = 0; e < dimensions; e++)
          this.covariance[d * dimensions + e]! +=
            ((points[i * dimensions + d]! - this.mean[d]!) * (points[i * dimensions + e]! - this.mean[e]!)) /
            n;
    const largest = Math.max(
      ...Array.from({ length: dimensions }, (_, d) => this.covariance[d * (dimensions + 1)]!),
    );
    if (!(largest > 0)) throw new InputError("points", "points that differ", "the same everywhere");
    for (let d = 0; d < dimensions; d++) this.covariance[d * (dimensions + 1)]! += 1e-8 * largest;
    this.spread = Float64Array.from({ length: dimensions }, (_, d) =>
      Math.sqrt(this.covariance[d * (dimensions + 1)]!),
    );
    this.whitening = new Float64Array(dimensions * dimensions);
    invertLower(cholesky(this.covariance, dimensions), dimensions, this.whitening);
    this.precision = timesTranspose(this.whitening, dimensions);
    this.near = neighbourBuffers(Math.min(edgeNeighbours, n));
  }

  /** A point in units of the population's spread, with unit covariance over the population. */
  whiten(point: ArrayLike<number>, at = 0): Float32Array {
    const { dimensions, whitening, mean } = this;
    const out = new Float32Array(dimensions);
    for (let d = 0; d < dimensions; d++)
      for (let e = 0; e <= d; e++) out[d]! += whitening[d * dimensions + e]! * (point[at + e]! - mean[e]!);
    return out;
  }

  /** The particle that is nearest to the mean, [dimensions]. */
  middle(): Float64Array {
    const { points, dimensions } = this;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < points.length; i += dimensions) {
      const squared = this.whiten(points, i).reduce((sum, x) => sum + x * x, 0);
      if (squared < least) {
        least = squared;
        best = i;
      }
    }
    return Float64Array.from(points.subarray(best, best + dimensions));
  }

  /** Whether particles are around a point: at least as dense as around all but the most lonely 2 % of them. */
  contains(point: ArrayLike<number>): boolean {
    this.tree ??= this.findEdge();
    return this.loneliness(this.tree, this.whiten(point)) <= this.edge;
  }

  /** Whether a point is farther from the particles than each of them is from the others. */
  isFar(point: ArrayLike<number>): boolean {
    this.tree ??= this.findEdge();
    return this.loneliness(this.tree, this.whiten(point)) > this.loneliest;
  }

  private findEdge(): KdTree {
    const { dimensions } = this;
    const sample = gatherPoints(
      this.points,
      dimensions,
      sampleRows(this.points.length / dimensions, edgeSample, 1),
    );
    const whitened = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i += dimensions) whitened.set(this.whiten(sample, i), i);
    const tree = new KdTree(whitened, dimensions);
    const all = Array.from({ length: sample.length / dimensions }, (_, i) =>
      this.loneliness(tree, whitened.subarray(i * dimensions, (i + 1) * dimensions)),
    ).sort((a, b) => a - b);
    this.edge = all[Math.floor(0.98 * (all.length - 1))]!;
    this.loneliest = all.at(-1)!;
    return tree;
  }

  /** Distance of the farthest of the nearest particles. */
  private loneliness(tree: KdTree, whitened: Float32Array): number {
    const k = tree.nearest(whitened, 0, this.near);
    return Math.sqrt(this.near.squared[k - 1]!);
  }
}

/** Mᵀ M of a lower triangular matrix. */
function timesTranspose(lower: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let d = 0; d < size; d++)
    for (let e = 0; e < size; e++)
      for (let m = Math.max(d, e); m < size; m++)
        out[d * size + e]! += lower[m * size + d]! * lower[m * size + e]!;
  return out;
}
