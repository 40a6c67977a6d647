import { pearson } from "../../latent/statistics";
import { Random } from "../../random";
import type { AxisReport, Interval, SpaceReport } from "../studyReport";
import { countPlaced, type PlacedParticles } from "./placedParticles";
import { column, standardised, type Told, toldBy } from "./polynomialMap";

/** Particles that are drawn. */
const mostDrawn = 800;
/** Deviations of the normal distribution that bound 95 %. */
const deviations = 1.96;

/** What is known of an axis beforehand. */
export interface NamedAxis {
  /** Its kind and number, such as `conformation 1`. */
  label: string;
  /** Whether the evidence of its part calls it real. */
  real: boolean;
}

/**
 * The shared scale: an axis of one of the parts, on which each particle has two places: its coordinate, and what its place in the
 * other space says of that.
 */
export interface MatchedAxis {
  /** Number of the axis, from 1, in the part of reference. */
  axis: number;
  /** Coordinates by the first part, standardised, [particles]. */
  first: Float64Array;
  /** Coordinates by the second part, standardised, [particles]. */
  second: Float64Array;
}

/** Two spaces compared. */
export interface ComparedSpaces {
  report: SpaceReport;
  /** The axes of the part of reference that are to be found again. */
  matched: MatchedAxis[];
}

/**
 * How well the places of the same particles in two spaces agree: each axis of a space is told from the places in the other one.
 * The shared scale is the axes of the part that needs fewer of them.
 */
export function compareSpaces(
  placed: PlacedParticles,
  named: readonly [readonly NamedAxis[], readonly NamedAxis[]],
  seed: number,
): ComparedSpaces {
  const n = countPlaced(placed);
  const { first, firstAxes, second, secondAxes } = placed;
  const coordinates = [columns(first, firstAxes), columns(second, secondAxes)] as const;
  const told = [
    toldBy(second, secondAxes, coordinates[0]),
    toldBy(first, firstAxes, coordinates[1]),
  ] as const;
  const axes = [axisReports(told[0], named[0], n), axisReports(told[1], named[1], n)] as [
    AxisReport[],
    AxisReport[],
  ];
  const wanted = axes.map(wantedAxes) as [AxisReport[], AxisReport[]];
  const reference = wanted[1].length < wanted[0].length ? 2 : 1;
  const matched = wanted[reference - 1]!.map(({ axis }): MatchedAxis => {
    const own = standardised(coordinates[reference - 1]![axis - 1]!);
    const other = told[reference - 1]![axis - 1]!.values;
    return reference === 1 ? { axis, first: own, second: other } : { axis, first: other, second: own };
  });
  const rows = new Random(seed).fork(21).permutation(n).slice(0, mostDrawn);
  const drawn = (values: Float64Array) => Array.from(rows, (i) => Number(values[i]!.toFixed(3)));
  return {
    matched,
    report: {
      ...{ particles: n, reference, axes, correlations: correlations(coordinates) },
      sample: { first: drawn(matched[0]!.first), second: drawn(matched[0]!.second) },
    },
  };
}

const columns = (points: Float32Array, axes: number) =>
  Array.from({ length: axes }, (_, d) => column(points, axes, d));

function axisReports(told: readonly Told[], named: readonly NamedAxis[], n: number): AxisReport[] {
  return told.map(({ r, linear }, d) => ({
    ...{ axis: d + 1, label: named[d]!.label, real: named[d]!.real },
    ...{ told: correlationInterval(r, n), linear },
  }));
}

/** Axes that have to be found again: the real ones, or the first where none is real. */
export function wantedAxes(axes: readonly AxisReport[]): AxisReport[] {
  const real = axes.filter((one) => one.real);
  return real.length > 0 ? real : axes.slice(0, 1);
}

/** A correlation with its 95 % interval (Fisher, Metron 1, 3, 1921). */
function correlationInterval(r: number, n: number): Interval {
  const z = Math.atanh(Math.min(r, 1 - 1e-12));
  const half = deviations / Math.sqrt(Math.max(n - 3, 1));
  return { value: r, low: Math.min(Math.tanh(z - half), r), high: Math.max(Math.tanh(z + half), r) };
}

/** Correlation of each axis of the first space with each of the second. */
function correlations([first, second]: readonly [Float64Array[], Float64Array[]]): number[][] {
  return first.map((a) =>
    second.map((b) => {
      const r = pearson(a, b);
      return Number.isFinite(r) ? r : 0;
    }),
  );
}
