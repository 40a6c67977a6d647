import { InputError } from "../../errors";
import { beginTask, type TaskOptions } from "../../progress";
import { Random } from "../../random";
import {
  type ChanceLevel,
  inverse,
  moments,
  type Orders,
  ordersOf,
  permutationsOf,
  sampled,
  type TwoSpaces,
} from "./orders";

export type { ChanceLevel, TwoSpaces } from "./orders";

/** Neighbours that a particle has in both spaces. */
export interface NeighbourhoodSimilarity {
  /** Size of the neighbourhood. */
  k: number;
  /** Mean number of particles, itself included, that are among the k nearest (and itself) of a particle in both spaces. */
  matches: number;
  /** Standard deviation of `matches` over the five subsets. */
  deviation: number;
  /** Fraction of the k nearest neighbours in one space that are so in the other. */
  fraction: number;
  /** The fraction for permuted places. */
  chance: ChanceLevel;
}

/** Options of the scores of places. */
export interface NeighbourhoodOptions extends TaskOptions {
  /** Sizes of neighbourhoods. Default: 1, 2, 5, 10 and 20 % of a subset; of the information imbalance 1 and 3. */
  sizes?: readonly number[];
  /** Most particles n of a subset, for which 8 n² bytes of memory are needed. Default 2000. */
  particles?: number;
  /** Permutations of the places for the chance level. Default 20. */
  permutations?: number;
  /** Seed of the order among equal distances, of the sample and of the permutations. Default 1. */
  seed?: number;
}

/** Subsets of which the deviation is found. */
const subsets = 5;
const defaultPermutations = 20;

/**
 * CryoBench's neighbourhood similarity (Jeon et al., NeurIPS 2024, after Boggust et al., IUI 2022): how many of the k nearest neighbours of a
 * particle by its true coordinates are among its k nearest by its place. Mean over particles, of five subsets with every fifth
 * particle. Equal distances, as between particles of the same state, are ordered at random, which amounts to CryoBench's smear of the
 * truth by a little noise. `chance` is the same for permuted places; its mean tends to k/(n − 1) of n particles.
 * @throws InputError unless both spaces have a point for each of 20 particles or more
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const truth = Array.from({ length: run.record.particles }, (_, i) => i);
 * const found = await e2.evidence.neighbourhoodSimilarity({ truth, truthDimensions: 1, places: refined, latent: run.latent });
 * console.log(found[0]?.k, found[0]?.fraction);
 * run.close();
 * ```
 */
export async function neighbourhoodSimilarity(
  spaces: TwoSpaces,
  given: NeighbourhoodOptions = {},
): Promise<NeighbourhoodSimilarity[]> {
  const options = beginTask(given);
  const { permutations = defaultPermutations } = options;
  const count = checkSpaces(spaces);
  const random = new Random(options.seed ?? 1);
  const members = Array.from({ length: subsets }, (_, s) => {
    const all = Int32Array.from({ length: Math.ceil((count - s) / subsets) }, (_, i) => s + subsets * i);
    return sampled(all, options.particles ?? 2000, random);
  });
  const smallest = Math.min(...members.map(({ length }) => length));
  const sizes = options.sizes ?? [
    ...new Set([0.01, 0.02, 0.05, 0.1, 0.2].map((part) => Math.max(1, Math.round(part * smallest)))),
  ];
  checkSizes(sizes, smallest);
  const found: SimilarityOfSubset[] = [];
  for (const rows of members) {
    const orders = await ordersOf(spaces, rows, options);
    const permuted = permutationsOf(rows.length, permutations, random.fork(found.length + 1));
    found.push(await similarityOf(orders, sizes, permuted));
    options.onProgress?.({ task: "neighbours", done: found.length, total: subsets });
  }
  return sizes.map((k, at) => {
    const { mean, deviation } = moments(found.map(({ matches }) => matches[at]!));
    // The mean over subsets, permuted at once
    const permuted = found[0]!.permuted.map((_, p) => moments(found.map((of) => of.permuted[p]![at]!)).mean);
    const fraction = (matches: number) => (matches - 1) / k;
    return {
      ...{ k, matches: mean, deviation, fraction: fraction(mean) },
      chance: moments(permuted.map(fraction)),
    };
  });
}

/** Mean number of matches for each size. */
interface SimilarityOfSubset {
  /** [sizes] */
  matches: Float64Array;
  /** [permutations][sizes] */
  permuted: Float64Array[];
}

async function similarityOf(
  { truth, places, count, pause }: Orders,
  sizes: readonly number[],
  permutations: readonly Int32Array[],
): Promise<SimilarityOfSubset> {
  const most = Math.max(...sizes);
  const seen = new Int32Array(count);
  const add = (sums: Float64Array, own: number, nameOf?: Int32Array) => {
    // seen: ranks in the truth around a particle; `own` is the particle whose place it has.
    for (let rank = 0; rank <= most; rank++) {
      const b = places[own * count + rank]!;
      const inTruth = seen[nameOf ? nameOf[b]! : b]!;
      const reached = Math.max(rank, inTruth);
      for (let at = 0; at < sizes.length; at++) if (reached <= sizes[at]!) sums[at]! += 1 / count;
    }
  };
  const matches = new Float64Array(sizes.length);
  const permuted = permutations.map(() => new Float64Array(sizes.length));
  const inverses = permutations.map(inverse);
  for (let i = 0; i < count; i++) {
    if (i % 64 === 0) await pause();
    for (let rank = 0; rank < count; rank++) seen[truth[i * count + rank]!] = rank;
    add(matches, i);
    permutations.forEach((permutation, p) => {
      add(permuted[p]!, permutation[i]!, inverses[p]);
    });
  }
  return { matches, permuted };
}

