import { typicalErrors } from "./deconvolution";
import { gaussianMixture, type MixtureOptions } from "./mixture";
import { type MixtureSelection, selectMixture } from "./mixtureSelection";

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
  /** Whether there are separate groups, and how many, in two sentences on two lines. */
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
  // Fewer Gaussians than sets describe the particles.
  if (clusters !== "auto" && found.sizes.length < clusters) {
    return partsOfGroups(points, dimensions, { clusters, found }, options);
  }
  const k = found.groupOf.length;
  const certainty = Float32Array.from(found.labels, (label, i) => {
    let sum = 0;
    for (let c = 0; c < k; c++) {
      if (found.groupOf[c] === label) sum += found.mixture.responsibilities[i * k + c]!;
    }
    return sum;
  });
  const advice = `${found.structureSentence}\n${found.advice}`;
  return { ...found, certainty, populations: found.weights, advice };
}

async function partsOfGroups(
  points: Float32Array,
  dimensions: number,
  { clusters, found }: { clusters: number; found: MixtureSelection },
  options: MixtureOptions,
): Promise<MixtureSets> {
  const parts = await gaussianMixture(points, dimensions, clusters, options);
  const certainty = Float32Array.from(
    parts.labels,
    (label, i) => parts.responsibilities[i * clusters + label]!,
  );
  const what =
    found.structure === "groups"
      ? `divide the ${found.sizes.length} groups further`
      : "are parts of one group";
  const advice = `${found.structureSentence}\nThe ${clusters} sets asked for ${what}.`;
  return { ...parts, centres: parts.means, certainty, populations: parts.weights, advice };
}
