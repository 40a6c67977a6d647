import { InputError } from "../errors";

/** Options of {@link pathThrough} and {@link pathLine}. */
export interface PathOptions {
  /**
   * `smooth`: a centripetal Catmull-Rom spline through the anchors, which has neither loops nor cusps between unevenly
   * spaced anchors. `straight`: line segments. Default `smooth`.
   */
  shape?: "smooth" | "straight";
  /** Continues from the last anchor back to the first. The stations start at the first and do not repeat it. Default false. */
  closed?: boolean;
}

/** Points at equal distances along a path. */
export interface Path {
  /** Equidistant points from the first anchor to the last, [stations · dimensions]. */
  stations: Float32Array;
  /** Arc length at each anchor, [anchors]. */
  anchorsAt: Float64Array;
  /** Total arc length. */
  length: number;
}

/** A path as a polyline, finely subdivided where it is curved. */
export interface PathLine {
  /** Vertices, each [dimensions]; at least two unless all anchors coincide. */
  points: readonly Float64Array[];
  /** Arc length at each vertex, [vertices]. */
  along: Float64Array;
  /** Total arc length. */
  length: number;
}

/** A vertex of a polyline, [dimensions]. */
type Vertex = Float64Array;

/** Line segments between two anchors of a smooth path. */
const segmentsPerAnchor = 256;

/**
 * A path through anchors in the latent space, sampled evenly by arc length. Consecutive anchors that coincide count once.
 *
 * @param anchors [k · dimensions]; with one anchor, the position of all stations
 * @param count number of stations; a single station is the first anchor
 * @throws InputError for no anchors, coordinates that are not finite, and a count that is not an integer of 1 or more
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { stations } = e2.latent.pathThrough([-1, 0, 0, 1, 1, 0], 2, 5);
 * const first = run.decode(stations.subarray(0, run.latent));
 * ```
 */
export function pathThrough(
  anchors: ArrayLike<number>,
  dimensions: number,
  count: number,
  options: PathOptions = {},
): Path {
  const k = checkedAnchors(anchors, dimensions);
  if (!Number.isInteger(count) || count < 1) {
    throw new InputError("stations", "an integer of 1 or more", String(count));
  }
  const { points, indexOf } = withoutRepeats(anchors, dimensions, k, options.closed ?? false);
  const line = lineThrough(points, options);
  const along = arcLengths(line);
  const length = along[along.length - 1]!;
  const perAnchor = options.shape === "straight" ? 1 : segmentsPerAnchor;
  const stations = new Float32Array(count * dimensions);
  const steps = options.closed ? count : Math.max(count - 1, 1);
  let segment = 0;
  for (let s = 0; s < count; s++) {
    const target = s === steps ? length : (length * s) / steps;
    while (segment + 2 < line.length && along[segment + 1]! < target) segment++;
    const [from, to] = [line[segment]!, line[segment + 1] ?? line[segment]!];
    const span = (along[segment + 1] ?? 0) - along[segment]!;
    const fraction = span > 0 ? (target - along[segment]!) / span : 0;
    for (let d = 0; d < dimensions; d++) {
      stations[s * dimensions + d] = from[d]! + fraction * (to[d]! - from[d]!);
    }
  }
  return { stations, anchorsAt: Float64Array.from(indexOf, (p) => along[p * perAnchor]!), length };
}

/**
 * The path of {@link pathThrough} as a polyline, with every anchor among its vertices.
 * @param anchors [k · dimensions]
 * @throws InputError for no anchors, and coordinates that are not finite
 * @example
 * ```ts
 * const line = e2.latent.pathLine([-1, 0, 0, 1, 1, 0], 2, { closed: true });
 * ```
 */
export function pathLine(
  anchors: ArrayLike<number>,
  dimensions: number,
  options: PathOptions = {},
): PathLine {
  const k = checkedAnchors(anchors, dimensions);
  const { points: distinct } = withoutRepeats(anchors, dimensions, k, options.closed ?? false);
  // Through two anchors the spline is straight and one segment is enough.
  const points = distinct.length < 3 ? polyline(distinct, options.closed) : lineThrough(distinct, options);
  const along = arcLengths(points);
  return { points, along, length: along[along.length - 1]! };
}

