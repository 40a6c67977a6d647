import { InputError } from "../../errors";

/** A property of particles that their places must not depend on. */
export interface Nuisance {
  /** For reports, such as `defocus`. */
  name: string;
  /** `direction`: unit vectors. `angle`: degrees on a circle. `groups`: whole numbers that only tell particles apart. */
  kind: "number" | "angle" | "direction" | "groups";
  /** One number for each particle, three for a direction. Particles with NaN are left out. */
  values: ArrayLike<number>;
}

/** Most polynomial degree of a number, and most harmonic of an angle. */
const degree = 3;
const harmonics = 2;
/** What is left of a column after the others are taken out, from which it says something of its own. */
const leastRest = 1e-6;

/** Numbers per particle. */
export function widthOf({ kind }: Nuisance): number {
  return kind === "direction" ? 3 : 1;
}

/** @throws InputError unless there are values for `count` particles */
export function checkNuisance(nuisance: Nuisance, count: number): void {
  const { name, values } = nuisance;
  const expected = count * widthOf(nuisance);
  if (values.length !== expected) throw new InputError(name, `${expected} numbers`, `${values.length}`);
}

/** Particles whose value is known, ascending. */
export function knownRows(nuisance: Nuisance, count: number): Int32Array {
  const width = widthOf(nuisance);
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  return rows.filter((i) => {
    for (let k = 0; k < width; k++) if (!Number.isFinite(nuisance.values[i * width + k]!)) return false;
    return true;
  });
}

/**
 * What the mean place is regressed on, as columns of length 1 that are orthogonal to each other and to a constant: polynomials
 * of the rank of a number to degree 3, the first two harmonics of an angle, real spherical harmonics of degree 1 and 2 of a
 * direction.
 * @returns the columns, [rows] each; none if the value is the same for all
 */
export function regressors(nuisance: Nuisance, rows: Int32Array): Float64Array[] {
  const { kind, values } = nuisance;
  const column = (value: (row: number) => number) => Float64Array.from(rows, value);
  if (kind === "number") {
    const ranked = midRanks(Float64Array.from(rows, (i) => values[i]!));
    const scaled = ranked.map((rank) => (2 * rank) / (rows.length - 1) - 1);
    return orthonormal(Array.from({ length: degree }, (_, d) => scaled.map((x) => x ** (d + 1))));
  }
  if (kind === "angle") {
    const columns: Float64Array[] = [];
    for (let m = 1; m <= harmonics; m++) {
      const angle = (i: number) => (m * values[i]! * Math.PI) / 180;
      columns.push(
        column((i) => Math.cos(angle(i))),
        column((i) => Math.sin(angle(i))),
      );
    }
    return orthonormal(columns);
  }
  const [x, y, z] = [0, 1, 2].map((k) => (i: number) => values[3 * i + k]!) as [Value, Value, Value];
  const products: Value[] = [
    (i) => x(i) * y(i),
    (i) => y(i) * z(i),
    (i) => z(i) * x(i),
    (i) => x(i) ** 2 - y(i) ** 2,
    (i) => 3 * z(i) ** 2 - 1,
  ];
  return orthonormal([x, y, z, ...products].map(column));
}

type Value = (row: number) => number;

/** Ranks from 0; equal values share the mean of their ranks. */
function midRanks(values: Float64Array): Float64Array {
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

/** Centred columns made orthonormal in their order (modified Gram–Schmidt); those that say nothing new are left out. */
export function orthonormal(columns: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = [];
  for (const original of columns) {
    const mean = original.reduce((sum, x) => sum + x, 0) / original.length;
    const column = original.map((x) => x - mean);
    const before = norm(column);
    // Twice, since rounding errors of the first time are as large as what is left.
    for (const base of [...found, ...found]) {
      const along = base.reduce((sum, b, i) => sum + b * column[i]!, 0);
      for (let i = 0; i < column.length; i++) column[i]! -= along * base[i]!;
    }
    const left = norm(column);
    if (!(left > leastRest * before) || left < 1e-12) continue;
    found.push(column.map((x) => x / left));
  }
  return found;
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

/**
 * Cell of each particle, for mutual information: parts with equally many particles of a number, sectors of an angle, regions of
 * equal area of the sphere, or the groups themselves.
 * @param count about how many cells
 */
export function cellsOf(nuisance: Nuisance, rows: Int32Array, count: number): Int32Array {
  const { kind, values } = nuisance;
  if (kind === "groups") return numbered(rows, (i) => values[i]!);
  if (kind === "number") {
    const ranked = midRanks(Float64Array.from(rows, (i) => values[i]!));
    return Int32Array.from(ranked, (rank) => Math.floor((rank * count) / rows.length));
  }
  if (kind === "angle") {
    return Int32Array.from(rows, (i) => {
      const turns = values[i]! / 360;
      return Math.min(count - 1, Math.floor((turns - Math.floor(turns)) * count));
    });
  }
  const centres = spherePoints(count);
  return Int32Array.from(rows, (i) => nearestPoint(values, 3 * i, centres));
}

/** Numbers from 0 for values, in the order of their first occurrence. */
function numbered(rows: Int32Array, value: (row: number) => number): Int32Array {
  const known = new Map<number, number>();
  return Int32Array.from(rows, (row) => {
    const own = value(row);
    const code = known.get(own) ?? known.size;
    known.set(own, code);
    return code;
  });
}

/** Points of a spiral that divide the sphere evenly (Swinbank and Purser, Q. J. R. Meteorol. Soc. 132, 1769, 2006), [3n]. */
function spherePoints(count: number): Float64Array {
  const points = new Float64Array(3 * count);
  const golden = Math.PI * (3 - Math.sqrt(5));
  for (let i = 0; i < count; i++) {
    const z = 1 - (2 * i + 1) / count;
    const radius = Math.sqrt(1 - z * z);
    points.set([radius * Math.cos(golden * i), radius * Math.sin(golden * i), z], 3 * i);
  }
  return points;
}

function nearestPoint(values: ArrayLike<number>, at: number, points: Float64Array): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; 3 * c < points.length; c++) {
    const product =
      values[at]! * points[3 * c]! +
      values[at + 1]! * points[3 * c + 1]! +
      values[at + 2]! * points[3 * c + 2]!;
    if (product > most) [best, most] = [c, product];
  }
  return best;
}
