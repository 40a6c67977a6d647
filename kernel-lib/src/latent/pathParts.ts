import { InputError } from "../errors";
import { distance, type PathLine } from "./path";
import { type Columns, rowsByLabel } from "./selection";

/*
 * Particles along a path through the latent space. All distances are Euclidean distances over all dimensions of the
 * space, whichever of them a view shows.
 */

/** Projection of points onto a path. */
export interface PlacesOnPath {
  /** Arc length of the nearest point of the path, [n]; NaN for a point with NaN. */
  along: Float64Array;
  /** Distance from that point of the path, [n]. */
  distance: Float64Array;
}

/** Segments that share a bounding sphere. */
const chunkSize = 16;

/**
 * Projects points onto a path: the nearest point of it, of equally near ones the first along the path.
 * @param columns coordinates, one array [n] for each dimension of the path
 * @throws InputError if the path has a different number of dimensions
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const line = e2.latent.pathLine([-1, 0, 0, 1, 1, 0], 2);
 * const { along } = e2.latent.placesOnPath(e2.latent.columnsOf(refined, 2), line);
 * ```
 */
export function placesOnPath(columns: Columns, line: PathLine): PlacesOnPath {
  const dimensions = columns.length;
  if (line.points[0]!.length !== dimensions) {
    throw new InputError("path", `${dimensions} dimensions, as the points have`, `${line.points[0]!.length}`);
  }
  const n = columns[0]!.length;
  const places: PlacesOnPath = {
    along: new Float64Array(n).fill(Number.NaN),
    distance: new Float64Array(n).fill(Number.NaN),
  };
  const projection = new PathProjection(line);
  const point = new Float64Array(dimensions);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dimensions; d++) point[d] = columns[d]![i]!;
    projection.project(point, i, places);
  }
  return places;
}

/** Consecutive segments with a bounding sphere. */
interface Chunk {
  first: number;
  last: number;
  centre: Float64Array;
  radius: number;
}

class PathProjection {
  private readonly chunks: Chunk[];
  private readonly away: Float64Array;

  constructor(private readonly line: PathLine) {
    this.chunks = chunksOf(line);
    this.away = new Float64Array(this.chunks.length);
  }

  /** Projects a point and writes the result to entry i; leaves it as it is for NaN. */
  project(point: Float64Array, i: number, { along, distance: distances }: PlacesOnPath): void {
    const { line, chunks, away } = this;
    // A chunk is nowhere nearer than its centre less its radius, and somewhere at most as far as their sum.
    let most = Number.POSITIVE_INFINITY;
    chunks.forEach(({ centre, radius }, c) => {
      away[c] = distance(point, centre);
      most = Math.min(most, away[c]! + radius);
    });
    let least = Number.POSITIVE_INFINITY;
    for (const [c, { first, last, radius }] of chunks.entries()) {
      if (away[c]! - radius > most * (1 + 1e-9)) continue;
      for (let segment = first; segment <= last; segment++) {
        const fraction = nearestFraction(point, line, segment);
        const squared = squaredDistanceToSegment(point, line, segment, fraction);
        if (squared >= least) continue;
        least = squared;
        const next = Math.min(segment + 1, line.points.length - 1);
        along[i] = line.along[segment]! + fraction * (line.along[next]! - line.along[segment]!);
        distances[i] = Math.sqrt(squared);
      }
    }
  }
}

/** Groups the segments of a path; a path of one point is one segment of length 0. */
function chunksOf({ points }: PathLine): Chunk[] {
  const segments = Math.max(points.length - 1, 1);
  const chunks: Chunk[] = [];
  for (let first = 0; first < segments; first += chunkSize) {
    const last = Math.min(first + chunkSize, segments) - 1;
    const ends = points.slice(first, last + 2);
    const centre = ends[0]!.map((_, d) => ends.reduce((sum, end) => sum + end[d]!, 0) / ends.length);
    const radius = Math.max(...ends.map((end) => distance(end, centre)));
    chunks.push({ first, last, centre, radius });
  }
  return chunks;
}

/** Where on a segment, from 0 to 1, the point nearest to another is. */
function nearestFraction(point: Float64Array, { points }: PathLine, segment: number): number {
  const from = points[segment]!;
  const to = points[segment + 1] ?? from;
  let dot = 0;
  let squared = 0;
  for (let d = 0; d < point.length; d++) {
    const step = to[d]! - from[d]!;
    dot += (point[d]! - from[d]!) * step;
    squared += step * step;
  }
  return squared > 0 ? Math.min(Math.max(dot / squared, 0), 1) : 0;
}

