import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows } from "../batches";
import { evenly } from "../evidence/sample";
import type { LatentLikelihood } from "../posterior/posterior";
import { candidatesOf, type Placed, startAtPlaces } from "./candidates";
import { expand } from "./expandLikelihood";
import { evaluateMixture, fitToImages, type ImageFit } from "./imageMixture";
import { type Expansions, emptyExpansions, type PlaceMixture, type Spreads } from "./placeMixture";
import { prunedMixture } from "./prunedMixture";

/** Groups of particles that were found among their places. */
export interface PlacedGroups {
  /** Mixture of the places, and the probabilities of its components for each particle by its place, [n · k]. */
  mixture: PlaceMixture & { responsibilities: Float32Array };
  /** Group of each component, from 0, [k]. */
  groupOf: Int32Array;
  /** Whether all components have the same covariance. */
  tied: boolean;
  /** Whether groups that the images do not need are joined to others. Default true. */
  join?: boolean;
}

/** Groups to which particles are assigned by their images. */
export interface GroupsByImages {
  /** Probability of each group for each particle, [n · groups]. */
  probabilities: Float32Array;
  /** The most probable group of each particle, [n]. */
  labels: Int32Array;
  /** Its probability, [n]. */
  certainty: Float32Array;
  /** Number of particles in each group, [groups]. */
  sizes: Int32Array;
  /** Fraction of the population in each group, [groups]. */
  weights: Float64Array;
  /** Mean place of each group, [groups · latent]. */
  centres: Float32Array;
  /** Groups that the images do not tell apart from others: each was joined to these. */
  joined: number;
  /** How particles were assigned, in a sentence. */
  sentence: string;
}

/** The particles that are assigned. */
export interface AssignedParticles {
  likelihood: Pick<LatentLikelihood, "local">;
  latent: number;
  /** Their numbers for the likelihood, [n]. */
  particles: Int32Array;
  /** Their places, [n · latent]. */
  means: Float32Array;
  /** Standard deviations of these, [n · latent]. */
  deviations: Float32Array;
  /** Particles per call of the likelihood. */
  batchSize: number;
  /** Factor on the log-likelihood: below 1 where it is known to say too much. Default 1. */
  scale?: number;
}

/** Particles that the mixture is fitted to. */
const mostFitted = 10_000;
/** Particles that are assigned at a time. */
const chunk = 4096;
/** The last fit after the expansions are made at the places of the first. */
const lastFit = { iterations: 40, tolerance: 1e-4 };
/** Components with a lower probability are not compared with an image a second time. */
const settled = 1e-4;

/**
 * Assigns particles to groups by their images: the probability of a group is its fraction of the population times the likelihood of
 * the image at its places, integrated over their spread. Fractions, places and spread are those with which the images are
 * likeliest (expectation maximization), beginning at the groups found among the places of the particles. A place is a summary of
 * an image, with equal errors for all particles; the image itself tells more. Groups that the images do not need are joined to others.
 */
export async function assignByImages(
  set: AssignedParticles,
  { mixture: start, groupOf, tied, join = true }: PlacedGroups,
  options: TaskOptions = {},
): Promise<GroupsByImages> {
  const { particles } = set;
  const rows = evenly(
    Int32Array.from(particles, (_, i) => i),
    mostFitted,
  );
  const parts = new AssignedRows(set, start.responsibilities, start.weights.length);
  const spreads: Spreads = tied ? "tied" : "own";
  const expansions = await parts.expanded(rows, start, options);
  const fitted = async (from: PlaceMixture) =>
    join
      ? prunedMixture(expansions, from, spreads, options)
      : fitToImages(expansions, from, { ...lastFit, spreads });
  const first = await fitted(start);
  await parts.expandAgain(expansions, rows, first, options);
  // Around better places, the images may need still fewer.
  const fit = await fitted(first.mixture);
  const groups = new LeftGroups(fit.mixture, groupOf, set.latent);
  const probabilities = new Float32Array(particles.length * groups.count);
  groups.write(fit, expansions, rows, probabilities);
  const inFit = new Set(rows);
  const others = Int32Array.from(particles.keys()).filter((i) => !inFit.has(i));
  for (let from = 0; from < others.length; from += chunk) {
    throwIfStopped(options.signal);
    const next = others.subarray(from, from + chunk);
    const own = await parts.expanded(next, fit.mixture, {
      ...(options.signal && { signal: options.signal }),
    });
    groups.write(evaluateMixture(own, fit.mixture), own, next, probabilities);
    options.onProgress?.({ task: "assigning by images", done: from + next.length, total: others.length });
  }
  return groups.assigned(probabilities, Math.max(...groupOf) + 1);
}

