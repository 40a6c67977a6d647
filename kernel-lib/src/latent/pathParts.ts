import { InputError } from "../errors";
import type { PathLine } from "./path";
import { type Columns, rowsByLabel } from "./selection";

/**
 * Particles along a path that is drawn through the latent space. Distances are Euclidean distances in that space, over all
 * of its dimensions, whichever of them a view shows.
 */

/** Where points are beside a path. */
export interface PlacesOnPath {
  /** Arc length from the start of the path to the point of it that is nearest, [n]; NaN for a point with NaN. */
  along: Float64Array;
  /** Distance to that point of the path, [n]. */
  distance: Float64Array;
}

/** Pieces of the path that are looked at together. */
const CHUNK = 16;

/**
 * The nearest point of a path to each of many points; of equally near ones the first along the path.
 * @param columns one array of n coordinates for each dimension of the path
 * @throws InputError where the path has another number of dimensions
 */
export function placesOnPath(columns: Columns, line: PathLine): PlacesOnPath {
  const dimensions = columns.length;
  if (line.points[0]!.length !== dimensions) {
    throw new InputError("path", `${dimensions} dimensions, as the points have`, `${line.points[0]!.length}`);
  }
  const n = columns[0]!.length;
  const chunks = chunksOf(line);
  const along = new Float64Array(n).fill(Number.NaN);
  const distance = new Float64Array(n).fill(Number.NaN);
  const point = new Float64Array(dimensions);
  const away = new Float64Array(chunks.length);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dimensions; d++) point[d] = columns[d]![i]!;
    // Nothing in a chunk is nearer than its middle less its radius; some point of it is no farther than the sum
    let most = Number.POSITIVE_INFINITY;
    chunks.forEach(({ middle, radius }, c) => {
      away[c] = distanceOf(point, middle);
      most = Math.min(most, away[c]! + radius);
    });
    let least = Number.POSITIVE_INFINITY;
    for (const [c, { first, last, radius }] of chunks.entries()) {
      if (away[c]! - radius > most * (1 + 1e-9)) continue;
      for (let piece = first; piece <= last; piece++) {
        const part = nearestPart(point, line, piece);
        const squared = squaredDistance(point, line, piece, part);
        if (squared >= least) continue;
        least = squared;
        const next = Math.min(piece + 1, line.points.length - 1);
        along[i] = line.along[piece]! + part * (line.along[next]! - line.along[piece]!);
        distance[i] = Math.sqrt(squared);
      }
    }
  }
  return { along, distance };
}

interface Chunk {
  first: number;
  last: number;
  middle: Float64Array;
  radius: number;
}

/** Consecutive pieces of a path, each chunk with a ball that holds it. A path of one point is one piece of no length. */
function chunksOf({ points }: PathLine): Chunk[] {
  const pieces = Math.max(points.length - 1, 1);
  const chunks: Chunk[] = [];
  for (let first = 0; first < pieces; first += CHUNK) {
    const last = Math.min(first + CHUNK, pieces) - 1;
    const ends = points.slice(first, last + 2);
    const middle = ends[0]!.map((_, d) => ends.reduce((sum, end) => sum + end[d]!, 0) / ends.length);
    const radius = Math.max(...ends.map((end) => distanceOf(end, middle)));
    chunks.push({ first, last, middle, radius });
  }
  return chunks;
}

/** How far along a piece, from 0 to 1, its point nearest to another is. */
function nearestPart(point: Float64Array, { points }: PathLine, piece: number): number {
  const from = points[piece]!;
  const to = points[piece + 1] ?? from;
  let dot = 0;
  let squared = 0;
  for (let d = 0; d < point.length; d++) {
    const step = to[d]! - from[d]!;
    dot += (point[d]! - from[d]!) * step;
    squared += step * step;
  }
  return squared > 0 ? Math.min(Math.max(dot / squared, 0), 1) : 0;
}

function squaredDistance(point: Float64Array, { points }: PathLine, piece: number, part: number): number {
  const from = points[piece]!;
  const to = points[piece + 1] ?? from;
  let sum = 0;
  for (let d = 0; d < point.length; d++) sum += (point[d]! - from[d]! - part * (to[d]! - from[d]!)) ** 2;
  return sum;
}

function distanceOf(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d]! - b[d]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * How far from a path its parts reach where nothing else is asked for: half the distance between the two points of it that
 * are farthest apart. For a straight path this is half its length; one that turns back on itself reaches no farther.
 */
export function reachOfPath({ points }: PathLine): number {
  const step = Math.max(1, Math.floor(points.length / 256));
  const some = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  let most = 0;
  for (let i = 0; i < some.length; i++) {
    for (let j = 0; j < i; j++) most = Math.max(most, distanceOf(some[i]!, some[j]!));
  }
  return most / 2;
}

export interface PathPartsOptions {
  /** Parts of equally many points, or of equal length along the path. Default `count`. */
  by?: "count" | "length";
  /** Points farther from the path than this are in no part. Default {@link reachOfPath}. */
  maxDistance?: number;
}

export interface PathParts {
  /** Rows of each part, from the start of the path to its end, ascending; some may be empty. */
  rows: Uint32Array[];
  /** Arc lengths at which the parts begin and end, [parts + 1]; 0 at the start of the path. */
  edges: Float64Array;
  /** The distance beyond which points are in no part. */
  maxDistance: number;
  /** Points that are farther from the path than that. */
  left: number;
}

/**
 * Divides points into parts of a path: each is a range of arc length, and holds the points whose nearest point on the path
 * lies in it. Points farther from the path than `maxDistance` are in none; those beyond an end of the path, and no farther
 * from that end, are in its first or last part. A point on the border of two parts is in the later one.
 *
 * Points of one arc length are never in different parts, so that parts of equal count may differ where many points share
 * one, as all those beyond an end do.
 *
 * @throws InputError for a path of no length, unless `parts` is an integer of 1 or more, and for a distance below 0
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
  const { along, distance } = placesOnPath(columns, line);
  let left = 0;
  for (let i = 0; i < along.length; i++) {
    if (distance[i]! <= maxDistance) continue;
    if (!Number.isNaN(distance[i]!)) left++;
    along[i] = Number.NaN;
  }
  const edges = by === "length" ? evenEdges(line.length, parts) : countedEdges(along, line.length, parts);
  const labels = new Int32Array(along.length).fill(-1);
  for (let i = 0; i < along.length; i++) {
    if (Number.isNaN(along[i]!)) continue;
    let part = parts - 1;
    while (part > 0 && along[i]! < edges[part]!) part--;
    labels[i] = part;
  }
  return { rows: rowsByLabel(labels, parts), edges, maxDistance, left };
}

function evenEdges(length: number, parts: number): Float64Array {
  return Float64Array.from({ length: parts + 1 }, (_, p) => (length * p) / parts);
}

/** Arc lengths between which equally many points lie. */
function countedEdges(along: Float64Array, length: number, parts: number): Float64Array {
  const sorted = along.filter((value) => !Number.isNaN(value)).sort();
  const edges = evenEdges(length, parts);
  if (sorted.length === 0) return edges;
  for (let p = 1; p < parts; p++) {
    edges[p] = sorted[Math.min(Math.ceil((p * sorted.length) / parts), sorted.length - 1)]!;
  }
  return edges;
}