/** Information imbalance for neighbourhoods of one size. */
export interface InformationImbalance {
  /** Number of nearest neighbours. */
  k: number;
  /** From the truth to the places: 0 if near in truth means near in place, 1 if it means nothing. */
  truthToPlaces: number;
  /** From the places to the truth. */
  placesToTruth: number;
  /** Both for permuted places. */
  chance: { truthToPlaces: ChanceLevel; placesToTruth: ChanceLevel };
}

/**
 * Information imbalance of truth and places (Glielmo et al., PNAS Nexus 1, pgac039, 2022), as CryoBench uses it: 2/N times the mean rank
 * in one space of the k nearest neighbours in the other; 0 where one tells the other, 1 where it tells nothing. Of at most 2,000
 * particles; equal distances are ordered at random.
 * @throws InputError as {@link neighbourhoodSimilarity}
 * @example
 * ```ts
 * const random = new e2.Random(1);
 * const truth = Float32Array.from({ length: 100 }, () => random.uniform());
 * const places = truth.map((x) => x + 0.1 * random.normal());
 * const [first] = await e2.evidence.informationImbalance({ truth, truthDimensions: 1, places, latent: 1 });
 * ```
 */
export async function informationImbalance(
  spaces: TwoSpaces,
  given: NeighbourhoodOptions = {},
): Promise<InformationImbalance[]> {
  const options = beginTask(given);
  const count = checkSpaces(spaces);
  const random = new Random(options.seed ?? 1);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const rows = sampled(all, options.particles ?? 2000, random);
  const sizes = options.sizes ?? [1, 3];
  const { permutations = defaultPermutations } = options;
  checkSizes(sizes, rows.length);
  const found = await ordersOf(spaces, rows, options);
  const own = await imbalanceOf(found, sizes);
  const permuted: [number, number][][] = [];
  for (const permutation of permutationsOf(rows.length, permutations, random.fork(1))) {
    permuted.push(await imbalanceOf(found, sizes, permutation));
    options.onProgress?.({ task: "information imbalance", done: permuted.length, total: permutations });
  }
  return sizes.map((k, at) => {
    const [truthToPlaces, placesToTruth] = own[at]!;
    const chance = (way: 0 | 1) => moments(permuted.map((of) => of[at]![way]));
    return {
      ...{ k, truthToPlaces, placesToTruth },
      chance: { truthToPlaces: chance(0), placesToTruth: chance(1) },
    };
  });
}

/** From the truth to the places and back, for each size; with a permutation, particle i has the place of particle permutation[i]. */
async function imbalanceOf(
  { truth, places, count, pause }: Orders,
  sizes: readonly number[],
  permutation = Int32Array.from({ length: count }, (_, i) => i),
): Promise<[number, number][]> {
  const nameOf = inverse(permutation);
  const most = Math.max(...sizes);
  const sums = sizes.map(() => [0, 0] as [number, number]);
  const [rankInTruth, rankInPlaces] = [new Int32Array(count), new Int32Array(count)];
  for (let i = 0; i < count; i++) {
    if (i % 64 === 0) await pause();
    const [a, b] = [i * count, permutation[i]! * count];
    for (let rank = 0; rank < count; rank++) {
      rankInTruth[truth[a + rank]!] = rank;
      rankInPlaces[nameOf[places[b + rank]!]!] = rank;
    }
    for (let rank = 1; rank <= most; rank++) {
      const forward = rankInPlaces[truth[a + rank]!]!;
      const back = rankInTruth[nameOf[places[b + rank]!]!]!;
      for (let at = 0; at < sizes.length; at++) {
        if (rank > sizes[at]!) continue;
        sums[at]![0] += forward / sizes[at]!;
        sums[at]![1] += back / sizes[at]!;
      }
    }
  }
  const scale = 2 / count ** 2;
  return sums.map(([forward, back]) => [forward * scale, back * scale]);
}

/** @returns the number of particles */
function checkSpaces({ truth, truthDimensions, places, latent }: TwoSpaces): number {
  const count = places.length / latent;
  if (!Number.isInteger(count) || count < 4 * subsets || truth.length !== count * truthDimensions) {
    const found = `${places.length / latent} places and ${truth.length / truthDimensions} true points`;
    throw new InputError("places and truth", `a point of each for ${4 * subsets} particles or more`, found);
  }
  return count;
}

function checkSizes(sizes: readonly number[], particles: number): void {
  for (const k of sizes) {
    if (Number.isInteger(k) && k >= 1 && k < particles) continue;
    throw new InputError("sizes", `whole numbers from 1 to ${particles - 1}`, String(k));
  }
}
