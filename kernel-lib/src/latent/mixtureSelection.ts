import { InputError } from "../errors";
import type { MixtureFit } from "./expectationMaximization";
import { type GaussianMixture, MixtureFitting, type MixtureOptions } from "./mixture";
import { grownMixtures } from "./mixtureGrowth";
import { Pacing } from "./pacing";
import { checkIntegers, countPoints, sampleSentence } from "./points";
import { gap, mergedGaussians } from "./ridgeline";

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
  /** The mixture with the lowest BIC, in which no Gaussian lowers it by less than 10. */
  mixture: GaussianMixture;
  /** Whether its Gaussians have one covariance in common, with which its BIC is lower than with one of each. */
  tied: boolean;
  /** BIC of the mixtures of 1, 2, … Gaussians that were tried with such covariances, [tried]. */
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
  /** Whether there are separate groups, or one group, without gaps in its density. */
  structure: "groups" | "continuum" | "one";
  /** The structure in a sentence. */
  structureSentence: string;
  /** One sentence that says how many groups there are and why. */
  advice: string;
}

/** A further Gaussian is kept if it lowers BIC by more: very strong evidence (Kass and Raftery, J. Am. Stat. Assoc. 90, 773, 1995). */
const strongEvidence = 10;
/** Further Gaussians that are tried without improvement. */
const patience = 2;

/**
 * Answers two questions. How many Gaussians describe the points: mixtures of 1, 2, … are fitted until the Bayesian information
 * criterion no longer decreases by more than 10, and the lowest is taken: of Gaussians that each have a covariance, and of
 * equal ones, for states of a molecule that scatter alike, with tails as of Student's t distribution, since particles differ in
 * how well they are placed (Peel and McLachlan, 2000). Without them tails become groups. And whether they are separate groups:
 * Gaussians without a gap between them describe one group together, such as a continuous motion, which no single
 * Gaussian fits; see {@link MixtureSelection.groupOf}. There is a gap where the density of the mixture along the ridgeline
 * from one mean to the other (Ray and Lindsay, 2005), blurred by a quarter of the points' errors, falls below 15 % of the lower of the
 * peaks on its sides: in mixtures fitted to uniform lines and rings with noise it stayed above 20 %.
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
  const families: Family[] = [];
  // With errors that differ, the particles' own errors account for the tails.
  for (const tied of fitting.hasEqualErrors ? [true, false] : [false]) {
    families.push(await lowestBic(fitting, { most: Math.min(most, n), tied }, pacing));
  }
  const bicOf = ({ best, tied }: Family) => fitting.bic(best, tied);
  const { best, ...trials } = families.reduce((a, b) => (bicOf(b) < bicOf(a) ? b : a));
  const mixture = await fitting.describe(best, pacing, trials.tied);
  pacing.report("Gaussian mixtures", 1, 1);
  const errors = options.deviations && typicalErrorOf(options.deviations, dimensions);
  const groupOf = mergedGaussians(mixture, dimensions, { wanted: groups, errors });
  const grouped = groupsOf(mixture, groupOf, dimensions);
  const tried = trials.bics.length;
  return {
    ...{ mixture, ...trials, groupOf, ...grouped },
    ...structureOf(mixture, mergedGaussians(mixture, dimensions, { errors })),
    advice:
      advise(mixture, grouped, { tried, asked: groups }) +
      sampleSentence(fitting.count, n, "all are divided by what was found there"),
  };
}

/** Root mean square error of each coordinate, [dimensions]. */
function typicalErrorOf(deviations: Float32Array, dimensions: number): Float64Array {
  const squares = new Float64Array(dimensions);
  for (let i = 0; i < deviations.length; i++) squares[i % dimensions]! += deviations[i]! ** 2;
  return squares.map((square) => Math.sqrt((square * dimensions) / deviations.length));
}

/** The mixture with the lowest BIC of a family. */
interface Family {
  tied: boolean;
  best: MixtureFit;
  bics: Float64Array;
}

/** Fits that are grown from different seeds: a small group beside large ones is easily missed by one of them. */
const lines = 2;
/** Log-likelihoods of a sample that differ by less belong to the same maximum. */
const sameLikelihood = 0.1;

