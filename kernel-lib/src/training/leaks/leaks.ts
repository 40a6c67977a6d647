import { InputError, throwIfStopped } from "../../errors";
import { beginTask, type TaskOptions } from "../../progress";
import { Random } from "../../random";
import { AssociationMeter, placeCells } from "./association";
import { leakSentence } from "./leakSentence";
import { cellsOf, checkNuisance, knownRows, type Nuisance, regressors } from "./nuisance";
import type { AxisLeak, Leak, Leaks } from "./results";
import { drawRows } from "./sample";
import { evenScatter, permute, strataOf } from "./strata";

export type { Nuisance } from "./nuisance";
export type { AxisLeak, Leak, Leaks } from "./results";

/** Places of particles and what they must not depend on. */
export interface LeakData {
  /** Dimensions of the latent space. */
  latent: number;
  /** [particles · latent] */
  places: ArrayLike<number>;
  /** Posterior standard deviations, [particles · latent]. Without them all particles count as equally well known. */
  standardDeviations?: ArrayLike<number>;
  /** What the places must not depend on. */
  nuisances: readonly Nuisance[];
}

/** Options of {@link measureLeaks}. */
export interface LeakOptions extends TaskOptions {
  /** Most particles of the sample, of which groups with few particles are taken whole. Default 5000. */
  particles?: number;
  /** Number of permutations. Default 1999, or what the correction for many tests needs. */
  permutations?: number;
  /** Seed of sample and permutations. Default 1. */
  seed?: number;
  /** Corrected p-value below which places depend on something. Default 0.01. */
  significance?: number;
}

/** Fewest particles that are tested. */
export const fewestTested = 20;
/** Most cells of places and of nuisances. */
const mostCells = 16;

/**
 * Whether places are associated with what must not matter. Two tests for each nuisance:
 *
 * - How much of the variance of the places it explains: R² of a regression on polynomials of a number's rank, harmonics of an angle
 *   or spherical harmonics of a direction, η² of groups. Posterior means are drawn to the middle where the image tells little, which
 *   changes their scatter but not their mean; places are divided by their scatter at alike values of the nuisance.
 * - Mutual information of place and nuisance (of cells with equally many places), which sees any dependence. So that the
 *   scatter does not count, permutations are among particles of whose places the images tell equally much.
 *
 * p-values are from permutations, and corrected for all tests by Holm's method (Scand. J. Statist. 6, 65, 1979). What
 * permutations reach on average is subtracted, so that numbers are about 0 where there is nothing, also with many groups.
 *
 * It is an association: states that prefer views, or a grid on which a ligand was added, are a dependence and no error.
 * @throws InputError for arrays of different particles, and for fewer than 20
 * @example
 * ```ts
 * const random = new e2.Random(1);
 * const defocus = Float64Array.from({ length: 200 }, () => 10000 + 5000 * random.uniform());
 * const places = Float32Array.from(defocus, (value) => value / 5000 + random.normal());
 * const nuisances = [{ name: "defocus", kind: "number" as const, values: defocus }];
 * const { sentence } = await e2.evidence.measureLeaks({ latent: 1, places, nuisances });
 * ```
 */
export async function measureLeaks(data: LeakData, given: LeakOptions = {}): Promise<Leaks> {
  const options = beginTask(given);
  const { seed = 1, significance = 0.01 } = options;
  const count = checkData(data);
  const enough = Math.ceil((1.1 * 2 * data.nuisances.length) / significance);
  const permutations = options.permutations ?? Math.max(1999, enough);
  const tested: Tested[] = [];
  const untested: string[] = [];
  for (const [at, nuisance] of data.nuisances.entries()) {
    throwIfStopped(options.signal);
    const random = new Random(seed).fork(at);
    const rows = drawRows(nuisance, knownRows(nuisance, count), options.particles ?? 5000, random);
    const found =
      rows.length >= fewestTested
        ? await test(data, nuisance, { rows, random, permutations, options })
        : undefined;
    if (found) tested.push(found);
    else untested.push(nuisance.name);
    options.onProgress?.({ task: "leaks", done: at + 1, total: data.nuisances.length });
  }
  const corrected = holm(tested.flatMap(({ p, informationP }) => [p, informationP]));
  const leaks = tested.map((leak, i): Leak => {
    const [p, informationP] = [corrected[2 * i]!, corrected[2 * i + 1]!];
    const depends = p < significance ? "place" : informationP < significance ? "distribution" : "no";
    return { ...leak, p, informationP, depends };
  });
  leaks.sort(
    (a, b) => Math.min(a.p, a.informationP) - Math.min(b.p, b.informationP) || b.explained - a.explained,
  );
  const found = leaks.some(({ depends }) => depends !== "no");
  return {
    format: 1,
    sentence: leakSentence(leaks),
    ...{ found, leaks, untested, permutations, seed, significance },
  };
}

type Tested = Omit<Leak, "depends">;

