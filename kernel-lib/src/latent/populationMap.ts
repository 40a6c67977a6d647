import { InputError } from "../errors";
import { evenly } from "../training/evidence/sample";
import { withoutPrior } from "./deconvolution";
import { bestDivision, classesOfErrors, classOf, PartLikelihoods } from "./deconvolvedWeights";

/** Options of {@link populationMap}. */
export interface PopulationMapOptions {
  /** Places along each coordinate at which the density is given. Default 48. */
  places?: number;
  /** Standard deviations of the Gaussians that the density consists of, in units of the coordinates. Default: by cross-validation. */
  bandwidth?: readonly [number, number];
}

/** The distribution of a population along two coordinates. */
export interface PopulationMap {
  /** First coordinates at equal distances, ascending, [columns]. */
  x: Float64Array;
  /** Second coordinates at equal distances, ascending, [rows]. */
  y: Float64Array;
  /** Fraction of the population per unit of both coordinates, [rows · columns], x fastest. */
  density: Float64Array;
  /** Standard deviations of the Gaussians that it consists of, along x and y. */
  bandwidth: readonly [number, number];
}

/** Measurements that are alike. */
interface Cells {
  /** [cells · 2] */
  place: Float64Array;
  /** [cells · 2] */
  deviation: Float64Array;
  count: Float64Array;
}

/** Gaussians along each coordinate, … */
const gaussians = 32;
/** … and bandwidths that are tried: the range divided by these. A distance of Gaussians is at most 1.3 of it. */
const divisions = [6, 9, 14, 20];
/** Cells per error: measurements closer together are alike. */
const perError = 2.5;
/** Particles from which the density is computed, more of which would not show in a picture, and from which the bandwidths are. */
const [most, mostCompared] = [4000, 1600];

/**
 * The density of a population over two coordinates by deconvolution, as `populationDensity` along one. The errors of the two
 * coordinates of a particle are taken to be independent. Of more than 4,000 particles it is computed from 4,000, evenly spaced.
 *
 * @param means      posterior means, [n · 2]
 * @param deviations posterior standard deviations, [n · 2]
 * @throws InputError for fewer than 10 particles, numbers that are not finite, coordinates that are all equal, and options out of
 *   range
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const { x, y, density } = e2.latent.populationMap(refined, standardDeviation);
 * const top = density.indexOf(Math.max(...density));
 * console.log(x[top % x.length], y[Math.floor(top / x.length)]);
 * ```
 */
export function populationMap(
  means: Float32Array,
  deviations: Float32Array,
  { places = 48, bandwidth }: PopulationMapOptions = {},
): PopulationMap {
  const measured = withoutPrior(means, deviations, 2);
  const n = means.length / 2;
  if (n < 10) throw new InputError("means", "10 particles or more", String(n));
  if (!(Number.isInteger(places) && places >= 8))
    throw new InputError("places", "an integer of 8 or more", String(places));
  if (bandwidth && !(bandwidth.length === 2 && bandwidth.every((width) => width > 0)))
    throw new InputError("bandwidth", "two numbers above 0", JSON.stringify(bandwidth));
  const ranges = [0, 1].map((d) => rangeOf(means, d)) as [Range, Range];
  const all = evenly(
    Int32Array.from({ length: n }, (_, i) => i),
    most,
  );
  const cells = (rows: Int32Array) => cellsFrom(measured, rows, ranges);
  const compared = evenly(all, mostCompared);
  const halves = () => [0, 1].map((half) => cells(compared.filter((_, i) => i % 2 === half)));
  const widths = bandwidth ?? bestBandwidths(ranges, halves());
  const weights = likelihoods(ranges, cells(all), widths).weights();
  const [x, y] = ranges.map((range) => grid(range, places)) as [Float64Array, Float64Array];
  return { x, y, density: smoothed({ weights, ranges, widths }, x, y), bandwidth: [widths[0]!, widths[1]!] };
}

interface Range {
  low: number;
  high: number;
}

/** Range of a coordinate of the means with a margin. */
function rangeOf(means: Float32Array, d: number): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = d; i < means.length; i += 2) {
    low = Math.min(low, means[i]!);
    high = Math.max(high, means[i]!);
  }
  if (!(high > low))
    throw new InputError("means", "places that differ along both coordinates", `${low} for all`);
  const margin = 0.1 * (high - low);
  return { low: low - margin, high: high + margin };
}

