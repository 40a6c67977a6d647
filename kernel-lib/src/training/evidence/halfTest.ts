import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { particlesPerPass } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import { HalfSamples } from "../posterior/halfSamples";
import type { PlaceContext } from "../posterior/likelihood";
import type { PointPosterior } from "../posterior/newtonPosterior";
import { PlaceSearch, type PosePrior } from "../posterior/placePosterior";
import { bestPlaces } from "../posterior/startPlaces";
import type { BatchPoses } from "../posterior/variants";
import { withPoses } from "./sample";

/** What a {@link HalfTest} works with. */
export interface HalfTestContext extends Omit<PlaceContext, "decoder" | "pose" | "half"> {
  /** Particles of the test. */
  particles: Int32Array;
  /** Width of the fields of the halves; see `HalfSamples`. */
  block: number;
}

/** What is inferred from a half: with which decoder, and what is free. */
export interface Inference {
  decoder: PlaceDecoder;
  /** Standard deviation of the prior of each axis, [latent]. */
  deviations: ArrayLike<number>;
  /** Prior of the pose. Default: the pose is known. */
  prior?: PosePrior | undefined;
  /** Poses to start from, for each half, in place of those of the file. The prior is relative to them. */
  poses?: readonly BatchPoses[] | undefined;
  /** Where to begin: points of each half [particles · width], or places to choose from by the score of the half. */
  start?: { points: readonly Float32Array[] } | { places: readonly Float32Array[] };
}

/** Points inferred from each half. */
export interface HalfPoints {
  inference: Inference;
  /** The posterior from the even, and from the odd samples. */
  halves: PointPosterior[];
}

/** Limits of the searches: what is found is scored on other samples, where a last tenth of a deviation does not matter. */
const effort = { evaluations: 4, shortStep: 0.3 };

/** Infers from one half of the Fourier samples of each particle, and scores the other. */
export class HalfTest {
  private readonly halves: HalfSamples[];

  constructor(private readonly context: HalfTestContext) {
    const { targets, block } = context;
    this.halves = (["even", "odd"] as const).map((half) => new HalfSamples(targets.rings, half, block));
  }

  private search({ decoder, deviations, prior, poses }: Inference, half: number, from: number): PlaceSearch {
    const { particles, ...context } = this.context;
    const targets = poses ? withPoses(context.targets, particles, poses[from]!) : context.targets;
    return new PlaceSearch({
      ...{ ...context, targets, decoder, prior },
      half: this.halves[half],
      placeDeviations: deviations,
    });
  }

  /** Infers points from each half. */
  async infer(inference: Inference, options: TaskOptions): Promise<HalfPoints> {
    const { particles } = this.context;
    const halves: PointPosterior[] = [];
    for (const half of [0, 1]) {
      const search = this.search(inference, half, half);
      const { start } = inference;
      const points =
        start && "points" in start
          ? start.points[half]!
          : await this.bestOf(search, start?.places ?? [new Float32Array(search.layout.latent)], inference);
      halves.push(
        await search.find(particles, points, {
          ...(options.signal && { signal: options.signal }),
          covariance: true,
          effort,
        }),
      );
    }
    return { inference, halves };
  }

  /** The best of some places for each particle in the poses of the file, [particles · width]. */
  private async bestOf(
    search: PlaceSearch,
    places: readonly Float32Array[],
    { deviations }: Inference,
  ): Promise<Float32Array> {
    const { particles } = this.context;
    return search.startAt(await bestPlaces(search, particles, places, deviations), particles.length);
  }

  /** Poses of the points of each half. */
  posesOf({ inference, halves }: HalfPoints): BatchPoses[] {
    return halves.map(({ mean }, half) =>
      this.search(inference, half, half).likelihood.posesOf(this.context.particles, mean),
    );
  }

  /**
   * Score of each half at the points of the other, summed over the halves, by ring: nats, [particles · (rings + 1)].
   * @param decoder decodes the points. Default: that which they were inferred with
   */
  async score(
    points: HalfPoints,
    options: TaskOptions & { decoder?: PlaceDecoder } = {},
  ): Promise<Float64Array> {
    const [even, odd] = (await this.scoreEach(points, options)) as [Float64Array, Float64Array];
    return even.map((value, i) => value + odd[i]!);
  }

  /**
   * Log-likelihood of each half at points of its own, with the prior of the poses but not that of the places, [halves][particles].
   * @param points of each half, [particles · width]
   */
  async ownScores(
    inference: Inference,
    points: readonly Float32Array[],
    options: TaskOptions,
  ): Promise<Float64Array[]> {
    const { particles, neutral } = this.context;
    const { latent } = inference.decoder;
    const step = particlesPerPass(neutral.count);
    const scores: Float64Array[] = [];
    for (const [half, own] of points.entries()) {
      const search = this.search(inference, half, half);
      const { width } = search.layout;
      const values = search.priorCost(own).map((cost) => -cost);
      own.forEach((x, i) => {
        const d = i % width;
        if (d < latent) values[Math.floor(i / width)]! += (x / inference.deviations[d]!) ** 2 / 2;
      });
      for (let first = 0; first < particles.length; first += step) {
        throwIfStopped(options.signal);
        const part = particles.slice(first, first + step);
        const here = own.slice(first * width, (first + part.length) * width);
        const { score } = await search.likelihood.scores(part, here);
        score.forEach((value, i) => {
          values[first + i]! += value;
        });
      }
      scores.push(values);
    }
    return scores;
  }

  /** Score of the other half at the points from the even, and from the odd samples, by ring; see {@link score}. */
  async scoreEach(
    { inference, halves }: HalfPoints,
    { decoder = inference.decoder, ...options }: TaskOptions & { decoder?: PlaceDecoder } = {},
  ): Promise<Float64Array[]> {
    const { particles, targets, neutral } = this.context;
    const width = targets.rings + 1;
    const step = particlesPerPass(neutral.count);
    const scores: Float64Array[] = [];
    for (const from of [0, 1]) {
      const own = new Float64Array(particles.length * width);
      const search = this.search({ ...inference, decoder }, 1 - from, from);
      const { mean } = halves[from]!;
      const numbers = search.layout.width;
      for (let first = 0; first < particles.length; first += step) {
        throwIfStopped(options.signal);
        const part = particles.slice(first, first + step);
        const points = mean.slice(first * numbers, (first + part.length) * numbers);
        own.set((await search.likelihood.scores(part, points)).ofRing, first * width);
      }
      scores.push(own);
    }
    return scores;
  }
}