/** @returns the number of particles */
function checkData({ places, latent, standardDeviations, nuisances }: LeakData): number {
  const count = places.length / latent;
  if (!Number.isInteger(count) || count < fewestTested) {
    throw new InputError(
      "places",
      `${latent} numbers for each of ${fewestTested} particles or more`,
      `${places.length}`,
    );
  }
  if (standardDeviations && standardDeviations.length !== places.length) {
    throw new InputError("standardDeviations", `${places.length} numbers`, `${standardDeviations.length}`);
  }
  for (const nuisance of nuisances) checkNuisance(nuisance, count);
  return count;
}

/** @returns undefined if the nuisance, or every axis, is the same for all */
async function test(
  { places, latent, standardDeviations }: LeakData,
  nuisance: Nuisance,
  given: { rows: Int32Array; random: Random; permutations: number; options: TaskOptions },
): Promise<Tested | undefined> {
  const { rows, random, permutations, options } = given;
  const cells = cellCount(rows.length);
  const compared = {
    ...(nuisance.kind !== "groups" && { columns: regressors(nuisance, rows) }),
    cells: cellsOf(nuisance, rows, cells),
  };
  const groups = 1 + compared.cells.reduce((most, cell) => Math.max(most, cell), 0);
  if (compared.columns ? compared.columns.length === 0 : groups < 2) return undefined;
  const own = someRows(places, latent, rows);
  const values = evenScatter(own, latent, compared.cells);
  const meter = new AssociationMeter({ latent, values, cells: placeCells(own, latent, cells) }, compared);
  const told = strataOf(
    rows.length,
    latent,
    standardDeviations && someRows(standardDeviations, latent, rows),
  );
  const whole = strataOf(rows.length, latent, undefined);
  const [free, stratified] = [0, 1].map(() => Int32Array.from(rows, (_, i) => i)) as [Int32Array, Int32Array];
  const observed = meter.explained(free);
  const correlations = nuisance.kind === "number" ? meter.correlations() : undefined;
  const information = meter.information(free);
  const chance = new Chance(observed, information);
  for (let k = 0; k < permutations; k++) {
    if (k % 64 === 63) await pause(options.signal);
    permute(whole, free, random);
    permute(told, stratified, random);
    chance.add(meter.explained(free), meter.information(stratified));
  }
  const axes = Array.from(
    observed,
    (explained, d): AxisLeak => ({
      explained: explained - chance.meanOf(d),
      p: chance.axisP(d),
      ...(correlations && { correlation: correlations[d]! }),
    }),
  );
  return {
    ...{ name: nuisance.name, kind: nuisance.kind, particles: rows.length },
    ...(nuisance.kind === "groups" && { groups }),
    explained: Math.max(...axes.map(({ explained }) => explained)),
    ...{ axes, p: chance.p, information: information - chance.meanInformation },
    informationP: chance.informationP,
  };
}

/** Lets other work run, such as that which stops this. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  throwIfStopped(signal);
}

/** Cells of about as many particles as there are cells or more, a power of 2. */
function cellCount(particles: number): number {
  return Math.min(mostCells, 2 ** Math.max(1, Math.floor(Math.log2(Math.sqrt(particles) / 2))));
}

function someRows(values: ArrayLike<number>, latent: number, rows: Int32Array): Float64Array {
  return Float64Array.from({ length: rows.length * latent }, (_, i) => {
    return values[rows[Math.floor(i / latent)]! * latent + (i % latent)]!;
  });
}

/** What permutations reach, against what was observed. */
class Chance {
  private count = 0;
  private readonly sums: Float64Array;
  private informationSum = 0;
  private readonly axisExceeded: Int32Array;
  private exceeded = 0;
  private informationExceeded = 0;
  private readonly total: number;

  constructor(
    private readonly explained: Float64Array,
    private readonly information: number,
  ) {
    this.sums = new Float64Array(explained.length);
    this.axisExceeded = new Int32Array(explained.length);
    this.total = sumOf(explained);
  }

  add(explained: Float64Array, information: number): void {
    this.count++;
    const largest = Math.max(...explained);
    for (let d = 0; d < explained.length; d++) {
      this.sums[d]! += explained[d]!;
      if (atLeast(largest, this.explained[d]!)) this.axisExceeded[d]!++;
    }
    if (atLeast(sumOf(explained), this.total)) this.exceeded++;
    this.informationSum += information;
    if (atLeast(information, this.information)) this.informationExceeded++;
  }

  /** The observed assignment counts as one of the permutations. */
  private pOf(exceeded: number): number {
    return (1 + exceeded) / (1 + this.count);
  }
  get p(): number {
    return this.pOf(this.exceeded);
  }
  get informationP(): number {
    return this.pOf(this.informationExceeded);
  }
  axisP(d: number): number {
    return this.pOf(this.axisExceeded[d]!);
  }
  meanOf(d: number): number {
    return this.sums[d]! / Math.max(this.count, 1);
  }
  get meanInformation(): number {
    return this.informationSum / Math.max(this.count, 1);
  }
}

/** Up to rounding, since an equal assignment may be summed in another order. */
function atLeast(value: number, limit: number): boolean {
  return value >= limit - 1e-12;
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0);
}

/** p-values corrected for their number by Holm's method, in the same order. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const corrected = new Array<number>(values.length);
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[at]!));
    corrected[at] = largest;
  });
  return corrected;
}
