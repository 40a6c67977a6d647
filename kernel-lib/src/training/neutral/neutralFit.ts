import type { SigmaBounds } from "../../model/fitVariables";
import { type GaussianModel, pickGaussians, Row } from "../../model/gaussianModel";
import type { Inside } from "../../model/seeding";
import { centreOf } from "../../model/symmetricModel";
import type { Random } from "../../random";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";
import {
  earningCandidates,
  earningGaussians,
  medianOf,
  withAmplitudes,
  withCandidates,
  worths,
} from "./candidates";
import { climb } from "./climb";
import { ParticleScore, type ScoreContext, type Scoring } from "./particleScore";

/** Most particles that ring weights are estimated from, and that amplitudes are tested on. */
const maxSample = 2000;
/** Candidates for each Gaussian that is missing, and fewest of them. */
const candidatesPerPlace = 6;
const leastCandidates = 128;

/** A Gaussian narrower than this, in pixels, is no more than a point in the rings of the training box. */
const narrowest = 0.45;

/** What a {@link NeutralFit} works with. */
export interface NeutralFitContext extends ScoreContext {
  /** Particles to fit to, ascending. */
  particles: Int32Array;
  /** Where Gaussians may be added. */
  inside: Inside;
  random: Random;
  /** Finest detail in Å. */
  resolution: number;
  signal?: AbortSignal | undefined;
}

/** Steps of {@link NeutralFit.climb}. */
export interface Pass {
  /** Number of steps. */
  steps: number;
  /** Length of the first steps; see {@link climb}. */
  rate: number;
  /** Called after each step with the mean score of its particles. */
  onStep?: (step: number, score: number) => void;
}

/** A model after {@link NeutralFit.exchange}. */
export interface Exchange {
  model: GaussianModel;
  added: number;
  removed: number;
}

/** Fits a model, of a symmetric molecule that of its first unit, to particles. */
export class NeutralFit {
  readonly score: ParticleScore;
  private readonly sample: Int32Array;

  constructor(private readonly context: NeutralFitContext) {
    this.score = new ParticleScore(context);
    const { particles, random } = context;
    const order = random.fork(1).permutation(particles.length).subarray(0, maxSample);
    this.sample = Int32Array.from(order, (i) => particles[i]!).sort();
  }

  /** Ring weights by information, from the mean FRC of these models with particles. */
  async weightsOf(...models: readonly GaussianModel[]): Promise<RingWeights> {
    const { targets, signal } = this.context;
    const { sample } = this;
    const meanFrc = new Float64Array(targets.rings + 1);
    const all = Int32Array.from(sample.keys());
    for (const model of models) {
      const frc = await this.score.frc(sample, model, signal);
      const own = meanFrcOf(frc, targets.rings + 1, all);
      for (let r = 0; r < meanFrc.length; r++) meanFrc[r]! += own[r]! / models.length;
    }
    return new RingWeights({
      weighting: "information",
      meanFrc,
      ctfPower: targets.ctfPower,
      particles: targets.count,
      members: sample,
    });
  }

  /** Moves Gaussians and changes their amplitudes and widths by steps on the score, in place. */
  async climb(model: GaussianModel, scoring: Scoring, pass: Pass): Promise<void> {
    const { particles, random, signal } = this.context;
    const bounds = this.bounds(model);
    await climb(this.score, model, { ...scoring, ...pass, particles, bounds, random, signal });
  }

  /**
   * Takes out Gaussians that do not earn their amplitude or have left the mask, and adds candidates that do, the best first, up to
   * `capacity` Gaussians.
   */
  async exchange(model: GaussianModel, scoring: Scoring, capacity: number): Promise<Exchange> {
    const { inside, random, signal } = this.context;
    const all = withCandidates(model, {
      count: Math.max(leastCandidates, candidatesPerPlace * (capacity - model.count)),
      sigma: this.candidateSigma(model),
      ...{ inside, radius: radiusOf(model), random },
    });
    const sums = await this.score.amplitudes(this.sample, all, scoring, signal);
    const kept = earningGaussians(worths(all, sums).subarray(0, model.count)).filter((i) =>
      inside(...centreOf(model, i)),
    );
    // Without any Gaussian nothing could be scored.
    const own = kept.length > 0 ? kept : Array.from({ length: model.count }, (_, i) => i);
    const places = Math.max(0, capacity - own.length);
    const chosen = earningCandidates(all, model.count, sums).slice(0, places);
    return {
      model: withAmplitudes(all, own, chosen),
      added: chosen.length,
      removed: model.count - own.length,
    };
  }

  /** Without the Gaussians that have left the mask. */
  insideOnly(model: GaussianModel): GaussianModel {
    const all = Array.from({ length: model.count }, (_, i) => i);
    const kept = all.filter((i) => this.context.inside(...centreOf(model, i)));
    return kept.length === 0 || kept.length === model.count ? model : pickGaussians(model, kept);
  }

  private candidateSigma(model: GaussianModel): number {
    const { least, most } = this.bounds(model);
    return Math.min(most, Math.max(1.2 * least, 0.6 * spacingOf(model)));
  }

  /** Bounds of the widths in pixels, which include those of the model. */
  private bounds(model: GaussianModel): SigmaBounds {
    const { apix, count, params } = model;
    const { resolution } = this.context;
    const finest = Math.max((0.25 * resolution) / apix, narrowest);
    const widest = Math.max(2 * finest, 1.2 * spacingOf(model), resolution / 2 / apix);
    let [least, most] = [finest, widest];
    for (let i = 0; i < count; i++) {
      const sigma = params[Row.sigma * count + i]!;
      least = Math.min(least, sigma);
      most = Math.max(most, sigma);
    }
    return { least, most };
  }
}

/** Gaussians whose nearest neighbours are looked for. */
const maxNeighbours = 512;

/** Median distance of a Gaussian to its nearest neighbour, in pixels. */
function spacingOf(model: GaussianModel): number {
  const { count, params, boxSize } = model;
  if (count < 2) return boxSize / 4;
  const tried = Math.min(count, maxNeighbours);
  const distances = Array.from({ length: tried }, (_, k) => {
    const i = Math.floor((k * count) / tried);
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const x = params[j]! - params[i]!;
      const y = params[count + j]! - params[count + i]!;
      const z = params[2 * count + j]! - params[2 * count + i]!;
      least = Math.min(least, x * x + y * y + z * z);
    }
    return least;
  });
  return boxSize * Math.sqrt(medianOf(distances));
}

/** Radius in box units of a ball around the centre of the box that holds the molecule with a margin. */
function radiusOf(model: GaussianModel): number {
  let most = 0;
  for (let i = 0; i < model.count; i++) most = Math.max(most, Math.hypot(...centreOf(model, i)));
  return Math.min(0.48, 1.2 * most);
}
