import { PointCarrier } from "e2gmm/pointCarrier";
import { type ModelBox, positionsOf } from "../gaussians.js";

/**
 * Carries points of an atomic model along with the Gaussians: each with the rigid motion that fits the displacements around it best, as
 * `e2gmm atoms` begins.
 */
export class CarriedTrace {
  private readonly carrier: PointCarrier;

  /**
   * @param points [3A] in Å
   * @param state the Gaussians [5N] among which the points lie there
   */
  constructor(
    points: Float32Array,
    state: Float32Array,
    private readonly box: ModelBox,
  ) {
    this.carrier = new PointCarrier(Float64Array.from(points), blobsOf(state, box));
  }

  /** The points [3A] in Å in another state. */
  in(gaussians: Float32Array): Float32Array {
    return Float32Array.from(this.carrier.carry(blobsOf(gaussians, this.box)));
  }
}

function blobsOf(gaussians: Float32Array, box: ModelBox) {
  const count = gaussians.length / 5;
  return {
    count,
    centres: Float64Array.from(positionsOf(gaussians, box)),
    // What has a negative amplitude holds no atoms
    amplitudes: Float64Array.from(gaussians.subarray(3 * count, 4 * count), (a) => Math.max(a, 0)),
    variances: Float64Array.from(gaussians.subarray(4 * count), (sigma) => (sigma * box.apix) ** 2),
  };
}
