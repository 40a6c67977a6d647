import { InputError } from "../errors";
import { commonErrors, EqualErrorsStep } from "./equalErrors";
import type { EMStep, MixtureComponents, NoisyPoints } from "./mixtureParts";
import { NoisyStep } from "./noisyMixture";
import type { Pacing } from "./pacing";
import { PlainStep } from "./plainStep";

/** A fit by {@link runEM}. */
export interface MixtureFit {
  components: MixtureComponents;
  /** Of `components`, summed over the points. */
  logLikelihood: number;
  iterations: number;
  /** False if the fit ended at `maxIterations`. */
  converged: boolean;
}

/** How long {@link runEM} runs. */
export interface EMOptions {
  /** Added to every variance. */
  ridge: number;
  /** Convergence: the increase of the mean log-likelihood per point. */
  tolerance: number;
  maxIterations: number;
  /** Whether all components have the same covariance. Default false. */
  tied?: boolean;
}

/** Points processed between two looks at the clock. */
export const chunk = 512;

/** A step for points without or, if they have deviations, with known noise. */
export function stepOf(components: MixtureComponents, set: NoisyPoints): EMStep {
  if (!set.deviations) return new PlainStep(components, set);
  const errors = commonErrors(set);
  return errors ? new EqualErrorsStep(components, set, errors) : new NoisyStep(components, set);
}

/**
 * Expectation maximization (Dempster, Laird and Rubin, 1977) until the likelihood has converged.
 * @throws InputError if a component collapses onto coincident points because `ridge` is 0
 */
export async function runEM(
  set: NoisyPoints,
  initial: MixtureComponents,
  options: EMOptions,
  pacing: Pacing,
): Promise<MixtureFit> {
  const { ridge, tolerance, maxIterations, tied } = options;
  const n = set.points.length / set.dimensions;
  let components = initial;
  let logLikelihood = Number.NEGATIVE_INFINITY;
  for (let iteration = 1; ; iteration++) {
    const step = stepOf(components, set);
    const before = logLikelihood;
    logLikelihood = 0;
    for (let i = 0; i < n; i++) {
      logLikelihood += step.evaluate(i);
      step.add(i);
      if (i % chunk === 0 && pacing.due) await pacing.yield();
    }
    if (!Number.isFinite(logLikelihood)) {
      throw new InputError(
        "ridge",
        "a number above 0, since a Gaussian has collapsed onto coincident points",
        String(ridge),
      );
    }
    // The likelihood belongs to the current components, so these are returned, not updated ones.
    const converged = logLikelihood - before < tolerance * n;
    if (converged || iteration === maxIterations) {
      return { components, logLikelihood, iterations: iteration, converged };
    }
    components = step.components(ridge, tied);
  }
}
