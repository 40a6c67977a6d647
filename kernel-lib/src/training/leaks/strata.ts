import type { Random } from "../../random";

/** Fewest particles of a stratum, and most strata. */
const fewest = 50;
const most = 10;

/**
 * Rows in the order of how much their images tell about the place, and where the strata of particles that are told equally
 * much begin. A place of which the image tells little is drawn to the middle of all. If that depends on a nuisance (a view that
 * does not show the motion, a defocus with little signal) then so does the distribution of the places, but not its mean.
 * Permutations among particles of a stratum have the same dependence.
 */
export interface Strata {
  /** Row at each place of the order, [n]. */
  order: Int32Array;
  /** First place of each stratum, and the number of rows, [strata + 1]. */
  from: Int32Array;
}

/** Strata by the mean of the posterior variances over the axes. @param deviations [n · latent]; undefined: one stratum */
export function strataOf(count: number, latent: number, deviations: ArrayLike<number> | undefined): Strata {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  if (!deviations) return { order, from: Int32Array.of(0, count) };
  const mean = new Float64Array(latent);
  for (let i = 0; i < count * latent; i++) mean[i % latent]! += deviations[i]! ** 2 / count;
  const width = Float64Array.from(order, (i) => {
    let sum = 0;
    for (let d = 0; d < latent; d++) sum += deviations[i * latent + d]! ** 2 / (mean[d]! || 1);
    return sum;
  });
  order.sort((a, b) => width[a]! - width[b]! || a - b);
  const strata = Math.min(most, Math.max(1, Math.floor(count / fewest)));
  return { order, from: Int32Array.from({ length: strata + 1 }, (_, s) => Math.floor((s * count) / strata)) };
}

/** Permutes `assigned` among the rows of each stratum. @param assigned by row, [n] */
export function permute({ order, from }: Strata, assigned: Int32Array, random: Random): void {
  for (let s = 0; s + 1 < from.length; s++) {
    for (let i = from[s + 1]! - 1; i > from[s]!; i--) {
      const [a, b] = [order[i]!, order[from[s]! + random.integer(i - from[s]! + 1)]!];
      const keep = assigned[a]!;
      assigned[a] = assigned[b]!;
      assigned[b] = keep;
    }
  }
}

/** Fewest particles of a cell whose scatter is measured. */
const fewestOfScatter = 20;

/**
 * Places divided by the standard deviation of those in the same cell of a nuisance, each axis centred and of length 1. Without
 * it, places that scatter more at one end of a nuisance make large regression coefficients more frequent than permutations say.
 * @param places [n · latent]
 */
export function evenScatter(places: Float64Array, latent: number, cells: Int32Array): Float64Array {
  const values = places.slice();
  for (let d = 0; d < latent; d++) {
    const axis = Float64Array.from(cells, (_, i) => places[i * latent + d]!);
    const mean = axis.reduce((sum, x) => sum + x, 0) / axis.length;
    const deviations = cellDeviations(axis, cells);
    const scaled = axis.map((x, i) => (x - mean) / deviations[cells[i]!]!);
    const middle = scaled.reduce((sum, x) => sum + x, 0) / scaled.length;
    const length = Math.sqrt(scaled.reduce((sum, x) => sum + (x - middle) ** 2, 0)) || 1;
    scaled.forEach((x, i) => {
      values[i * latent + d] = (x - middle) / length;
    });
  }
  return values;
}

/** Standard deviation about their mean of the values in each cell; that of all cells for those with few particles. */
function cellDeviations(values: Float64Array, cells: Int32Array): Float64Array {
  const count = 1 + cells.reduce((largest, cell) => Math.max(largest, cell), 0);
  const [n, sum, square] = [0, 1, 2].map(() => new Float64Array(count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  values.forEach((x, i) => {
    const cell = cells[i]!;
    n[cell]!++;
    sum[cell]! += x;
  });
  values.forEach((x, i) => {
    square[cells[i]!]! += (x - sum[cells[i]!]! / n[cells[i]!]!) ** 2;
  });
  const all = Math.sqrt(square.reduce((total, x) => total + x, 0) / values.length) || 1;
  return n.map((of, cell) => (of < fewestOfScatter ? all : Math.sqrt(square[cell]! / of) || all));
}
