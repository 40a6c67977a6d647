import { cholesky } from "../../cholesky";
import { InputError } from "../../errors";
import { pathLine, pathThrough } from "../path";
import { placesOnPath, reachOfPath } from "../pathParts";
import { checkIntegers } from "../points";
import { type DecodedState, decodeState, type MotionDecoder } from "./decoder";
import { eigenDirections, innerProduct, type MetricSample, metricsAt, motionAlong } from "./localMetrics";
import type { MotionFrame } from "./motionFrame";
import type { Population } from "./population";

/** A local eigenmotion of a region. */
export interface Eigenmotion {
  /** Mean direction in the latent space, scaled to a motion of 1 Å inside the region (RMS, weighted by mass), [latent]. */
  direction: Float64Array;
  /** The maximized ratio of squared motions inside and outside, see `localEigenmotions`. */
  ratio: number;
  /** Motion outside of the region per Å inside, both root mean square. */
  leakage: number;
  /** Place of each particle along the motion in Å, from the positions of the region's Gaussians, with mean 0, [n]. */
  scores: Float32Array;
  /** Standard deviation of the scores in Å. */
  size: number;
  /** Uncertainty of the scores in Å; undefined if the points have no deviations. */
  noise?: number;
}

/** A motion that takes part in a combination. */
export interface MotionTerm {
  /** Index of the region. */
  region: number;
  /** Index of its motion. */
  motion: number;
  /** Å of this motion for each Å of the combination; −1 for a difference. Default 1. */
  factor?: number;
}

/** Options of {@link LocalMotions.trace}. */
export interface TraceOptions {
  /** Number of points along the curve. Default 9. */
  stations?: number;
}

/** A motion followed through the population. */
export interface TracedMotion {
  /** Points at equal distances of the whole molecule's motion, [stations · latent]. */
  stations: Float32Array;
  /** RMS displacement in Å between the ends: of the Gaussians in any of the regions that take part. */
  inside: number;
  /** The same of all other Gaussians. */
  outside: number;
  /** Particles nearer to the curve than half the motion between its ends, as the whole molecule moves, and between them. */
  particles: number;
}

/** What {@link LocalMotions} are made of. */
export interface LocalMotionParts {
  decoder: MotionDecoder;
  points: Float32Array;
  population: Population;
  frame: MotionFrame;
  /** Gaussians of each region. */
  inside: Int32Array[];
  metrics: MetricSample;
  /** Motions of each region. */
  motions: Eigenmotion[][];
}

/** Steps per standard deviation of the motion. */
const stepsPerSize = 8;
/** Longest way without particles that the curve passes, in units of the population's spread. */
const widestGap = 0.75;
/** Most steps to either side. */
const mostSteps = 200;

/**
 * Local eigenmotions of one or several regions; made by `localEigenmotions`.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const motions = await e2.latent.localEigenmotions(run, refined, [{ centre: [0, 0, 0], radius: 0.1 }], { maxPoints: 32 });
 * const { particles } = motions.trace([{ region: 0, motion: 0 }], { stations: 3 });
 * ```
 */
export class LocalMotions {
  /** The motions of each region, in the order of the regions. */
  readonly regions: readonly (readonly Eigenmotion[])[];
  /** Indices of the Gaussians of each region. */
  readonly inside: readonly Int32Array[];
  /** RMS in Å of the motion of the whole molecule that was removed first. */
  readonly rigid: number;

  /** @internal Use `localEigenmotions`. */
  constructor(private readonly parts: LocalMotionParts) {
    this.regions = parts.motions;
    this.inside = parts.inside;
    this.rigid = parts.frame.rigidSize;
  }

