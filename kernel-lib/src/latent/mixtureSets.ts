import type { TaskOptions } from "../progress";
import type { GroupsByImages, PlacedGroups } from "../training/assignment/assignByImages";
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
  /** Probability of each set for each point, [n · sets]. */
  probabilities: Float32Array;
  /** Whether particles were assigned by their images, or by their places, as parts of a continuum always are. */
  by: "images" | "places";
  /** Fraction of the population in each set, with the errors of the coordinates taken out, [sets]. */
  populations: ArrayLike<number>;
  /** Whether there are separate groups, how many, and how particles were assigned, each a sentence on a line. */
  advice: string;
}

/** How {@link mixtureSets} divides. */
export interface MixtureSetsOptions extends MixtureOptions {
  /** Number of sets; `auto`: as many as gaps between the points tell. */
  clusters: number | "auto";
  /** Assigns the particles to separate groups by their images, see `Run.assignByImages`. Default: they are assigned by their places. */
  assign?: ((groups: PlacedGroups, task: TaskOptions) => Promise<GroupsByImages>) | undefined;
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
  { clusters, deviations, assign, ...task }: MixtureSetsOptions,
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
  const lines = [found.structureSentence, found.advice];
  if (assign && found.structure === "groups" && found.sizes.length > 1) {
    const { signal, onProgress } = task;
    const { weights, sentence, ...sets } = await assign(
      { ...found, join: clusters === "auto" },
      { ...(signal && { signal }), ...(onProgress && { onProgress }) },
    );
    const left = sets.sizes.length;
    if (clusters === "auto" || left === clusters) {
      const advice = [...lines, sentence].join("\n");
      return { ...sets, populations: weights, by: "images", advice };
    }
    lines.push(
      `The images tell ${left} of these ${clusters} groups apart: particles are assigned by their places.`,
    );
  }
  const probabilities = groupProbabilities(found);
  const certainty = certaintyOf(probabilities, found.labels);
  const populations = found.weights;
  return { ...found, certainty, probabilities, by: "places", populations, advice: lines.join("\n") };
}

/** Probability of each group for each point, [n · groups]. */
function groupProbabilities({ groupOf, labels, mixture, sizes }: MixtureSelection): Float32Array {
  const [k, groups] = [groupOf.length, sizes.length];
  const probabilities = new Float32Array(labels.length * groups);
  mixture.responsibilities.forEach((share, at) => {
    probabilities[Math.floor(at / k) * groups + groupOf[at % k]!]! += share;
  });
  return probabilities;
}

/** Probability of the set of each point, [n]. */
function certaintyOf(probabilities: Float32Array, labels: Int32Array): Float32Array {
  const sets = probabilities.length / labels.length;
  return Float32Array.from(labels, (label, i) => probabilities[i * sets + label]!);
}

async function partsOfGroups(
  points: Float32Array,
  dimensions: number,
  { clusters, found }: { clusters: number; found: MixtureSelection },
  options: MixtureOptions,
): Promise<MixtureSets> {
  const parts = await gaussianMixture(points, dimensions, clusters, options);
  const { responsibilities: probabilities } = parts;
  const certainty = certaintyOf(probabilities, parts.labels);
  const what =
    found.structure === "groups"
      ? `divide the ${found.sizes.length} groups further`
      : "are parts of one group";
  const advice = `${found.structureSentence}\nThe ${clusters} sets asked for ${what}.`;
  return {
    ...{ ...parts, centres: parts.means, certainty, probabilities, by: "places" },
    ...{ populations: parts.weights, advice },
  };
}
