import { Matrix, pseudoInverse } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows } from "../batches";
import { particlesPerPass } from "../memory";
import { type PlaceContext, PlaceLikelihood } from "../posterior/likelihood";
import type { PointPosterior } from "../posterior/newtonPosterior";
import type { HalfPoints, HalfTest, Inference } from "./halfTest";
import type { Population } from "./population";
import { fitPopulation, PlaceUnder, type PopulationMixture } from "./populationMixture";
import { evenly } from "./sample";

/** Members of a population from which its density is estimated. */
const most = 1024;

/** The density of a population, from the images of some of its members around their places. */
export async function measurePopulation(
  context: Omit<PlaceContext, "pose" | "half">,
  { latent, members, mean }: Omit<Population, "standardDeviation">,
  { signal }: TaskOptions = {},
): Promise<PopulationMixture> {
  const likelihood = new PlaceLikelihood(context);
  const particles = evenly(members, most);
  const places = gatherRows(mean, latent, particles);
  const information = new Float64Array(particles.length * latent * latent);
  const pull = new Float64Array(particles.length * latent);
  const step = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
  for (let from = 0; from < particles.length; from += step) {
    throwIfStopped(signal);
    const part = particles.slice(from, from + step);
    const here = places.slice(from * latent, (from + part.length) * latent);
    const { gradient, curvature } = await likelihood.local(part, here);
    information.set(curvature, from * latent * latent);
    for (let i = 0; i < gradient.length; i++) {
      let sum = gradient[i]!;
      const row = Math.floor(i / latent);
      for (let e = 0; e < latent; e++) sum += curvature[i * latent + e]! * here[row * latent + e]!;
      pull[from * latent + i] = sum;
    }
  }
  return fitPopulation({ latent, information, pull }, places);
}

/** Points of halves, and what they promise. */
export interface PopulationPoints extends HalfPoints {
  /**
   * Gain over one place for all that the half from which a place follows expects of the other: δᵀ·C·δ / 2 in nats, with δ the
   * way from that place and C the information, [halves][particles].
   */
  expected: Float64Array[];
}

/** A place for all, and how its halves are scored. */
export interface PlacingContext extends TaskOptions {
  test: HalfTest;
  /** The place for all, [latent]. */
  one: ArrayLike<number>;
}

/**
 * The points with the density of a population as the prior of places, in place of the normal distribution that they were
 * inferred with. Poses follow, as far as they depend on the place.
 *
 * Which component of the density a particle belongs to follows from its likelihood to second order, and from the score itself in
 * the largest component and in the best of the others.
 */
export async function underPopulation(
  points: HalfPoints,
  mixture: PopulationMixture,
  { test, one, ...options }: PlacingContext,
): Promise<PopulationPoints> {
  const largest = mixture.weights.indexOf(Math.max(...mixture.weights));
  const told = points.halves.map((half) => new ToldPlaces(half, points.inference));
  const under = new PlaceUnder(mixture);
  const { latent } = mixture;
  const tried = [0, 1].map(() => points.halves.map(({ mean }) => mean.slice()));
  const ahead = told.map(({ rows }) => new Float64Array(rows));
  for (const [half, own] of told.entries()) {
    for (let i = 0; i < own.rows; i++) {
      under.find(...own.measurement(i));
      const other = bestOther(under.shares, largest);
      const places = [largest, other].map((k) => under.places.slice(k * latent, (k + 1) * latent));
      places.forEach((place, k) => {
        own.move(i, place, tried[k]![half]!);
      });
      ahead[half]![i] = own.likelihood(i, places[1]!) - own.likelihood(i, places[0]!);
    }
  }
  const [base, others] = (await Promise.all(
    tried.map((at) => test.ownScores(points.inference, at, options)),
  )) as [Float64Array[], Float64Array[]];
  const expected = told.map(({ rows }) => new Float64Array(rows));
  const halves = points.halves.map((posterior, half) => {
    const own = told[half]!;
    const mean = posterior.mean.slice();
    for (let i = 0; i < own.rows; i++) {
      under.find(...own.measurement(i));
      const exact = others[half]![i]! - base[half]![i]!;
      const place = under.correct(largest, Number.isFinite(exact) ? exact - ahead[half]![i]! : 0);
      own.move(i, place, mean);
      expected[half]![i] = own.expected(i, place, one);
    }
    return { ...posterior, mean };
  });
  return { ...points, halves, expected };
}

