import { InputError } from "../../errors";
import { kMeansAsync } from "../../latent/kmeans";
import { adjustedRandIndex } from "../../latent/match";
import { beginTask, type TaskOptions } from "../../progress";
import { Random } from "../../random";
import { sampled } from "./orders";

/** How places agree with classes that have no order. */
export interface ClassAgreement {
  /** Number of classes. */
  classes: number;
  /** Fraction of the particles whose nearest other particle by place is of their class. */
  nearest: number;
  /** The fraction to expect of places that have nothing to do with the classes: Σ f², f the fraction in each class. */
  chance: number;
  /** Adjusted Rand index of the classes with a division of the places by k-means into as many. */
  randIndex: number;
}

/** Places of particles of known classes. */
export interface ClassedPlaces {
  /** Class of each particle: equal numbers, equal classes, [n]. */
  classes: ArrayLike<number>;
  /** Places, [n · latent]. */
  places: Float32Array;
  /** Axes of the latent space. */
  latent: number;
}

/** Options of {@link classAgreement}. */
export interface ClassAgreementOptions extends TaskOptions {
  /** Most particles whose nearest neighbour is looked for, among themselves. Default 4000. */
  particles?: number;
  /** Seed of the sample and of k-means. Default 1. */
  seed?: number;
}

/** Names of columns whose whole numbers are names of classes. */
const classNames = /^(state|class|label|cluster|group|species)(_?(id|no|number|index))?$/i;
/** Fewest particles per class, on average: with fewer the numbers are rather coordinates. */
const fewestOfClass = 4;

/**
 * Whether a column of a truth is one of classes: it is named so (`state`, `class`, `label`, `cluster`, `group`, `species`), and has few
 * whole numbers, four particles or more to each. The numbers of classes have no order: the distance of state 1 from state 5 is none.
 * @example
 * ```ts
 * const isClass = e2.evidence.isClassColumn("state", [0, 0, 0, 0, 1, 1, 1, 1]); // true
 * ```
 */
export function isClassColumn(name: string, values: ArrayLike<number>): boolean {
  if (!classNames.test(name)) return false;
  const distinct = new Set(Array.from(values));
  return [...distinct].every(Number.isInteger) && fewestOfClass * distinct.size <= values.length;
}

/**
 * How well places tell classes apart that have no order, such as the states of an assembly: by nearest neighbours, and by a division
 * of the places into as many sets.
 * @throws InputError unless there is a class for each place, and two classes or more
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined: places } = await run.latents();
 * const classes = Array.from({ length: run.record.particles }, (_, i) => i % 2);
 * const { nearest, chance, randIndex } = await e2.evidence.classAgreement({ classes, places, latent: run.latent });
 * ```
 */
export async function classAgreement(
  { classes, places, latent }: ClassedPlaces,
  given: ClassAgreementOptions = {},
): Promise<ClassAgreement> {
  const options = beginTask(given);
  const { seed = 1, particles = 4000 } = options;
  const n = places.length / latent;
  if (classes.length !== n) throw new InputError("classes", `${n}, one for each place`, `${classes.length}`);
  const counts = new Map<number, number>();
  for (const one of Array.from(classes)) counts.set(one, (counts.get(one) ?? 0) + 1);
  if (counts.size < 2) throw new InputError("classes", "two or more", `${counts.size}`);
  const rows = sampled(
    Int32Array.from({ length: n }, (_, i) => i),
    particles,
    new Random(seed),
  );
  let same = 0;
  for (const i of rows) {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (const j of rows) {
      if (j === i) continue;
      let square = 0;
      for (let d = 0; d < latent; d++) square += (places[i * latent + d]! - places[j * latent + d]!) ** 2;
      if (square < least) [best, least] = [j, square];
    }
    if (classes[best] === classes[i]) same++;
  }
  const { labels } = await kMeansAsync(places, latent, counts.size, { ...options, seed });
  const chance = [...counts.values()].reduce((sum, count) => sum + (count / n) ** 2, 0);
  return {
    ...{ classes: counts.size, nearest: same / rows.length, chance },
    randIndex: adjustedRandIndex(labels, classes),
  };
}