function grid({ low, high }: Range, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, g) => low + (g * (high - low)) / (count - 1));
}

function cellsFrom(
  { points, deviations }: { points: Float32Array; deviations: Float32Array },
  rows: Int32Array,
  ranges: readonly [Range, Range],
): Cells {
  const axes = ranges.map(({ low, high }, d) => ({
    classes: classesOfErrors(deviations.filter((_, i) => i % 2 === d)),
    step: (high - low) / (gaussians - 1),
  }));
  const cells = new Map<string, number[]>();
  for (const row of rows) {
    const own = axes.map(({ classes, step }, d) => {
      const error = classOf(deviations[2 * row + d]!, classes);
      const size = Math.max(error / perError, step / 2);
      return [size * Math.round(points[2 * row + d]! / size), error] as const;
    });
    const key = own.join(" ");
    const before = cells.get(key)?.[4] ?? 0;
    cells.set(key, [own[0]![0], own[1]![0], own[0]![1], own[1]![1], before + 1]);
  }
  const found = [...cells.values()];
  return {
    place: Float64Array.from(found.flatMap((cell) => cell.slice(0, 2))),
    deviation: Float64Array.from(found.flatMap((cell) => cell.slice(2, 4))),
    count: Float64Array.from(found, (cell) => cell[4]!),
  };
}

/** Likelihoods of the cells for Gaussians on the grid, x fastest. */
function likelihoods(
  ranges: readonly [Range, Range],
  { place, deviation, count }: Cells,
  widths: readonly number[],
): PartLikelihoods {
  const centres = ranges.map((range) => grid(range, gaussians));
  return new PartLikelihoods(count, gaussians ** 2, (c, out) => {
    const [inX, inY] = [0, 1].map((d) => {
      const variance = deviation[2 * c + d]! ** 2 + widths[d]! ** 2;
      return centres[d]!.map(
        (centre) => Math.exp(-((place[2 * c + d]! - centre) ** 2) / (2 * variance)) / Math.sqrt(variance),
      );
    }) as [Float64Array, Float64Array];
    for (let g = 0; g < out.length; g++) out[g] = inX[g % gaussians]! * inY[Math.floor(g / gaussians)]!;
  });
}

/** The bandwidths, the same fraction of both ranges, with which each half of the particles describes the other best. */
function bestBandwidths(ranges: readonly [Range, Range], halves: readonly Cells[]): number[] {
  const widthsOf = (division: number) => ranges.map(({ low, high }) => (high - low) / division);
  const start = new Float64Array(gaussians ** 2).fill(1 / gaussians ** 2);
  const score = (division: number) => {
    const [even, odd] = halves.map((half) => likelihoods(ranges, half, widthsOf(division)));
    return odd!.score(even!.weights(start)) + even!.score(odd!.weights(start));
  };
  return widthsOf(bestDivision(divisions, score));
}

/** The density of weighted Gaussians, which adds up to 1 over the grid of x and y. */
function smoothed(
  {
    weights,
    ranges,
    widths,
  }: { weights: Float64Array; ranges: readonly [Range, Range]; widths: readonly number[] },
  x: Float64Array,
  y: Float64Array,
): Float64Array {
  const kernels = [x, y].map((places, d) => {
    const centres = grid(ranges[d]!, gaussians);
    return Array.from(places, (place) =>
      centres.map((centre) => Math.exp(-((place - centre) ** 2) / (2 * widths[d]! ** 2))),
    );
  });
  // Along x first, [gaussians · columns].
  const inX = new Float64Array(gaussians * x.length);
  for (let row = 0; row < gaussians; row++) {
    for (let column = 0; column < x.length; column++) {
      const kernel = kernels[0]![column]!;
      let sum = 0;
      for (let g = 0; g < gaussians; g++) sum += kernel[g]! * weights[row * gaussians + g]!;
      inX[row * x.length + column] = sum;
    }
  }
  const density = new Float64Array(x.length * y.length);
  let total = 0;
  for (let row = 0; row < y.length; row++) {
    const kernel = kernels[1]![row]!;
    for (let column = 0; column < x.length; column++) {
      let sum = 0;
      for (let g = 0; g < gaussians; g++) sum += kernel[g]! * inX[g * x.length + column]!;
      density[row * x.length + column] = sum;
      total += sum;
    }
  }
  const area = (x[1]! - x[0]!) * (y[1]! - y[0]!);
  return density.map((value) => value / (total * area));
}
