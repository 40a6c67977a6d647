import { InputError } from "../errors";
import { canonicalCorrelations } from "../latent/canonical";
import { imagesOf, withoutFolder } from "../latent/matchPlaces";
import { pearson } from "../pearson";
import { beginTask, type TaskOptions } from "../progress";
import { latentAxes, RunFolder } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import type { RunRecord } from "../training/runs/runRecord";
import { runDifferences, type SettingDifference } from "./runDifferences";

/** One of two runs that are compared. */
export interface ComparedRun {
  /** Its folder. */
  folder: string;
  /** Number of its particles. */
  particles: number;
  /** Axes of its latent space. */
  axes: number;
  /** What held-out particles say, with the gain in nats per particle; missing without evidence. */
  evidence?: NonNullable<RunRecord["evidence"]>;
  /** Places of the particles that both have, [common · axes]. */
  places: Float32Array;
  /** Their rows in the run, [common]. */
  rows: Uint32Array;
}

/** Two runs, linked by the particles that both have. */
export interface RunComparison {
  /** One run. */
  first: ComparedRun;
  /** The other run. */
  second: ComparedRun;
  /** Particles that both have. */
  common: number;
  /** Correlation of each axis of the first run with each of the second, [axes of the first][axes of the second]; null if one is constant. */
  correlations: (number | null)[][];
  /** Canonical correlations of the two spaces, in descending order: 1 for each direction that one tells of the other, 0 for none. */
  canonical: number[];
  /** Settings in which the runs differ. */
  differences: SettingDifference[];
}

/** Fewest particles that say anything about a correlation. */
const fewest = 30;

/**
 * Compares two complete runs by the particles that both have, found by the names of their images: correlations of their places, their evidence,
 * and the settings in which they differ. It says nothing of the molecules that they decode; see `e2.study` for that.
 * @param first  folder of a run
 * @param second folder of another one
 * @throws InputError for runs that are not complete or have a symmetry, particle files that are missing, and fewer than 30 particles in common
 * @example
 * ```ts
 * const { common, canonical } = await e2.project.compare("RUN", "RUN");
 * console.log(`${common} particles, canonical correlations ${canonical.map((r) => r.toFixed(2)).join(", ")}`);
 * ```
 */
export async function compareRuns(
  first: string,
  second: string,
  options: TaskOptions = {},
): Promise<RunComparison> {
  const { signal } = beginTask(options);
  const [one, other] = [await placed(first, signal), await placed(second, signal)];
  const pairs = linked(one.images, other.images);
  if (pairs.length < fewest) {
    const expected = `at least ${fewest} particles that ${first} has too, by the names of their images`;
    throw new InputError(second, expected, String(pairs.length));
  }
  const a = comparedRun(
    first,
    one,
    pairs.map(([row]) => row),
  );
  const b = comparedRun(
    second,
    other,
    pairs.map(([, row]) => row),
  );
  const column = ({ places, axes }: ComparedRun, d: number) =>
    Float64Array.from({ length: pairs.length }, (_, i) => places[i * axes + d]!);
  const correlation = (d: number, e: number) => {
    const r = pearson(column(a, d), column(b, e));
    return Number.isFinite(r) ? r : null;
  };
  return {
    ...{ first: a, second: b, common: pairs.length },
    correlations: Array.from({ length: a.axes }, (_, d) =>
      Array.from({ length: b.axes }, (_, e) => correlation(d, e)),
    ),
    canonical: canonicalCorrelations(a.places, a.axes, b.places, b.axes),
    differences: runDifferences(one.record, other.record),
  };
}

interface PlacedRun {
  record: RunRecord;
  places: Float32Array;
  /** Name of the image of each particle. */
  images: string[];
}

async function placed(run: string, signal: AbortSignal | undefined): Promise<PlacedRun> {
  const folder = new RunFolder(run);
  const record = await folder.readRecord();
  if (record.status !== "complete") throw new InputError(run, "a run that is complete", record.status);
  if (record.inputs.symmetry !== undefined) {
    const found = `symmetry ${record.inputs.symmetry}`;
    throw new InputError(run, "a run without symmetry: units of a particle have places of their own", found);
  }
  const { refined: places } = await folder.readLatents();
  const set = await openRunParticles(record.inputs, { signal });
  try {
    if (set.count !== record.particles)
      throw new InputError(set.file, `the ${record.particles} particles of the run`, String(set.count));
    return { record, places, images: imagesOf(set) };
  } finally {
    await set.close();
  }
}

/** Rows of both runs with one image, in the order of the first; images that a run has more than once are left out. */
function linked(one: readonly string[], other: readonly string[]): [number, number][] {
  const found = byName(one, other);
  return found.length > 0 ? found : byName(one.map(withoutFolder), other.map(withoutFolder));
}

function byName(one: readonly string[], other: readonly string[]): [number, number][] {
  const [rows, theirs] = [uniqueRows(one), uniqueRows(other)];
  return [...rows].flatMap(([name, row]): [number, number][] => {
    const match = theirs.get(name);
    return match === undefined ? [] : [[row, match]];
  });
}

function uniqueRows(names: readonly string[]): Map<string, number> {
  const rows = new Map<string, number>();
  const again = new Set<string>();
  names.forEach((name, row) => {
    if (rows.has(name)) again.add(name);
    else rows.set(name, row);
  });
  for (const name of again) rows.delete(name);
  return rows;
}

function comparedRun(folder: string, { record, places }: PlacedRun, rows: readonly number[]): ComparedRun {
  const { particles, evidence } = record;
  const axes = latentAxes(record);
  const own = new Float32Array(rows.length * axes);
  for (const [i, row] of rows.entries()) own.set(places.subarray(row * axes, (row + 1) * axes), i * axes);
  return {
    folder,
    particles,
    axes,
    ...(evidence && { evidence }),
    places: own,
    rows: Uint32Array.from(rows),
  };
}
