import { InputError } from "../errors";
import { KdTree } from "./kdTree";
import { checkIntegers, countPoints } from "./points";

/**
 * Carries places over from one space to another that the same points lie in, such as from UMAP back to the latent space:
 * a mean over the nearest points, weighted by ((R − d) / (R d))² with d the distance of each and R that of the last (Franke
 * and Little; Renka, 1988). Exact at the points, and continuous, so that what is dragged does not jump.
 */
export class NeighbourInterpolation {
  private readonly tree: KdTree;
  private readonly rows: Int32Array;
  private readonly squared: Float64Array;

  /**
   * @param from       where the points lie, [n · fromDimensions]
   * @param to         where they lie in the other space, [n · toDimensions]
   * @param neighbours points that the mean is taken over, the last of them with weight 0. Default 16
   * @throws InputError for no points, points that are nowhere, or another number of them in the two spaces
   */
  constructor(
    from: Float32Array,
    private readonly fromDimensions: number,
    private readonly to: Float32Array,
    private readonly toDimensions: number,
    neighbours = 16,
  ) {
    const n = countPoints(from, fromDimensions, 1);
    if (countPoints(to, toDimensions, 1) !== n) {
      throw new InputError("points", `${n} in both spaces`, `${to.length / toDimensions} in the second`);
    }
    checkIntegers({ neighbours }, 1);
    const k = Math.min(Math.max(neighbours, 2), n);
    this.tree = new KdTree(from, fromDimensions);
    this.rows = new Int32Array(k);
    this.squared = new Float64Array(k);
  }

  /** Where a place of the first space is in the second. @throws InputError for another number of coordinates */
  at(place: ArrayLike<number>): Float32Array {
    const query = Float32Array.from(place);
    if (query.length !== this.fromDimensions || !query.every(Number.isFinite)) {
      throw new InputError("place", `${this.fromDimensions} numbers`, JSON.stringify(Array.from(place)));
    }
    const out = new Float32Array(this.toDimensions);
    this.carry(query, 0, out, 0);
    return out;
  }

  /** As {@link at}, from coordinates at `from` of one array to coordinates at `into` of another. */
  carry(query: Float32Array, from: number, out: Float32Array, into: number): void {
    const { rows, squared, to, toDimensions } = this;
    const k = this.tree.nearest(query, from, rows.length, rows, squared);
    const last = Math.sqrt(squared[k - 1]!);
    const exact = squared[0] === 0;
    for (let d = 0; d < toDimensions; d++) {
      let sum = 0;
      let weights = 0;
      for (let j = 0; j < k; j++) {
        const distance = Math.sqrt(squared[j]!);
        let weight = exact ? 0 : ((last - distance) / (last * distance)) ** 2;
        if (exact && distance === 0) weight = 1;
        sum += weight * to[rows[j]! * toDimensions + d]!;
        weights += weight;
      }
      // Where all are equally far, all count alike.
      out[into + d] = weights > 0 ? sum / weights : meanOf(to, toDimensions, d, rows, k);
    }
  }
}

function meanOf(values: Float32Array, dimensions: number, d: number, rows: Int32Array, k: number): number {
  let sum = 0;
  for (let j = 0; j < k; j++) sum += values[rows[j]! * dimensions + d]!;
  return sum / k;
}
