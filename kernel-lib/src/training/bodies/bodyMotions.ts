import { InputError, throwIfStopped } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { rigidMotion } from "../../model/rigidMotion";
import type { TaskOptions } from "../../progress";
import type { HalfTestContext } from "../evidence/halfTest";
import type { Population } from "../evidence/population";
import { evenly } from "../evidence/sample";
import type { PlaceDecoder } from "../posterior/decoders";
import { expectedPlaces, type HalfPlaces, halfPlaces } from "./halfPlaces";
import { bodyNumbers, MovedBodies } from "./movedBodies";
import { atTerms, fittedCoefficients, type MeasuredNumbers, type Terms } from "./normalEquations";
import { OtherHalf } from "./otherHalf";
import { afterEachOther, inverseOf, type RigidTransform } from "./rigidTransform";

/** What {@link bodyMotions} are measured in. */
export interface BodyMotionContext extends HalfTestContext {
  decoder: PlaceDecoder;
  population: Population;
}

/** What is measured. */
export interface BodyMotionRequest {
  /** Points of the latent space, [latent] each; motions are from the first to each other one. */
  points: readonly ArrayLike<number>[];
  region: Int32Array;
  /** Gaussians that are held still. Default: the frame of the map is. */
  reference?: Int32Array | undefined;
}

/** Motions of a region as the images show them. */
export interface BodyMotions {
  /** From the first point to each other one. */
  motions: RigidTransform[];
  /** The same without one of the blocks of particles, for their errors (jackknife), [blocks][points − 1]. */
  jackknife: RigidTransform[][];
  /** Axes of the latent space along which motion is measured: those that the images tell. */
  axes: number[];
}

const mostIterations = 6;
/** A step that moves bodies by less, in the units of their numbers: a twentieth of a pixel. */
const shortStep = 0.005;
/** Blocks of particles of the jackknife. */
const blocks = 20;
/** Decoded models from which the search begins. */
const decoded = 64;

/**
 * How a region moves as a rigid body between points of the latent space, by the images: with the shape and density of the model in
 * the middle, it is moved so that the particles around each point agree best.
 *
 * The decoder says only where the particles are; so a motion that it blurs, or describes in part by Gaussians that slip, has its true
 * size. Places are inferred from one half of the Fourier samples of each particle. The other half, whose noise is independent, says
 * what places to expect of these particles, and how the body is moved there: an instrumental variable, which regression to
 * the mean does not shrink. The motion is a linear function of the place, and quadratic along the way from the first point to the last.
 */
export async function bodyMotions(
  context: BodyMotionContext,
  request: BodyMotionRequest,
  options: TaskOptions,
): Promise<BodyMotions> {
  const other = new OtherHalf(context);
  const places = await halfPlaces(context, { ...context, other }, options);
  options.onProgress?.({ task: "region's motion", done: 1, total: mostIterations + 2 });
  const way = new Way(request.points.map((z) => places.axes.map((axis) => z[axis]!)));
  const { neutral, particles } = context;
  const middle = { ...neutral, params: places.decoder.decode(Float32Array.from(way.middle), 1) };
  const { region, reference } = request;
  const bodies = reference ? [region, reference] : [region];
  const moved = new MovedBodies(places.decoder, middle, bodies);
  const fit = new BodyFit({ places, way, moved, bodies, other });
  await fit.search(options);
  const whole = fit.coefficients;
  const without = Array.from({ length: Math.min(blocks, particles.length) }, (_, block) => {
    throwIfStopped(options.signal);
    return fit.coefficientsOf((particle) => particle % blocks !== block);
  });
  options.onProgress?.({ task: "region's motion", done: mostIterations + 2, total: mostIterations + 2 });
  return {
    motions: fit.motions(whole),
    jackknife: without.map((coefficients) => fit.motions(coefficients)),
    axes: places.axes,
  };
}

/** Points on the axes that the images tell, and the terms of which motions are linear functions. */
class Way {
  readonly middle: number[];
  private readonly direction: number[];

  constructor(readonly points: readonly number[][]) {
    const [first, last] = [points[0]!, points.at(-1)!];
    this.middle = first.map((x, d) => (x + last[d]!) / 2);
    const along = first.map((x, d) => last[d]! - x);
    const square = along.reduce((sum, x) => sum + x * x, 0);
    if (square === 0) {
      throw new InputError(
        "points",
        "points that differ on an axis which the images tell",
        "the same place on them",
      );
    }
    this.direction = along.map((x) => (2 * x) / square);
  }

  /** 1, the place, and the square of how far it is along the way, ±1 at the ends. */
  terms(place: ArrayLike<number>): number[] {
    const from = this.middle.map((x, d) => place[d]! - x);
    const along = from.reduce((sum, x, d) => sum + x * this.direction[d]!, 0);
    return [1, ...from, along * along];
  }