  /**
   * Follows a motion, or a sum or difference of several, through the population from the particle nearest to its mean, as its
   * direction turns, until there are no more particles around.
   * @param terms `[{ region: 0, motion: 0 }]` for a single motion; a second term with the factor −1 for a difference
   * @throws InputError for no terms, motions that do not exist, and options out of their range
   */
  trace(terms: readonly MotionTerm[], options: TraceOptions = {}): TracedMotion {
    const { stations = 9 } = options;
    checkIntegers({ stations }, 2);
    this.checkTerms(terms);
    const { points, population } = this.parts;
    const { dimensions } = population;
    const middle = population.middle();
    const ahead = this.follow(terms, middle, 1);
    const behind = this.follow(terms, middle, -1);
    const curve = [...behind.reverse(), middle, ...ahead];
    const toMotion = this.motionSpace();
    const line = { dimensions, anchors: curve.flatMap((z) => [...toMotion.forward(z)]) };
    const { stations: even } = pathThrough(line.anchors, dimensions, stations, { shape: "straight" });
    const found = new Float32Array(stations * dimensions);
    for (let s = 0; s < stations; s++) {
      found.set(toMotion.back(even.subarray(s * dimensions, (s + 1) * dimensions)), s * dimensions);
    }
    return {
      stations: found,
      ...this.between(terms, found),
      particles: countAlong(points, toMotion, line),
    };
  }

  private checkTerms(terms: readonly MotionTerm[]): void {
    if (terms.length === 0) throw new InputError("terms", "at least one motion", "none");
    for (const { region, motion, factor = 1 } of terms) {
      if (!this.regions[region]?.[motion] || !Number.isFinite(factor)) {
        const found = `motion ${motion} of region ${region} with the factor ${factor}`;
        throw new InputError("terms", "motions that exist, with finite factors", found);
      }
    }
  }

  /** Points along the motion from `start` to the edge of the population. */
  private follow(terms: readonly MotionTerm[], start: Float64Array, sign: number): Float64Array[] {
    const { population } = this.parts;
    const sizes = terms.map(({ region, motion }) => this.regions[region]![motion]!.size);
    const step = (sign * Math.max(...sizes)) / stepsPerSize;
    const found: Float64Array[] = [];
    // States that are apart leave gaps, which the curve passes.
    let within = 0;
    let gap = 0;
    let before = terms.map(({ region, motion }) => this.regions[region]![motion]!.direction);
    let z = start;
    while (found.length < mostSteps && gap <= widestGap) {
      const half = this.directions(terms, z, before);
      const middle = moved(z, combined(terms, half), step / 2);
      before = this.directions(terms, middle, half);
      const next = moved(z, combined(terms, before), step);
      gap += distanceOf(population.whiten(z), population.whiten(next));
      z = next;
      found.push(z);
      if (!population.contains(z)) continue;
      gap = 0;
      within = found.length;
    }
    return found.slice(0, within);
  }

  /** The direction of each term near a point, turned like the one before. */
  private directions(
    terms: readonly MotionTerm[],
    z: Float64Array,
    before: readonly Float64Array[],
  ): Float64Array[] {
    const { decoder, frame, population, inside } = this.parts;
    const metrics = metricsAt(decoder, z, { frame, population, regions: inside });
    return terms.map(({ region }, t) => {
      const metric = metrics.whole;
      const last = before[t]!;
      const likeness = (direction: Float64Array) => {
        const length = motionAlong(metric, direction) * motionAlong(metric, last);
        return length > 0 ? innerProduct(metric, direction, last) / length : 0;
      };
      let best = last;
      let most = 0;
      for (const { direction } of eigenDirections(metrics, otherRegions(inside, region), population)) {
        const like = likeness(direction);
        if (Math.abs(like) <= Math.abs(most)) continue;
        most = like;
        best = direction;
      }
      return best.map((x) => (most < 0 ? -x : x));
    });
  }

