import { InputError } from "../errors";
import type { MixtureFit } from "./expectationMaximization";
import { type GaussianMixture, MixtureFitting, type MixtureOptions } from "./mixture";
import { grownMixtures } from "./mixtureGrowth";
import { Pacing } from "./pacing";
import { checkIntegers, countPoints } from "./points";
import { mergedGaussians } from "./ridgeline";

/** Options of {@link selectMixture}. */
export interface MixtureSelectionOptions extends Omit<MixtureOptions, "restarts"> {
  /** Most Gaussians that are tried, at most as many as points. Default 12. */
  most?: number;
  /**
   * So many groups, for which the shallowest gaps between Gaussians are closed; fewer if fewer Gaussians describe the points
   * best. Default: as many as there are gaps.
   */
  groups?: number;
}

/** A mixture whose number of Gaussians the points determine, and the groups that its Gaussians form. */
export interface MixtureSelection {
  /** The mixture with the lowest BIC. */
  mixture: GaussianMixture;
  /** BIC of the mixtures of 1, 2, … Gaussians that were tried, [tried]. */
  bics: Float64Array;
  /** Group of each Gaussian, [k]. Groups are ordered by the first coordinate of their means. */
  groupOf: Int32Array;
  /** The most probable group of each point, [n]. */
  labels: Int32Array;
  /** Number of points in each group, [groups]. */
  sizes: Int32Array;
  /** Fraction of the population in each group: sum of the weights of its Gaussians, [groups]. */
  weights: Float64Array;
  /** Mean of each group, [groups · dimensions]. */
  centres: Float32Array;
  /** Mean probability of the points' groups; near 1 if the groups are told apart in every point. */
  certainty: number;
  /** One sentence that says how many groups there are and why. */
  advice: string;
}

/** Further Gaussians that are tried without improvement. */
const patience = 2;

/**
 * Fits mixtures of 1, 2, … Gaussians until the Bayesian information criterion no longer decreases, and takes the lowest.
 * Gaussians without a gap between them describe one group together, such as a continuous motion, which no single
 * Gaussian fits; see {@link MixtureSelection.groupOf}. There is a gap where the density of the mixture along the ridgeline
 * from one mean to the other (Ray and Lindsay, 2005) falls below 15 % of the lower of the peaks on its sides:
 * in mixtures fitted to uniform lines and rings with noise it stayed above 20 %.
 *
 * @param points [n · dimensions]
 * @throws InputError for coordinates that are not finite and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const deviations = e2.latent.typicalErrors(refined, standardDeviation, run.latent);
 * const { advice, labels } = await e2.latent.selectMixture(refined, run.latent, { deviations, most: 3 });
 * ```
 */
export async function selectMixture(
  points: Float32Array,
  dimensions: number,
  options: MixtureSelectionOptions = {},
): Promise<MixtureSelection> {
  const n = countPoints(points, dimensions, 1);
  const { most = 12, groups, ...rest } = options;
  checkIntegers({ most, ...(groups !== undefined && { groups }) }, 1);
  const pacing = new Pacing(options);
  // Differences of BIC below 0.1 do not matter.
  const { tolerance = Math.min(1e-5, 0.05 / n), maxPoints = 20_000 } = rest;
  const fitting = new MixtureFitting({ points, dimensions }, 1, { ...rest, tolerance, maxPoints });
  const { best, bics } = await lowestBic(fitting, Math.min(most, n), pacing);
  const mixture = await fitting.describe(best, pacing);
  pacing.report("Gaussian mixtures", 1, 1);
  const groupOf = mergedGaussians(mixture, dimensions, groups);
  const grouped = groupsOf(mixture, groupOf, dimensions);
  return { mixture, bics, groupOf, ...grouped, advice: advise(mixture, grouped, { bics, asked: groups }) };
}

