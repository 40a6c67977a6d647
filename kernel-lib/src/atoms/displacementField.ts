import { quaternionOf } from "../model/hornQuaternion";
import { type Blobs, squaredDistance } from "./blobs";
import { CellGrid } from "./cellGrid";

/** A place listens to at least so many Gaussians. */
const neighbours = 12;
/** Standard deviations beyond which a Gaussian has no weight. */
const reach = 3;

/**
 * Carries points by the displacements of Gaussians: each by the rigid motion that fits the displacements around it best,
 * weighted by exp(−d²/2h²) and amplitude (moving least squares; Schaefer et al., SIGGRAPH 2006, in three dimensions), so
 * that the rotation of a domain is carried as such. h is the spacing of the Gaussians; a point outside of them
 * moves with the nearest ones.
 *
 * @param points [n · 3] in Å
 * @param from, to the same Gaussians before and after
 * @returns the moved points, [n · 3]
 */
export function carryPoints(points: Float64Array, from: Blobs, to: Blobs): Float64Array {
  return new PointCarrier(points, from).carry(to);
}

/** As {@link carryPoints} into several states: which Gaussians a point listens to, and how much, is found once. */
export class PointCarrier {
  /** The Gaussians of point i are those from `starts[i]` to `starts[i + 1]`. */
  private readonly starts: Float64Array;
  private readonly indices: Int32Array;
  /** exp(−d²/2h²) of each. */
  private readonly nearness: Float32Array;

  constructor(
    private readonly points: Float64Array,
    private readonly from: Blobs,
  ) {
    const width = gaussianSpacing(from);
    const count = points.length / 3;
    const grids: CellGrid[] = [];
    const enough = Math.min(neighbours, from.count);
    this.starts = new Float64Array(count + 1);
    const indices: number[] = [];
    const nearness: number[] = [];
    for (let i = 0; i < count; i++) {
      for (let wider = 0; ; wider++) {
        const own = width * 1.5 ** wider;
        grids[wider] ??= new CellGrid(from.centres, reach * own);
        grids[wider]!.near(points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!, (j, squared) => {
          indices.push(j);
          nearness.push(Math.exp(-squared / (2 * own * own)));
        });
        if (indices.length - this.starts[i]! >= enough) break;
        indices.length = this.starts[i]!;
        nearness.length = this.starts[i]!;
      }
      this.starts[i + 1] = indices.length;
    }
    this.indices = Int32Array.from(indices);
    this.nearness = Float32Array.from(nearness);
  }

  /** @returns the points in another state of the Gaussians, [n · 3] */
  carry(to: Blobs): Float64Array {
    const { points, from, starts, indices, nearness } = this;
    const moved = points.slice();
    // What is absent in one of the states has no place there.
    const present = from.amplitudes.map((a, i) => Math.min(a, to.amplitudes[i]!) + 1e-9);
    const [before, after] = [from.centres, to.centres];
    // As `rigidFit`, with places relative to the point, in one go: there are millions of pairs.
    for (let i = 0; i < points.length / 3; i++) {
      const px = points[3 * i]!;
      const py = points[3 * i + 1]!;
      const pz = points[3 * i + 2]!;
      let [total, bx, by, bz, ax, ay, az] = [0, 0, 0, 0, 0, 0, 0];
      let [xx, xy, xz, yx, yy, yz, zx, zy, zz] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = starts[i]!, last = starts[i + 1]!; k < last; k++) {
        const at = 3 * indices[k]!;
        const weight = nearness[k]! * present[indices[k]!]!;
        const x = weight * (before[at]! - px);
        const y = weight * (before[at + 1]! - py);
        const z = weight * (before[at + 2]! - pz);
        const u = after[at]! - px;
        const v = after[at + 1]! - py;
        const w = after[at + 2]! - pz;
        total += weight;
        bx += x;
        by += y;
        bz += z;
        ax += weight * u;
        ay += weight * v;
        az += weight * w;
        xx += x * u;
        xy += x * v;
        xz += x * w;
        yx += y * u;
        yy += y * v;
        yz += y * w;
        zx += z * u;
        zy += z * v;
        zz += z * w;
      }
      const [mx, my, mz] = [bx / total, by / total, bz / total];
      const q = quaternionOf([
        xx - mx * ax,
        xy - mx * ay,
        xz - mx * az,
        yx - my * ax,
        yy - my * ay,
        yz - my * az,
        zx - mz * ax,
        zy - mz * ay,
        zz - mz * az,
      ]);
      // x → x + 2 w (v × x) + 2 v × (v × x), for the point relative to the mean of the Gaussians before.
      const [qw, qx, qy, qz] = q;
      const tx = 2 * (qz * my - qy * mz);
      const ty = 2 * (qx * mz - qz * mx);
      const tz = 2 * (qy * mx - qx * my);
      moved[3 * i] = px + ax / total - mx + qw * tx + qy * tz - qz * ty;
      moved[3 * i + 1] = py + ay / total - my + qw * ty + qz * tx - qx * tz;
      moved[3 * i + 2] = pz + az / total - mz + qw * tz + qx * ty - qy * tx;
    }
    return moved;
  }
}

/** In Å: the median distance of a Gaussian from its sixth neighbour, at least 1. */
export function gaussianSpacing({ centres, count }: Blobs): number {
  const sample = Math.min(count, 200);
  const distances = Float64Array.from({ length: sample }, (_, s) => {
    const i = Math.floor((s * count) / sample);
    const squared = Float64Array.from({ length: count }, (_, j) =>
      squaredDistance(centres, i, centres, j),
    ).sort();
    return Math.sqrt(squared[Math.min(6, count - 1)]!);
  }).sort();
  return Math.max(distances[sample >> 1]!, 1);
}