/** Expansions of some of the particles. */
class AssignedRows {
  constructor(
    private readonly set: AssignedParticles,
    private readonly responsibilities: Float32Array,
    private readonly k: number,
  ) {}

  private expandedParticles(rows: Int32Array) {
    const { particles, batchSize, scale = 1 } = this.set;
    return { particles: rows.map((i) => particles[i]!), batchSize, scale };
  }

  async expanded(rows: Int32Array, mixture: PlaceMixture, options: TaskOptions): Promise<Expansions> {
    const { latent, means, deviations, likelihood } = this.set;
    const placed: Placed = {
      means: gatherRows(means, latent, rows),
      deviations: gatherRows(deviations, latent, rows),
      responsibilities: gatherRows(this.responsibilities, this.k, rows),
    };
    const expansions = emptyExpansions(
      latent,
      Array.from(rows, (_, i) => candidatesOf(placed, i, mixture)),
    );
    startAtPlaces(expansions, mixture, placed);
    await expand(likelihood, expansions, this.expandedParticles(rows), options);
    return expansions;
  }

  /** Expands around the places that a fit gives to the particles in each component. */
  async expandAgain(
    expansions: Expansions,
    rows: Int32Array,
    { mixture, responsibilities }: ImageFit,
    options: TaskOptions,
  ): Promise<void> {
    const { latent } = this.set;
    const next = expansions.at.slice();
    evaluateMixture(expansions, mixture, ({ mean }, row) => next.set(mean, row * latent));
    expansions.at.forEach((_, i) => {
      if (responsibilities[Math.floor(i / latent)]! > settled) expansions.at[i] = next[i]!;
    });
    const wanted = (row: number) => responsibilities[row]! > settled;
    await expand(this.set.likelihood, expansions, this.expandedParticles(rows), { ...options, wanted });
  }
}

/** The groups that are left of those found among the places, in the order of their first coordinate. */
class LeftGroups {
  readonly count: number;
  private readonly weights: Float64Array;
  private readonly centres: Float32Array;
  /** Group of each component; −1 for those left out. */
  private readonly groupOf: Int32Array;

  constructor({ weights, means }: PlaceMixture, before: Int32Array, latent: number) {
    const sums = new Map<number, Float64Array>();
    weights.forEach((w, c) => {
      if (!(w > 0)) return;
      const sum = sums.get(before[c]!) ?? new Float64Array(latent + 1);
      for (let d = 0; d < latent; d++) sum[d]! += w * means[c * latent + d]!;
      sum[latent]! += w;
      sums.set(before[c]!, sum);
    });
    const order = [...sums].sort(([, a], [, b]) => a[0]! / a[latent]! - b[0]! / b[latent]!);
    const rank = new Map(order.map(([group], g) => [group, g]));
    this.count = order.length;
    this.groupOf = before.map((group, c) => (weights[c]! > 0 ? rank.get(group)! : -1));
    this.weights = Float64Array.from(order, ([, sum]) => sum[latent]!);
    this.centres = Float32Array.from(
      order.flatMap(([, sum]) => Array.from(sum.subarray(0, latent), (x) => x / sum[latent]!)),
    );
  }

  /** Writes the probabilities of some particles. */
  write(
    { responsibilities }: ImageFit,
    { first, component }: Expansions,
    rows: Int32Array,
    to: Float32Array,
  ): void {
    rows.forEach((i, at) => {
      for (let row = first[at]!; row < first[at + 1]!; row++) {
        const group = this.groupOf[component[row]!]!;
        if (group >= 0) to[i * this.count + group]! += responsibilities[row]!;
      }
    });
  }

  assigned(probabilities: Float32Array, before: number): GroupsByImages {
    const { count, weights, centres } = this;
    const n = probabilities.length / count;
    const labels = new Int32Array(n);
    const certainty = new Float32Array(n);
    const sizes = new Int32Array(count);
    let mean = 0;
    for (let i = 0; i < n; i++) {
      const own = probabilities.subarray(i * count, (i + 1) * count);
      const label = own.reduce((best, p, g) => (p > own[best]! ? g : best), 0);
      labels[i] = label;
      certainty[i] = own[label]!;
      sizes[label]!++;
      mean += own[label]! / n;
    }
    const joined = before - count;
    const fewer =
      joined === 0
        ? ""
        : ` The images do not tell ${before} groups apart, but ${count}: ${joined === 1 ? "one was" : `${joined} were`} joined to others.`;
    const sentence = `Particles are assigned to the ${count} groups by their images, with a mean probability of ${(100 * mean).toFixed(0)} %.${fewer}`;
    return { probabilities, labels, certainty, sizes, weights, centres, joined, sentence };
  }
}
