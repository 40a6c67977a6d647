import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { type Agreement, judgeAgreement } from "./agreement/agreement";
import { FeatureBasis } from "./features/featureBasis";
import { GradientSource } from "./features/gradientSource";
import { particlesAmong } from "./imageGroups";
import { meanFrcOf, neutralFrc } from "./neutralFrc";
import type { RunOptions } from "./options";
import type { ProjectionContext } from "./projectionContext";
import { RingWeights } from "./weights";

/** Results of the first pass over the data, which everything after it needs. */
export interface Prepared {
  /** Agreement of particles and neutral model. */
  agreement: Agreement;
  /** Mean FRC of the neutral model over the particles that are used, [rings + 1]. */
  meanFrc: Float64Array;
  /** Ring weights of the loss. */
  weights: RingWeights;
  /** Ring weights of the posterior: always by information. */
  likelihood: RingWeights;
  /** Projection onto the encoder's input. */
  basis: FeatureBasis;
  /** Encoder input of all units of all particles, [particles · units · basis.size]; images of one particle have the same. */
  features: Float32Array;
}

/**
 * Outermost rings of the gradients in the encoder's input, besides all rings. If a domain moves by a third of the box,
 * only the lowest rings have its states in order.
 */
const featureRings = [2, 5];

/** Fewest particles of a data set. */
export const minParticles = 10;
/** Options of {@link prepareTraining}. */
export interface PrepareOptions extends TaskOptions {
  /** Basis of the encoder's input, if a run is resumed. */
  basis?: FeatureBasis | undefined;
  /**
   * Chooses the particles to use, ascending, from the result of the first pass; throws if particles and model do not agree.
   * Default: all but the outliers.
   */
  choose?: (agreement: Agreement) => Int32Array;
}

/**
 * The first pass over the data: FRC of the neutral model, agreement, ring weights, encoder input.
 * @throws InputError if fewer than 10 particles are used, and as `options.choose` does
 */
export async function prepareTraining(
  context: ProjectionContext,
  training: RunOptions,
  options: PrepareOptions = {},
): Promise<Prepared> {
  const { count, rings, ctfPower, particleOf } = context.targets;
  const frc = await neutralFrc(context, options);
  const agreement = judgeAgreement({ count, rings, frc, ctfPower, particleOf });
  const used = options.choose?.(agreement) ?? agreement.kept;
  const particles = particlesAmong(context.targets, used);
  if (particles.length < minParticles) throw tooFewParticles("particles", particles.length);
  const meanFrc = meanFrcOf(frc, rings + 1, used);
  const weightsBy = (weighting: RunOptions["weighting"]) =>
    new RingWeights({ weighting, meanFrc, ctfPower, particles: count, members: used });
  const weights = weightsBy(training.weighting);
  const source = new GradientSource(context, weights);
  const basis =
    options.basis ??
    (await FeatureBasis.fit(source, {
      rows: context.units?.rowsOf(particles) ?? particles,
      rings: blockRings(weights, rings),
      components: training.featureSize,
      seed: training.seed,
      ...(options.signal && { signal: options.signal }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    }));
  const features = await basis.project(source, options);
  return { agreement, meanFrc, weights, likelihood: weightsBy("information"), basis, features };
}

/** Outermost rings of the blocks of gradients. If the first rings have no signal, the lowest with signal replace them. */
function blockRings({ firstRing }: RingWeights, rings: number): number[] {
  const first = Math.max(1, firstRing);
  return [...new Set([...featureRings, rings].map((ring) => Math.min(Math.max(ring, first), rings)))];
}

/** @param where what has too few: the particle file, or what is left of it */
export function tooFewParticles(where: string, found: number): InputError {
  return new InputError(where, `at least ${minParticles} particles to train on`, String(found));
}
