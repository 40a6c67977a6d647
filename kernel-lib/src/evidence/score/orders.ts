import { InputError, throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import type { Random } from "../../random";

/** The order of particles around each other in two spaces, of which scores of places are made, and permutations for their chance level. */

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

/** What a score is for places that say nothing: the places of the particles, permuted among them. */
export interface ChanceLevel {
  /** Mean over the permutations. */
  mean: number;
  /** Standard deviation over them. */
  deviation: number;
}

/** Some of the rows in random order, by which equal distances are told apart. */
export function sampled(rows: Int32Array, most: number, random: Random): Int32Array {
  const order = random.permutation(rows.length).map((at) => rows[at]!);
  return order.subarray(0, most);
}

/** Permutations of `count` particles. @throws InputError unless there is at least one */
export function permutationsOf(count: number, permutations: number, random: Random): Int32Array[] {
  if (!Number.isInteger(permutations) || permutations < 1) {
    throw new InputError("permutations", "a whole number of 1 or more", String(permutations));
  }
  return Array.from({ length: permutations }, () => random.permutation(count));
}

export function inverse(permutation: Int32Array): Int32Array {
  const result = new Int32Array(permutation.length);
  permutation.forEach((to, i) => {
    result[to] = i;
  });
  return result;
}

export function moments(values: readonly number[]): ChanceLevel {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/** The order of the particles around each one, itself first, in both spaces. */
export interface Orders {
  count: number;
  /** [count · count] */
  truth: Int32Array;
  /** [count · count] */
  places: Int32Array;
  /** Lets other work proceed. @throws StoppedError */
  pause: () => Promise<void>;
}

export async function ordersOf(
  spaces: TwoSpaces,
  rows: Int32Array,
  { signal }: TaskOptions,
): Promise<Orders> {
  const count = rows.length;
  const pause = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throwIfStopped(signal);
  };
  const truth = new Int32Array(count * count);
  const places = new Int32Array(count * count);
  for (let i = 0; i < count; i++) {
    if (i % 64 === 0) await pause();
    writeOrder(spaces.truth, spaces.truthDimensions, { rows, i }, truth);
    writeOrder(spaces.places, spaces.latent, { rows, i }, places);
  }
  return { count, truth, places, pause };
}

/** Sorts rows by their distance from row i into section i of `orders`. */
function writeOrder(
  values: ArrayLike<number>,
  dimensions: number,
  { rows, i }: { rows: Int32Array; i: number },
  orders: Int32Array,
): void {
  const distance = new Float64Array(rows.length);
  for (let j = 0; j < rows.length; j++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      sum += (values[rows[j]! * dimensions + d]! - values[rows[i]! * dimensions + d]!) ** 2;
    }
    distance[j] = j === i ? -1 : sum;
  }
  const order = orders.subarray(i * rows.length, (i + 1) * rows.length);
  for (let j = 0; j < order.length; j++) order[j] = j;
  order.sort((a, b) => distance[a]! - distance[b]! || a - b);
}