function squaredDistanceToSegment(
  point: Float64Array,
  { points }: PathLine,
  segment: number,
  fraction: number,
): number {
  const from = points[segment]!;
  const to = points[segment + 1] ?? from;
  let sum = 0;
  for (let d = 0; d < point.length; d++) sum += (point[d]! - from[d]! - fraction * (to[d]! - from[d]!)) ** 2;
  return sum;
}

/**
 * Default of {@link PathPartsOptions.maxDistance}: half the largest distance of two points of the path. For a straight
 * path this is half its length; a path that turns back on itself reaches no farther.
 * @example
 * ```ts
 * const reach = e2.latent.reachOfPath(e2.latent.pathLine([0, 0, 2, 0], 2)); // 1
 * ```
 */
export function reachOfPath({ points }: PathLine): number {
  const step = Math.max(1, Math.floor(points.length / 256));
  const some = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  let most = 0;
  for (let i = 0; i < some.length; i++) {
    for (let j = 0; j < i; j++) most = Math.max(most, distance(some[i]!, some[j]!));
  }
  return most / 2;
}

/** Options of {@link partsAlongPath}. */
export interface PathPartsOptions {
  /** Parts with equal numbers of points, or of equal length along the path. Default `count`. */
  by?: "count" | "length";
  /** Points farther from the path than this are in no part. Default {@link reachOfPath}. */
  maxDistance?: number;
}

/** Points divided into parts of a path. */
export interface PathParts {
  /** Rows of each part from the start of the path to its end, ascending; parts may be empty. */
  rows: Uint32Array[];
  /** Arc lengths of the borders of the parts, [parts + 1]; 0 at the start of the path. */
  edges: Float64Array;
  /** Distance from the path beyond which points are in no part. */
  maxDistance: number;
  /** Number of points beyond it. */
  left: number;
}

/**
 * Divides points into parts of a path. Each part is a range of arc length and holds the points that project onto it.
 * Points farther from the path than `maxDistance` are in no part; points beyond an end of the path, but within that
 * distance of it, are in the first or last part. A point on the border of two parts is in the later one.
 *
 * Points with the same arc length, such as all those beyond an end, are always in the same part, so that the numbers of
 * points may differ even with `by: "count"`.
 *
 * @param columns coordinates, one array [n] for each dimension of the path
 * @throws InputError for a path of length 0, unless `parts` is an integer of 1 or more, and for a negative distance
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const line = e2.latent.pathLine([-1, 0, 1, 0], 2);
 * const { rows } = e2.latent.partsAlongPath(e2.latent.columnsOf(refined, 2), line, 4);
 * ```
 */
export function partsAlongPath(
  columns: Columns,
  line: PathLine,
  parts: number,
  options: PathPartsOptions = {},
): PathParts {
  if (!Number.isInteger(parts) || parts < 1) {
    throw new InputError("parts", "an integer of 1 or more", String(parts));
  }
  if (!(line.length > 0)) throw new InputError("path", "two different points", "one");
  const { by = "count", maxDistance = reachOfPath(line) } = options;
  if (!(maxDistance >= 0)) throw new InputError("maxDistance", "0 or more", String(maxDistance));
  const { along, distance: distances } = placesOnPath(columns, line);
  let left = 0;
  for (let i = 0; i < along.length; i++) {
    if (distances[i]! <= maxDistance) continue;
    if (!Number.isNaN(distances[i]!)) left++;
    along[i] = Number.NaN;
  }
  const edges = by === "length" ? equalLengths(line.length, parts) : equalCounts(along, line.length, parts);
  const labels = new Int32Array(along.length).fill(-1);
  for (let i = 0; i < along.length; i++) {
    if (Number.isNaN(along[i]!)) continue;
    let part = parts - 1;
    while (part > 0 && along[i]! < edges[part]!) part--;
    labels[i] = part;
  }
  return { rows: rowsByLabel(labels, parts), edges, maxDistance, left };
}

function equalLengths(length: number, parts: number): Float64Array {
  return Float64Array.from({ length: parts + 1 }, (_, p) => (length * p) / parts);
}

/** Arc lengths between which equal numbers of points lie. */
function equalCounts(along: Float64Array, length: number, parts: number): Float64Array {
  const sorted = along.filter((value) => !Number.isNaN(value)).sort();
  const edges = equalLengths(length, parts);
  if (sorted.length === 0) return edges;
  for (let p = 1; p < parts; p++) {
    edges[p] = sorted[Math.min(Math.ceil((p * sorted.length) / parts), sorted.length - 1)]!;
  }
  return edges;
}
