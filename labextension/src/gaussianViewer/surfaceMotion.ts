import { distances, type ModelBox, positionsOf } from "./gaussians.js";

/** Standard deviation in Å that is added to those of the Gaussians, so that the colours of a surface change smoothly. */
const smoothing = 2;
/** Gaussians farther than this many standard deviations do not count, except the nearest. */
const reach = 2.5;

/**
 * How far the molecule has moved at each vertex of a surface: the displacements of the Gaussians, weighed by their density there, each
 * widened by 2 Å. A vertex out of reach of all of them takes that of the nearest.
 * @param from,to states [5N]; vertices are places of `to`
 * @param vertices [3V] in Å
 * @returns [V] in Å
 */
export function motionAt(
  vertices: Float32Array,
  from: Float32Array,
  to: Float32Array,
  box: ModelBox,
): Float32Array {
  const count = to.length / 5;
  const moved = distances(from, to, box);
  const centres = positionsOf(to, box);
  const sigma = Float32Array.from({ length: count }, (_, i) =>
    Math.hypot(to[4 * count + i]! * box.apix, smoothing),
  );
  const cells = new Cells(centres, reach * sigma.reduce((most, value) => Math.max(most, value), 1));
  const motion = new Float32Array(vertices.length / 3);
  for (let vertex = 0; vertex < motion.length; vertex++) {
    const place = [vertices[3 * vertex]!, vertices[3 * vertex + 1]!, vertices[3 * vertex + 2]!] as const;
    let [sum, weights] = [0, 0];
    cells.near(place, (i, squared) => {
      const variance = sigma[i]! ** 2;
      if (squared > reach ** 2 * variance) return;
      const weight = (Math.abs(to[3 * count + i]!) / sigma[i]! ** 3) * Math.exp(-squared / (2 * variance));
      sum += weight * moved[i]!;
      weights += weight;
    });
    motion[vertex] = weights > 0 ? sum / weights : moved[nearest(place, centres)]!;
  }
  return motion;
}

function nearest([x, y, z]: readonly [number, number, number], centres: Float32Array): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < centres.length / 3; i++) {
    const squared =
      (centres[3 * i]! - x) ** 2 + (centres[3 * i + 1]! - y) ** 2 + (centres[3 * i + 2]! - z) ** 2;
    if (squared < least) [best, least] = [i, squared];
  }
  return best;
}

/** Places in cubes of one size, so that those near a point are found without looking at all. */
class Cells {
  private readonly lowest = [0, 0, 0];
  private readonly size = [1, 1, 1];
  /** Where the list of each cell begins; one more than there are cells. */
  private readonly starts: Int32Array;
  private readonly members: Int32Array;

  constructor(
    private readonly places: Float32Array,
    private readonly edge: number,
  ) {
    const count = places.length / 3;
    for (let axis = 0; axis < 3; axis++) {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = axis; i < places.length; i += 3) {
        low = Math.min(low, places[i]!);
        high = Math.max(high, places[i]!);
      }
      this.lowest[axis] = low;
      this.size[axis] = 1 + Math.floor(Math.max(0, high - low) / edge);
    }
    const cellOf = Int32Array.from({ length: count }, (_, i) => {
      const [x, y, z] = [0, 1, 2].map((axis) => this.cell(places[3 * i + axis]!, axis)) as [
        number,
        number,
        number,
      ];
      return x + this.size[0]! * (y + this.size[1]! * z);
    });
    this.starts = new Int32Array(this.size.reduce((a, b) => a * b, 1) + 1);
    for (const cell of cellOf) this.starts[cell + 1]!++;
    for (let cell = 1; cell < this.starts.length; cell++) this.starts[cell]! += this.starts[cell - 1]!;
    const next = this.starts.slice();
    this.members = new Int32Array(count);
    for (let i = 0; i < count; i++) this.members[next[cellOf[i]!]!++] = i;
  }

  private cell(place: number, axis: number): number {
    return Math.floor((place - this.lowest[axis]!) / this.edge);
  }

  /** Calls back with all places within an edge of the point, and some others, with the squares of their distances. */
  near([x, y, z]: readonly [number, number, number], each: (index: number, squared: number) => void): void {
    const [nx, ny, nz] = this.size as [number, number, number];
    const [cx, cy, cz] = [this.cell(x, 0), this.cell(y, 1), this.cell(z, 2)];
    for (let k = Math.max(0, cz - 1); k <= Math.min(nz - 1, cz + 1); k++) {
      for (let j = Math.max(0, cy - 1); j <= Math.min(ny - 1, cy + 1); j++) {
        for (let i = Math.max(0, cx - 1); i <= Math.min(nx - 1, cx + 1); i++) {
          const cell = i + nx * (j + ny * k);
          for (let at = this.starts[cell]!; at < this.starts[cell + 1]!; at++) {
            const member = this.members[at]!;
            const squared =
              (this.places[3 * member]! - x) ** 2 +
              (this.places[3 * member + 1]! - y) ** 2 +
              (this.places[3 * member + 2]! - z) ** 2;
            each(member, squared);
          }
        }
      }
    }
  }
}