/** Euclidean distance of two points. */
export function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d]! - b[d]!) ** 2;
  return Math.sqrt(sum);
}

function checkedAnchors(anchors: ArrayLike<number>, dimensions: number): number {
  const k = anchors.length / dimensions;
  if (!Number.isInteger(k) || k < 1 || !Array.from(anchors).every(Number.isFinite)) {
    throw new InputError(
      "anchors",
      `one or more rows of ${dimensions} finite numbers`,
      `${anchors.length} numbers`,
    );
  }
  return k;
}

/** Drops anchors that coincide with the one before. @returns the others, and the index of every anchor among them */
function withoutRepeats(anchors: ArrayLike<number>, dimensions: number, k: number, closed: boolean) {
  const points: Vertex[] = [];
  const indexOf: number[] = [];
  for (let a = 0; a < k; a++) {
    const point = Float64Array.from({ length: dimensions }, (_, d) => anchors[a * dimensions + d]!);
    const last = points.at(-1);
    if (!last || distance(last, point) > 0) points.push(point);
    indexOf.push(points.length - 1);
  }
  // A closed path must not end with a segment of length 0.
  if (closed && points.length > 1 && distance(points[0]!, points.at(-1)!) === 0) points.pop();
  return { points, indexOf };
}

function lineThrough(points: Vertex[], { shape, closed }: PathOptions): Vertex[] {
  return shape === "straight" ? polyline(points, closed) : spline(points, closed);
}

function polyline(points: Vertex[], closed = false): Vertex[] {
  return closed && points.length > 1 ? [...points, points[0]!] : points;
}

function spline(points: Vertex[], closed = false): Vertex[] {
  const k = points.length;
  if (k < 3) return subdivided(polyline(points, closed));
  const at = (i: number): Vertex => {
    if (closed) return points[(i + k) % k]!;
    // Beyond the ends the anchors are mirrored.
    if (i < 0) return points[0]!.map((x, d) => 2 * x - points[1]![d]!);
    if (i >= k) return points[k - 1]!.map((x, d) => 2 * x - points[k - 2]![d]!);
    return points[i]!;
  };
  const out: Vertex[] = [points[0]!];
  for (let i = 0; i < (closed ? k : k - 1); i++) {
    const four = [at(i - 1), at(i), at(i + 1), at(i + 2)] as const;
    for (let p = 1; p < segmentsPerAnchor; p++) out.push(catmullRom(four, p / segmentsPerAnchor));
    out.push(at(i + 1));
  }
  return out;
}

function subdivided(line: Vertex[]): Vertex[] {
  const out: Vertex[] = [line[0]!];
  for (let i = 0; i + 1 < line.length; i++) {
    for (let p = 1; p < segmentsPerAnchor; p++) out.push(lerp(line[i]!, line[i + 1]!, p / segmentsPerAnchor));
    out.push(line[i + 1]!);
  }
  return out;
}

/** Centripetal Catmull-Rom spline between the second and third of four points (Barry and Goldman, 1988). */
function catmullRom([a, b, c, d]: readonly [Vertex, Vertex, Vertex, Vertex], fraction: number): Vertex {
  const knot = (from: Vertex, to: Vertex) => Math.sqrt(distance(from, to));
  const tb = knot(a, b);
  const tc = tb + knot(b, c);
  const td = tc + knot(c, d);
  const t = tb + fraction * (tc - tb);
  const ab = lerp(a, b, t / tb);
  const bc = lerp(b, c, (t - tb) / (tc - tb));
  const cd = lerp(c, d, (t - tc) / (td - tc));
  return lerp(lerp(ab, bc, t / tc), lerp(bc, cd, (t - tb) / (td - tb)), (t - tb) / (tc - tb));
}

function lerp(a: Vertex, b: Vertex, fraction: number): Vertex {
  return a.map((x, d) => x + fraction * (b[d]! - x));
}

function arcLengths(line: Vertex[]): Float64Array {
  const along = new Float64Array(line.length);
  for (let i = 1; i < line.length; i++) along[i] = along[i - 1]! + distance(line[i - 1]!, line[i]!);
  return along;
}