async function lowestBic(
  fitting: MixtureFitting,
  { most, tied }: { most: number; tied: boolean },
  pacing: Pacing,
): Promise<Family> {
  const { ridge, seed } = fitting;
  const sample = fitting.sample(1);
  const grown = Array.from({ length: fitting.hasEqualErrors ? lines : 1 }, (_, line) =>
    grownMixtures(sample, { ridge, seed: seed + line, tied }, pacing),
  );
  const bics: number[] = [];
  let best: MixtureFit | undefined;
  let lowestAt = 0;
  while (bics.length < most && bics.length - 1 - lowestAt < patience) {
    pacing.report(`Gaussian mixtures${tied ? " of equal shape" : ""}`, bics.length, most);
    const fit = await likeliest(fitting, { grown, tied }, pacing);
    if (!fit) break;
    bics.push(fitting.bic(fit, tied));
    if (!best || bics.at(-1)! < bics[lowestAt]! - strongEvidence) {
      best = fit;
      lowestAt = bics.length - 1;
    }
  }
  if (!best) throw new InputError("points", "at least one", "none");
  return { tied, best, bics: Float64Array.from(bics) };
}

/** Degrees of freedom that are tried. With more the t distribution is nearly normal. */
const tailsTried = [30, 16, 8];

/** The likeliest of fits with normal and with longer tails: as particles differ in how well they are placed, states have tails. */
async function withTails(fitting: MixtureFitting, normal: MixtureFit, pacing: Pacing): Promise<MixtureFit> {
  let best = normal;
  for (const tails of tailsTried) {
    const fit = await fitting.fit({ ...best.components, tails }, pacing, true);
    if (fit.logLikelihood <= best.logLikelihood) break;
    best = fit;
  }
  return best;
}

/** The likeliest of the next fits of all lines, fitted to all points. */
async function likeliest(
  fitting: MixtureFitting,
  { grown, tied }: { grown: readonly AsyncGenerator<MixtureFit>[]; tied: boolean },
  pacing: Pacing,
): Promise<MixtureFit | undefined> {
  let best: MixtureFit | undefined;
  const tried: number[] = [];
  for (const line of grown) {
    const { value, done } = await line.next();
    // Lines that have met need no second fit.
    if (done || tried.some((other) => Math.abs(other - value.logLikelihood) < sameLikelihood)) continue;
    tried.push(value.logLikelihood);
    const normal = await fitting.fit(value.components, pacing, tied);
    const fit = tied ? await withTails(fitting, normal, pacing) : normal;
    if (!best || fit.logLikelihood > best.logLikelihood) best = fit;
  }
  return best;
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

function structureOf(
  { weights: { length: k } }: GaussianMixture,
  natural: Int32Array,
): Pick<MixtureSelection, "structure" | "structureSentence"> {
  const groups = Math.max(...natural) + 1;
  const percent = `${100 * gap} %`;
  if (groups > 1) {
    const parts = k === groups ? "" : ", some of which are continua";
    const structureSentence =
      `Separate groups${parts}: without the particles' errors the density between any two falls below ${percent} of the lower ` +
      "of their peaks.";
    return { structure: "groups", structureSentence };
  }
  if (k === 1) {
    const structureSentence =
      "No separate groups: one Gaussian describes the particles better than several do.";
    return { structure: "one", structureSentence };
  }
  const structureSentence =
    `A continuum, no separate groups: its shape takes ${k} Gaussians, and nowhere between them does the density without the ` +
    `particles' errors fall below ${percent} of the lower peak.`;
  return { structure: "continuum", structureSentence };
}

function advise(
  mixture: GaussianMixture,
  { weights, certainty }: Groups,
  { tried, asked }: { tried: number; asked: number | undefined },
): string {
  const k = mixture.weights.length;
  // The last one tried is only the best of all if the search ended there.
  const range = k === tried && k > 1 ? `BIC, which still falls at ${k}` : `BIC, 1 to ${tried} tried`;
  const gaussians = `${k} ${k === 1 ? "Gaussian describes" : "Gaussians describe"} the particles best (${range})`;
  if (asked !== undefined) return `${gaussians}, joined to ${weights.length} groups as asked.`;
  if (weights.length === 1) {
    const why = k === 1 ? "" : ", without gaps between them";
    return `${gaussians}${why}: one group, so that further sets are parts of a continuum.`;
  }
  const smallest = Math.min(...weights);
  const percent = (100 * smallest).toFixed(smallest < 0.1 ? 1 : 0);
  const sure = `by their places particles are assigned with a mean probability of ${(100 * certainty).toFixed(0)} %`;
  const groups =
    k === weights.length ? "each a group of its own" : `in ${weights.length} groups with gaps between`;
  return `${gaussians}, ${groups}, the smallest with ${percent} % of the population; ${sure}.`;
}
