import { typicalErrors } from "./deconvolution";
import { gaussianMixture, type MixtureOptions } from "./mixture";
import { selectMixture } from "./mixtureSelection";

/** Points divided into sets by a mixture of Gaussians. */
export interface MixtureSets {
  /** Set of each point, [n]. */
  labels: Int32Array;
  /** Middle of each set, [sets · dimensions]. */
  centres: ArrayLike<number>;
  /** Points in each set, [sets]. */
  sizes: Int32Array;
  /** Probability of its set for each point, [n]. */
  certainty: Float32Array;
  /** Fraction of the population in each set, with the errors of the coordinates taken out, [sets]. */
  populations: ArrayLike<number>;
  /** A sentence about the number of sets. */
  advice: string;
}

/** How {@link mixtureSets} divides. */
export interface MixtureSetsOptions extends MixtureOptions {
  /** Number of sets; `auto`: as many as gaps between the points tell. */
  clusters: number | "auto";
}

/** Gaussians that are tried. */
const mostGaussians = 12;

/**
 * Divides the particles of a run into sets by a mixture of Gaussians that takes the errors of their coordinates into account:
 * the sets between the deepest gaps, or parts of a continuum where there are fewer gaps.
 * @param points posterior means, [n · dimensions]
 * @param options `deviations` are the posterior standard deviations
 */
export async function mixtureSets(
  points: Float32Array,
  dimensions: number,
  { clusters, deviations, ...task }: MixtureSetsOptions,
): Promise<MixtureSets> {
  const errors = deviations && typicalErrors(points, deviations, dimensions);
  const options = { ...task, ...(errors && { deviations: errors }) };
  const found = await selectMixture(points, dimensions, {
    ...options,
    ...(clusters !== "auto" && { groups: clusters, most: Math.max(mostGaussians, clusters) }),
  });
  // Fewer Gaussians than sets describe the particles: parts of a continuum.
  if (clusters !== "auto" && found.sizes.length < clusters) {
    return partsOfContinuum(points, dimensions, { clusters, instead: found.groupOf.length }, options);
  }
  const k = found.groupOf.length;
  const certainty = Float32Array.from(found.labels, (label, i) => {
    let sum = 0;
    for (let c = 0; c < k; c++) {
      if (found.groupOf[c] === label) sum += found.mixture.responsibilities[i * k + c]!;
    }
    return sum;
  });
  return { ...found, certainty, populations: found.weights };
}

async function partsOfContinuum(
  points: Float32Array,
  dimensions: number,
  { clusters, instead }: { clusters: number; instead: number },
  options: MixtureOptions,
): Promise<MixtureSets> {
  const found = await gaussianMixture(points, dimensions, clusters, options);
  const certainty = Float32Array.from(
    found.labels,
    (label, i) => found.responsibilities[i * clusters + label]!,
  );
  const advice =
    `${instead} ${instead === 1 ? "Gaussian describes" : "Gaussians describe"} the particles best (BIC); the ${clusters} sets ` +
    "asked for are parts of a continuum.";
  return { ...found, centres: found.means, certainty, populations: found.weights, advice };
}