  /** Terms of places [n · axes]. */
  termsOf(places: Float32Array): Terms {
    const axes = this.middle.length;
    const count = axes + 2;
    const values = new Float64Array((places.length / axes) * count);
    for (let i = 0; i * axes < places.length; i++) {
      values.set(this.terms(places.subarray(i * axes, (i + 1) * axes)), i * count);
    }
    return { values, count };
  }
}

interface BodyFitParts {
  places: HalfPlaces;
  way: Way;
  moved: MovedBodies;
  bodies: readonly Int32Array[];
  other: OtherHalf;
}

/** The motions of bodies as a function of the place. */
class BodyFit {
  coefficients: Float64Array;
  private measured: MeasuredNumbers[] = [];
  private readonly expected: Float32Array[];

  constructor(private readonly parts: BodyFitParts) {
    this.expected = expectedPlaces(parts.places);
    this.coefficients = this.decodedMotions();
  }

  private get width(): number {
    return bodyNumbers * this.parts.bodies.length;
  }

  /** Coefficients of the motions that the decoder shows by the centres of Gaussians. */
  private decodedMotions(): Float64Array {
    const { places, way, moved, bodies } = this.parts;
    const { middle } = moved;
    const axes = places.axes.length;
    const all = Int32Array.from({ length: this.expected[0]!.length / axes }, (_, i) => i);
    const chosen = evenly(all, decoded);
    const at = new Float32Array(chosen.length * axes);
    for (const [k, i] of chosen.entries())
      at.set(this.expected[0]!.subarray(i * axes, (i + 1) * axes), k * axes);
    const models = places.decoder.decode(at, chosen.length);
    const size = middle.params.length;
    const points = Array.from(chosen.keys()).flatMap((k) => {
      const model: GaussianModel = { ...middle, params: models.subarray(k * size, (k + 1) * size) };
      return bodies.flatMap((body, b) => moved.numbersOf(b, rigidMotion(middle, model, body)));
    });
    const { width } = this;
    const identity = Float64Array.from({ length: chosen.length * width * width }, (_, e) =>
      Math.floor(e / width) % width === e % width ? 1 : 0,
    );
    const numbers = { width, points, gradient: new Float64Array(points.length), curvature: identity };
    return fittedCoefficients([[numbers, way.termsOf(at)]]);
  }

  /** Finds the motions with the largest score. */
  async search(options: TaskOptions): Promise<void> {
    for (let iteration = 0; iteration < mostIterations; iteration++) {
      const measured: MeasuredNumbers[] = [];
      for (const half of this.expected.keys()) measured.push(await this.measure(half, options));
      this.measured = measured;
      const before = this.coefficients;
      this.coefficients = this.coefficientsOf();
      options.onProgress?.({ task: "region's motion", done: iteration + 2, total: mostIterations + 2 });
      if (this.change(before, this.coefficients) < shortStep) break;
    }
  }

  private measure(half: number, options: TaskOptions): Promise<MeasuredNumbers> {
    const { places, way, moved, other } = this.parts;
    const axes = places.axes.length;
    const expected = this.expected[half]!;
    const points = new Float32Array((expected.length / axes) * moved.latent);
    for (let i = 0; i * axes < expected.length; i++) {
      const place = expected.subarray(i * axes, (i + 1) * axes);
      points.set(place, i * moved.latent);
      points.set(atTerms(this.coefficients, way.terms(place), this.width), i * moved.latent + axes);
    }
    return other.measure(moved, { from: half, points }, { ...options, first: axes });
  }

  /** Coefficients from some particles, with the places that these let expect. */
  coefficientsOf(takes?: (particle: number) => boolean): Float64Array {
    const { places, way } = this.parts;
    const expected = takes ? expectedPlaces(places, takes) : this.expected;
    return fittedCoefficients(
      this.measured.map((numbers, half) => [numbers, way.termsOf(expected[half]!)] as const),
      takes,
    );
  }

  /** Largest change of a number at the ends of the way. */
  private change(before: Float64Array, after: Float64Array): number {
    const { way } = this.parts;
    const ends = [way.points[0]!, way.points.at(-1)!];
    return Math.max(
      ...ends.flatMap((place) => {
        const terms = way.terms(place);
        const was = atTerms(before, terms, this.width);
        return Array.from(atTerms(after, terms, this.width), (x, k) => Math.abs(x - was[k]!));
      }),
    );
  }

  /** Motions of the first body from the first point to each other one, relative to the second body if there is one. */
  motions(coefficients: Float64Array): RigidTransform[] {
    const { way, moved, bodies } = this.parts;
    const [first, ...others] = way.points.map((place) => {
      const numbers = atTerms(coefficients, way.terms(place), this.width);
      return bodies.map((_, b) =>
        moved.transform(b, numbers.subarray(bodyNumbers * b, bodyNumbers * (b + 1))),
      );
    });
    const between = (b: number, to: readonly RigidTransform[]) =>
      afterEachOther(inverseOf(first![b]!), to[b]!);
    return others.map((to) =>
      bodies.length === 1 ? between(0, to) : afterEachOther(between(0, to), inverseOf(between(1, to))),
    );
  }
}