  /** Coordinates whose distances are RMS motions of the whole molecule in Å. */
  private motionSpace(): MotionSpace {
    const { metrics, population } = this.parts;
    const { dimensions } = population;
    const { whole } = metrics.mean;
    let square = 0;
    for (let e = 0; e < whole.length; e++) square += whole[e]! * population.covariance[e]!;
    // Directions in which nothing moves have a small length, so that the space can be left again.
    const metric = whole.map((x, e) => x + 1e-6 * Math.max(square, 1e-6) * population.precision[e]!);
    const lower = cholesky(metric, dimensions);
    return {
      forward: (z) =>
        Float64Array.from({ length: dimensions }, (_, d) => {
          let sum = 0;
          for (let e = d; e < dimensions; e++) sum += lower[e * dimensions + d]! * z[e]!;
          return sum;
        }),
      back: (y) => {
        const z = Float64Array.from(y);
        for (let d = dimensions - 1; d >= 0; d--) {
          for (let e = d + 1; e < dimensions; e++) z[d]! -= lower[e * dimensions + d]! * z[e]!;
          z[d]! /= lower[d * dimensions + d]!;
        }
        return z;
      },
    };
  }

  /** RMS displacements between the ends of a path, in the regions of the terms and outside of them. */
  private between(
    terms: readonly MotionTerm[],
    stations: Float32Array,
  ): Pick<TracedMotion, "inside" | "outside"> {
    const { decoder, frame, inside } = this.parts;
    const { latent } = decoder;
    const ends = [stations.subarray(0, latent), stations.subarray(stations.length - latent)].map((z) => {
      const { positions, masses }: DecodedState = decodeState(decoder, z);
      const displacement = new Float64Array(positions.length);
      frame.displacement(positions, displacement);
      return { displacement, masses: masses.slice() };
    });
    const [first, last] = ends as [(typeof ends)[0], (typeof ends)[0]];
    const taking = new Set(terms.flatMap(({ region }) => [...inside[region]!]));
    const sums = { inside: [0, 0], outside: [0, 0] };
    frame.masses.forEach((mass, i) => {
      const sum = taking.has(i) ? sums.inside : sums.outside;
      let squared = 0;
      for (let a = 3 * i; a < 3 * i + 3; a++)
        squared += (last.displacement[a]! - first.displacement[a]!) ** 2;
      sum[0]! += Math.sqrt(first.masses[i]! * last.masses[i]!) * squared;
      sum[1]! += mass;
    });
    const size = ([square, mass]: number[]) => (mass! > 0 ? Math.sqrt(square! / mass!) : 0);
    return { inside: size(sums.inside), outside: size(sums.outside) };
  }
}

/** A region, and the others that share no Gaussians with it. */
export function otherRegions(
  inside: readonly Int32Array[],
  region: number,
): { region: number; apart: number[] } {
  const own = new Set(inside[region]);
  const apart = [...inside.keys()].filter((r) => r !== region && !inside[r]!.some((i) => own.has(i)));
  return { region, apart };
}

interface MotionSpace {
  forward(z: ArrayLike<number>): Float64Array;
  back(y: ArrayLike<number>): Float64Array;
}

function combined(terms: readonly MotionTerm[], directions: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(directions[0]!.length);
  terms.forEach(({ factor = 1 }, t) => {
    directions[t]!.forEach((x, d) => {
      out[d]! += factor * x;
    });
  });
  return out;
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, d) => sum + (x - b[d]!) ** 2, 0));
}

function moved(z: Float64Array, direction: Float64Array, by: number): Float64Array {
  return z.map((x, d) => x + by * direction[d]!);
}

function countAlong(
  points: Float32Array,
  toMotion: MotionSpace,
  { anchors, dimensions }: { anchors: number[]; dimensions: number },
): number {
  const line = pathLine(anchors, dimensions, { shape: "straight" });
  const n = points.length / dimensions;
  const columns = Array.from({ length: dimensions }, () => new Float32Array(n));
  for (let i = 0; i < n; i++) {
    toMotion.forward(points.subarray(i * dimensions, (i + 1) * dimensions)).forEach((y, d) => {
      columns[d]![i] = y;
    });
  }
  const { along, distance } = placesOnPath(columns, line);
  const most = reachOfPath(line);
  let count = 0;
  for (let i = 0; i < n; i++) {
    if (distance[i]! <= most && along[i]! > 0 && along[i]! < line.length) count++;
  }
  return count;
}
