import { InputError } from "../errors";
import { KdTree, type Neighbours, neighbourBuffers } from "./kdTree";
import { checkIntegers, countPoints, type PointSet } from "./points";

/** Options of {@link NeighbourInterpolation}. */
export interface InterpolationOptions {
  /** Neighbours that are averaged, the farthest of them with weight 0. Default 16. */
  neighbours?: number;
}

/**
 * Maps positions between two spaces that contain the same points, such as from UMAP back to the latent space, by a
 * weighted mean over the nearest points. The weights are ((R − d) / (R d))² with d the distance of a point and R that of
 * the farthest (Franke and Little; Renka, 1988). Exact at the points, and continuous.
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const map = await e2.latent.umap(refined, run.latent, { epochs: 20 });
 * const toLatent = new e2.latent.NeighbourInterpolation({ points: map.points, dimensions: 2 }, { points: refined, dimensions: run.latent });
 * const z = toLatent.at([0, 0]);
 * ```
 */
export class NeighbourInterpolation {
  private readonly tree: KdTree;
  private readonly near: Neighbours;

  /**
   * @param from the points in the source space
   * @param to   the same points in the target space
   * @throws InputError for no points, coordinates that are not finite, and a different number of points in the two spaces
   */
  constructor(
    private readonly from: PointSet,
    private readonly to: PointSet,
    options: InterpolationOptions = {},
  ) {
    const { neighbours = 16 } = options;
    const n = countPoints(from.points, from.dimensions, 1);
    const other = countPoints(to.points, to.dimensions, 1);
    if (other !== n) throw new InputError("points", `${n} in both spaces`, `${other} in the second`);
    checkIntegers({ neighbours }, 1);
    this.tree = new KdTree(from.points, from.dimensions);
    this.near = neighbourBuffers(Math.min(Math.max(neighbours, 2), n));
  }

  /**
   * Maps a position from the source to the target space.
   * @throws InputError unless it has as many finite coordinates as the first space has dimensions
   */
  at(place: ArrayLike<number>): Float32Array {
    const query = Float32Array.from(place);
    const { dimensions } = this.from;
    if (query.length !== dimensions || !query.every(Number.isFinite)) {
      throw new InputError("place", `${dimensions} numbers`, JSON.stringify(Array.from(place)));
    }
    const out = new Float32Array(this.to.dimensions);
    this.map(query, 0, out, 0);
    return out;
  }

  /** As {@link at}, without allocation: reads coordinates from `query[from…]` and writes them to `out[into…]`. */
  map(query: Float32Array, from: number, out: Float32Array, into: number): void {
    const { rows, squared } = this.near;
    const { points, dimensions } = this.to;
    const k = this.tree.nearest(query, from, this.near);
    const last = Math.sqrt(squared[k - 1]!);
    const exact = squared[0] === 0;
    for (let d = 0; d < dimensions; d++) {
      let sum = 0;
      let weights = 0;
      for (let j = 0; j < k; j++) {
        const distance = Math.sqrt(squared[j]!);
        let weight = exact ? 0 : ((last - distance) / (last * distance)) ** 2;
        if (exact && distance === 0) weight = 1;
        sum += weight * points[rows[j]! * dimensions + d]!;
        weights += weight;
      }
      // If all neighbours are equally far, all weights are 0: use their plain mean.
      out[into + d] = weights > 0 ? sum / weights : this.mean(d, k);
    }
  }

  private mean(d: number, k: number): number {
    const { points, dimensions } = this.to;
    let sum = 0;
    for (let j = 0; j < k; j++) sum += points[this.near.rows[j]! * dimensions + d]!;
    return sum / k;
  }
}