async function lowestBic(
  fitting: MixtureFitting,
  most: number,
  pacing: Pacing,
): Promise<{ best: MixtureFit; bics: Float64Array }> {
  const bics: number[] = [];
  let best: MixtureFit | undefined;
  let lowestAt = 0;
  const { ridge, seed } = fitting;
  for await (const { components } of grownMixtures(fitting.sample(1), { ridge, seed }, pacing)) {
    pacing.report("Gaussian mixtures", bics.length, most);
    const fit = await fitting.fit(components, pacing);
    bics.push(fitting.bic(fit));
    if (bics.at(-1)! < bics[lowestAt]! || !best) {
      best = fit;
      lowestAt = bics.length - 1;
    }
    if (bics.length === most || bics.length - 1 - lowestAt >= patience) break;
  }
  if (!best) throw new InputError("points", "at least one", "none");
  return { best, bics: Float64Array.from(bics) };
}

type Groups = Pick<MixtureSelection, "labels" | "sizes" | "weights" | "centres" | "certainty">;

function groupsOf(mixture: GaussianMixture, groupOf: Int32Array, dimensions: number): Groups {
  const count = Math.max(...groupOf) + 1;
  const weights = new Float64Array(count);
  const centres = new Float32Array(count * dimensions);
  groupOf.forEach((g, c) => {
    weights[g]! += mixture.weights[c]!;
  });
  groupOf.forEach((g, c) => {
    const share = mixture.weights[c]! / weights[g]!;
    for (let d = 0; d < dimensions; d++) {
      centres[g * dimensions + d]! += share * mixture.means[c * dimensions + d]!;
    }
  });
  return { ...groupLabels(mixture.responsibilities, groupOf, mixture.labels.length), weights, centres };
}

/**
 * The most probable group of each of n points.
 * @param responsibilities probability of each Gaussian, [n · k]
 */
export function groupLabels(
  responsibilities: Float32Array,
  groupOf: Int32Array,
  n: number,
): Pick<MixtureSelection, "labels" | "sizes" | "certainty"> {
  const k = groupOf.length;
  const count = Math.max(...groupOf) + 1;
  const labels = new Int32Array(n);
  const sizes = new Int32Array(count);
  const shares = new Float64Array(count);
  let certainty = 0;
  for (let i = 0; i < n; i++) {
    shares.fill(0);
    for (let c = 0; c < k; c++) shares[groupOf[c]!]! += responsibilities[i * k + c]!;
    let label = 0;
    for (let g = 1; g < count; g++) if (shares[g]! > shares[label]!) label = g;
    labels[i] = label;
    sizes[label]!++;
    certainty += shares[label]! / n;
  }
  return { labels, sizes, certainty };
}

function advise(
  mixture: GaussianMixture,
  { weights, certainty }: Groups,
  { bics, asked }: { bics: Float64Array; asked: number | undefined },
): string {
  const k = mixture.weights.length;
  const gaussians = `${k} ${k === 1 ? "Gaussian describes" : "Gaussians describe"} the particles best`;
  // The last one tried is only the best of all if the search ended there.
  const tried =
    k === bics.length && k > 1 ? `BIC, which still falls at ${k}` : `BIC, 1 to ${bics.length} tried`;
  if (asked !== undefined) return `${gaussians} (${tried}), joined to ${weights.length} groups as asked.`;
  if (weights.length === 1) {
    const why = k === 1 ? "" : ", without gaps between them";
    return `${gaussians} (${tried})${why}: one group, so that further sets are parts of a continuum.`;
  }
  const smallest = Math.min(...weights);
  const percent = (100 * smallest).toFixed(smallest < 0.1 ? 1 : 0);
  const sure = `particles are assigned with a mean probability of ${(100 * certainty).toFixed(0)} %`;
  const groups =
    k === weights.length ? "each a group of its own" : `in ${weights.length} groups with gaps between`;
  return `${gaussians} (${tried}), ${groups}, the smallest with ${percent} % of the population; ${sure}.`;
}
