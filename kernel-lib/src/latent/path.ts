import { InputError } from "../errors";

export interface PathOptions {
  /**
   * `smooth` (default) goes through the anchors on a Catmull-Rom curve, `straight` in straight pieces. The curve is the
   * centripetal one, which makes neither loops nor cusps between anchors at uneven distances.
   */
  shape?: "smooth" | "straight";
  /** Goes on from the last anchor to the first; its stations begin at the first and do not come back to it. Default false. */
  closed?: boolean;
}

export interface Path {
  /** Points at equal distances along the path, [stations · dimensions], from the first anchor to the last. */
  stations: Float32Array;
  /** How far along the path each anchor is, [anchors]. */
  anchorsAt: Float64Array;
  /** Length of the whole. */
  length: number;
}

/** Pieces of a curve between two anchors whose lengths are summed. */
const PIECES = 256;

/**
 * A path through anchors in the latent space, and points on it that are evenly spaced by arc length. Anchors that repeat
 * the one before are passed over.
 *
 * @param anchors [k · dimensions]; one alone gives all stations there
 * @param count number of stations; one alone is the first anchor
 * @throws InputError for no anchors, numbers that are not finite, or a count that is no integer of 1 or more
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
  const along = arcLength(line);
  const length = along[along.length - 1]!;
  const perAnchor = options.shape === "straight" ? 1 : PIECES;
  const stations = new Float32Array(count * dimensions);
  const steps = options.closed ? count : Math.max(count - 1, 1);
  let piece = 0;
  for (let s = 0; s < count; s++) {
    const target = s === steps ? length : (length * s) / steps;
    while (piece + 2 < line.length && along[piece + 1]! < target) piece++;
    const [from, to] = [line[piece]!, line[piece + 1] ?? line[piece]!];
    const span = (along[piece + 1] ?? 0) - along[piece]!;
    const part = span > 0 ? (target - along[piece]!) / span : 0;
    for (let d = 0; d < dimensions; d++) stations[s * dimensions + d] = from[d]! + part * (to[d]! - from[d]!);
  }
  return { stations, anchorsAt: Float64Array.from(indexOf, (p) => along[p * perAnchor]!), length };
}

/** A path as a chain of straight pieces, drawn finely where it is curved. */
export interface PathLine {
  /** Where the pieces meet, each [dimensions]; two at least, unless all anchors are one point. */
  points: readonly Float64Array[];
  /** How far along the path each of them is, [points]. */
  along: Float64Array;
  length: number;
}

/**
 * The line of {@link pathThrough}, with every anchor on it.
 * @param anchors [k · dimensions]
 * @throws InputError for no anchors and for numbers that are not finite
 */
export function pathLine(
  anchors: ArrayLike<number>,
  dimensions: number,
  options: PathOptions = {},
): PathLine {
  const k = checkedAnchors(anchors, dimensions);
  const { points: there } = withoutRepeats(anchors, dimensions, k, options.closed ?? false);
  // Through two anchors the curve is a straight line, and one piece is enough
  const points = there.length < 3 ? polyline(there, options.closed) : lineThrough(there, options);
  const along = arcLength(points);
  return { points, along, length: along[along.length - 1]! };
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

function lineThrough(points: Points, { shape, closed }: PathOptions): Points {
  return shape === "straight" ? polyline(points, closed) : curve(points, closed);
}

/** Points as rows of numbers. */
type Points = Float64Array[];

/** The anchors that are not where the one before is, and the place of every anchor among them. */
function withoutRepeats(anchors: ArrayLike<number>, dimensions: number, k: number, closed: boolean) {
  const points: Points = [];
  const indexOf: number[] = [];
  for (let a = 0; a < k; a++) {
    const point = Float64Array.from({ length: dimensions }, (_, d) => anchors[a * dimensions + d]!);
    const last = points.at(-1);
    if (!last || distance(last, point) > 0) points.push(point);
    indexOf.push(points.length - 1);
  }
  // The way back to the first anchor is no way where the last one lies there already.
  if (closed && points.length > 1 && distance(points[0]!, points.at(-1)!) === 0) points.pop();
  return { points, indexOf };
}

function polyline(points: Points, closed = false): Points {
  return closed && points.length > 1 ? [...points, points[0]!] : points;
}

function curve(points: Points, closed = false): Points {
  const k = points.length;
  if (k < 3) return subdivided(polyline(points, closed));
  const at = (i: number): Float64Array => {
    if (closed) return points[(i + k) % k]!;
    // Beyond the ends the curve is continued by its own mirror image.
    if (i < 0) return points[0]!.map((x, d) => 2 * x - points[1]![d]!);
    if (i >= k) return points[k - 1]!.map((x, d) => 2 * x - points[k - 2]![d]!);
    return points[i]!;
  };
  const out: Points = [points[0]!];
  for (let i = 0; i < (closed ? k : k - 1); i++) {
    const four = [at(i - 1), at(i), at(i + 1), at(i + 2)] as const;
    for (let p = 1; p < PIECES; p++) out.push(catmullRom(four, p / PIECES));
    out.push(at(i + 1));
  }
  return out;
}

function subdivided(line: Points): Points {
  const out: Points = [line[0]!];
  for (let i = 0; i + 1 < line.length; i++) {
    for (let p = 1; p < PIECES; p++) out.push(between(line[i]!, line[i + 1]!, p / PIECES));
    out.push(line[i + 1]!);
  }
  return out;
}

/** The curve between the second and third of four points, by the pyramid of Barry and Goldman (1988). */
function catmullRom(
  [a, b, c, d]: readonly [Float64Array, Float64Array, Float64Array, Float64Array],
  part: number,
): Float64Array {
  const knot = (from: Float64Array, to: Float64Array) => Math.sqrt(distance(from, to));
  const tb = knot(a, b);
  const tc = tb + knot(b, c);
  const td = tc + knot(c, d);
  const t = tb + part * (tc - tb);
  const ab = between(a, b, t / tb);
  const bc = between(b, c, (t - tb) / (tc - tb));
  const cd = between(c, d, (t - tc) / (td - tc));
  return between(between(ab, bc, t / tc), between(bc, cd, (t - tb) / (td - tb)), (t - tb) / (tc - tb));
}

function between(a: Float64Array, b: Float64Array, part: number): Float64Array {
  return a.map((x, d) => x + part * (b[d]! - x));
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d]! - b[d]!) ** 2;
  return Math.sqrt(sum);
}

function arcLength(line: Points): Float64Array {
  const along = new Float64Array(line.length);
  for (let i = 1; i < line.length; i++) along[i] = along[i - 1]! + distance(line[i - 1]!, line[i]!);
  return along;
}
