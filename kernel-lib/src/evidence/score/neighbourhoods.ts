import { InputError, throwIfStopped } from "../../errors";
import { beginTask, type TaskOptions } from "../../progress";
import { Random } from "../../random";

/** Points of the same particles in two spaces. */
export interface TwoSpaces {
  /** True coordinates, [particles · truthDimensions]. */
  truth: ArrayLike<number>;
  /** Dimensions of the true coordinates. */
  truthDimensions: number;
  /** Places, [particles · latent]. */
  places: ArrayLike<number>;
  /** Dimensions of the latent space. */
  latent: number;
}

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
}

/** Options of the scores of places. */
export interface NeighbourhoodOptions extends TaskOptions {
  /** Sizes of neighbourhoods. Default: 1, 2, 5, 10 and 20 % of a subset; of the information imbalance 1 and 3. */
  sizes?: readonly number[];
  /** Most particles of a subset. Default 2000. */
  particles?: number;
  /** Seed of the order among equal distances, and of the sample. Default 1. */
  seed?: number;
}

/** Subsets of which the deviation is found. */
const subsets = 5;

/**
 * CryoBench's neighbourhood similarity (Jeon et al., NeurIPS 2024, after Boggust et al., IUI 2022): how many of the k nearest neighbours of a
 * particle by its true coordinates are among its k nearest by its place. Mean over particles, of five subsets with every fifth
 * particle. Equal distances, as between particles of the same state, are ordered at random, which amounts to CryoBench's smear of the
 * truth by a little noise.
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
  const matches: Float64Array[] = [];
  for (const rows of members) {
    matches.push(await matchesOf(spaces, rows, sizes, options));
    options.onProgress?.({ task: "neighbours", done: matches.length, total: subsets });
  }
  return sizes.map((k, at) => {
    const own = matches.map((of) => of[at]!);
    const mean = own.reduce((sum, x) => sum + x, 0) / subsets;
    const variance = own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / subsets;
    return { k, matches: mean, deviation: Math.sqrt(variance), fraction: (mean - 1) / k };
  });
}

/** Mean number of matches for each size, over these particles. */
async function matchesOf(
  spaces: TwoSpaces,
  rows: Int32Array,
  sizes: readonly number[],
  { signal }: TaskOptions,
): Promise<Float64Array> {
  const [first, second] = orders(spaces, rows);
  const sums = new Float64Array(sizes.length);
  const seen = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (i % 64 === 0) await pause(signal);
    const [a, b] = [first.of(i), second.of(i)];
    // rank + 1 in a; particles of b that are nearer than k in both.
    for (let rank = 0; rank < a.length; rank++) seen[a[rank]!] = rank;
    for (const [at, k] of sizes.entries()) {
      let common = 0;
      for (let rank = 0; rank <= k; rank++) if (seen[b[rank]!]! <= k) common++;
      sums[at]! += common / rows.length;
    }
  }
  return sums;
}

/** Information imbalance for neighbourhoods of one size. */
export interface InformationImbalance {
  /** Number of nearest neighbours. */
  k: number;
  /** From the truth to the places: 0 if near in truth means near in place, 1 if it means nothing. */
  truthToPlaces: number;
  /** From the places to the truth. */
  placesToTruth: number;
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
  checkSizes(sizes, rows.length);
  const [truth, places] = orders(spaces, rows);
  const sums = sizes.map(() => [0, 0] as [number, number]);
  const [rankA, rankB] = [0, 1].map(() => new Int32Array(rows.length)) as [Int32Array, Int32Array];
  for (let i = 0; i < rows.length; i++) {
    if (i % 64 === 0) await pause(options.signal);
    const [a, b] = [truth.of(i), places.of(i)];
    for (let rank = 0; rank < a.length; rank++) {
      rankA[a[rank]!] = rank;
      rankB[b[rank]!] = rank;
    }
    for (const [at, k] of sizes.entries()) {
      for (let rank = 1; rank <= k; rank++) {
        sums[at]![0] += rankB[a[rank]!]! / k;
        sums[at]![1] += rankA[b[rank]!]! / k;
      }
    }
  }
  const scale = 2 / rows.length ** 2;
  return sizes.map((k, at) => {
    const [forward, back] = sums[at]!;
    return { k, truthToPlaces: forward * scale, placesToTruth: back * scale };
  });
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

/** Some of the rows in random order, by which equal distances are told apart. */
function sampled(rows: Int32Array, most: number, random: Random): Int32Array {
  const order = random.permutation(rows.length).map((at) => rows[at]!);
  return order.subarray(0, most);
}

/** The order of points around each point, of both spaces. */
function orders(spaces: TwoSpaces, rows: Int32Array): [Neighbourhood, Neighbourhood] {
  return [
    new Neighbourhood(spaces.truth, spaces.truthDimensions, rows),
    new Neighbourhood(spaces.places, spaces.latent, rows),
  ];
}

/** Points, sorted by their distance from one of them. */
class Neighbourhood {
  private readonly points: Float64Array;
  private readonly order: Int32Array;
  private readonly distance: Float64Array;

  constructor(
    values: ArrayLike<number>,
    private readonly dimensions: number,
    rows: Int32Array,
  ) {
    this.points = Float64Array.from({ length: rows.length * dimensions }, (_, i) => {
      return values[rows[Math.floor(i / dimensions)]! * dimensions + (i % dimensions)]!;
    });
    this.order = new Int32Array(rows.length);
    this.distance = new Float64Array(rows.length);
  }

  /** All points by distance from point i, itself first; valid until the next call. */
  of(i: number): Int32Array {
    const { points, dimensions, order, distance } = this;
    for (let j = 0; j < order.length; j++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++)
        sum += (points[j * dimensions + d]! - points[i * dimensions + d]!) ** 2;
      distance[j] = j === i ? -1 : sum;
      order[j] = j;
    }
    return order.sort((a, b) => distance[a]! - distance[b]! || a - b);
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  throwIfStopped(signal);
}