/** The component with the largest share but for one; that one if there is no other. */
function bestOther(shares: Float64Array, but: number): number {
  return shares.reduce((best, share, k) => {
    if (k === but) return best;
    return best === but || share > shares[best]! ? k : best;
  }, but);
}

/** What halves of images tell about places, their poses being unknown: posteriors without the prior. */
class ToldPlaces {
  readonly rows: number;
  private readonly width: number;
  private readonly information: Float64Array;
  private readonly pull: Float64Array;
  private readonly precision: Float64Array;

  constructor(
    private readonly posterior: PointPosterior,
    private readonly inference: Inference,
  ) {
    const { latent } = inference.decoder;
    const { mean, covariance } = posterior;
    this.width = covariance!.length / mean.length;
    this.rows = mean.length / this.width;
    this.information = new Float64Array(this.rows * latent * latent);
    this.precision = new Float64Array(this.rows * latent * latent);
    this.pull = new Float64Array(this.rows * latent);
    for (let i = 0; i < this.rows; i++) this.separate(i);
  }

  private separate(i: number): void {
    const { width, posterior, inference } = this;
    const { latent } = inference.decoder;
    const own = posterior.covariance!.subarray(i * width * width, (i + 1) * width * width);
    const ofPlace = new Matrix(latent, latent);
    for (let d = 0; d < latent; d++) {
      for (let e = 0; e < latent; e++) ofPlace.set(d, e, own[d * width + e]!);
    }
    const inverse = pseudoInverse(ofPlace);
    for (let d = 0; d < latent; d++) {
      for (let e = 0; e < latent; e++) {
        const at = (i * latent + d) * latent + e;
        this.precision[at] = (inverse.get(d, e) + inverse.get(e, d)) / 2;
        this.information[at] = this.precision[at]! - (d === e ? 1 / inference.deviations[d]! ** 2 : 0);
        this.pull[i * latent + d]! += this.precision[at]! * posterior.mean[i * width + e]!;
      }
    }
  }

  /** Information and pull of a row; see `PlaceMeasurements`. */
  measurement(i: number): [information: Float64Array, pull: Float64Array] {
    const { latent } = this.inference.decoder;
    const square = latent * latent;
    return [
      this.information.subarray(i * square, (i + 1) * square),
      this.pull.subarray(i * latent, (i + 1) * latent),
    ];
  }

  /** Log-likelihood of a row at a place, to second order and up to a constant. */
  likelihood(i: number, place: ArrayLike<number>): number {
    const [information, pull] = this.measurement(i);
    return pull.reduce((sum, along, d) => {
      let bent = 0;
      for (let e = 0; e < pull.length; e++) bent += information[d * pull.length + e]! * place[e]!;
      return sum + place[d]! * (along - bent / 2);
    }, 0);
  }

  /** Half the square of the way between two places, in units of what the half tells: the gain to expect of another half. */
  expected(i: number, place: ArrayLike<number>, from: ArrayLike<number>): number {
    const [information] = this.measurement(i);
    const way = Float64Array.from(place, (z, d) => z - from[d]!);
    return way.reduce((sum, along, d) => {
      let bent = 0;
      for (let e = 0; e < way.length; e++) bent += information[d * way.length + e]! * way[e]!;
      return sum + (along * bent) / 2;
    }, 0);
  }

  /** Writes the point of a row at a place, with the pose that is best there, into points [rows · width]. */
  move(i: number, place: ArrayLike<number>, points: Float32Array): void {
    const { width, posterior } = this;
    const { latent } = this.inference.decoder;
    const { mean } = posterior;
    const covariance = posterior.covariance!;
    const along = new Float64Array(latent);
    for (let d = 0; d < latent; d++) {
      for (let e = 0; e < latent; e++) {
        along[d]! += this.precision[(i * latent + d) * latent + e]! * (place[e]! - mean[i * width + e]!);
      }
    }
    for (let n = 0; n < width; n++) {
      let by = n < latent ? place[n]! - mean[i * width + n]! : 0;
      for (let d = 0; d < latent && n >= latent; d++)
        by += covariance[(i * width + n) * width + d]! * along[d]!;
      points[i * width + n] = mean[i * width + n]! + by;
    }
  }
}
