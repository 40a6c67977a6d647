import { createRequire } from "node:module";
import path from "node:path";
import * as e2 from "e2gmm";
import { readArguments } from "./arguments";
import { type KeptRun, keptRun } from "./keptRun";
import { errorsOfPlaces, type PlacedStates, squaredDistances } from "./statePlaces";

/**
 * How often the intervals of places cover the truth, for designs with states: the truth of a particle is where the other particles of
 * its state are (`errorsOfPlaces`). For each axis, over all particles and over thirds of them by how much their views tell; for several
 * axes together, by ellipses; and against the true coordinates by an affine map, which adds its curvature.
 * `node tests/dist/bench/coverage.js DESIGN --folder FOLDER [--seeds 1] [--simulation-option value …] [option=value …]`
 *
 * The training is kept in the folder, and used again if it is there.
 */

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

/** Square of the radius that covers 68.3 and 95 % of a normal distribution of 1, 2, … dimensions. */
const radii = [
  [1, 3.841],
  [2.296, 5.991],
  [3.527, 7.815],
  [4.72, 9.488],
] as const;

/** Posterior covariances with the standard deviations of the run, [particles · latent · latent]. */
async function covariancesOf(run: e2.training.Run, latents: e2.training.Latents): Promise<Float64Array> {
  const { RunFolder } = inner("./training/runs/runFolder");
  const { reopenParticles } = inner("./training/evidence/reopen");
  const { PlaceSearch } = inner("./training/posterior/placePosterior");
  const { sampledPosterior } = inner("./training/posterior/sampledPosterior");
  const { latent } = run;
  const { refined, standardDeviation } = latents;
  const reopened = await reopenParticles(new RunFolder(run.folder), run.record, {});
  const covariances = new Float64Array(refined.length * latent);
  try {
    // As trained: what is shown may be less.
    const decoder = (run as unknown as { decoder: { ofTrainedAxes: object } }).decoder.ofTrainedAxes;
    const search = new PlaceSearch({ ...reopened, decoder, weights: reopened.placedWeights });
    const all = Int32Array.from({ length: refined.length / latent }, (_, i) => i);
    const local = await search.find(all, refined.slice(), { covariance: true });
    const found = (await sampledPosterior(search.likelihood, local, latent)).covariance as Float32Array;
    for (const i of all) {
      const own = found.subarray(i * latent ** 2, (i + 1) * latent ** 2);
      const deviations = standardDeviation.subarray(i * latent, (i + 1) * latent);
      covariances.set(withDeviations(own, deviations), i * latent ** 2);
    }
  } finally {
    await reopened.close();
  }
  return covariances;
}

/** A covariance with other standard deviations on its diagonal. */
function withDeviations(covariance: Float32Array, deviations: Float32Array): Float64Array {
  const latent = deviations.length;
  const scale = Array.from(deviations, (s, d) => s / Math.sqrt(covariance[d * latent + d]!));
  return Float64Array.from(covariance, (x, k) => x * scale[Math.floor(k / latent)]! * scale[k % latent]!);
}

/** Rows of each state. Particles are in the same state if all of their true coordinates are equal. */
function rowsOfStates({ truth }: KeptRun["test"]): number[][] {
  const columns = Object.entries(truth).filter(([name]) => name !== "state");
  const states = new Map<string, number[]>();
  columns[0]![1].forEach((_, i) => {
    const state = columns.map(([, values]) => values[i]).join(" ");
    states.set(state, [...(states.get(state) ?? []), i]);
  });
  return [...states.values()];
}

const percent = (part: number) => (100 * part).toFixed(1);

/** Fractions of rows whose squared distance is within the radii for 68.3 and 95 %. */
function covered(rows: readonly number[], squares: ArrayLike<number>, dimensions: number): string {
  return radii[dimensions - 1]!.map((radius) =>
    percent(rows.filter((i) => squares[i]! <= radius).length / rows.length),
  ).join(" / ");
}

async function measure({ run, test }: KeptRun): Promise<void> {
  const latents = await run.latents();
  const { refined: places, standardDeviation, observability } = latents;
  const { latent } = run;
  const states = rowsOfStates(test);
  if (states.length > places.length / latent / 10)
    throw new Error("expected states with ten particles or more");
  const data: PlacedStates = { latent, places, covariances: await covariancesOf(run, latents), states };
  const errors = errorsOfPlaces(data);
  const all = Array.from({ length: places.length / latent }, (_, i) => i);
  console.log(
    "| axis | told, by thirds of the particles | all: 68 / 95 % | thirds: hardly seen | | well seen |",
  );
  const axes = await run.axes();
  for (const [d, axis] of axes.entries()) {
    const squares = all.map((i) => (errors[i * latent + d]! / standardDeviation[i * latent + d]!) ** 2);
    const told = (i: number) => observability[i * latent + d]!;
    const byView = all.slice().sort((a, b) => told(a) - told(b));
    const thirds = [0, 1, 2].map((k) => byView.slice((k * all.length) / 3, ((k + 1) * all.length) / 3));
    const seen = thirds.map((rows) => told(rows[rows.length >> 1]!).toFixed(2)).join(", ");
    const cells = [axis.label, seen, ...[all, ...thirds].map((rows) => covered(rows, squares, 1))];
    console.log(`| ${cells.join(" | ")} |`);
  }
  if (latent > 1 && latent <= radii.length) {
    console.log(`| all together | | ${covered(all, squaredDistances(errors, data), latent)} | | | |`);
  }
  const columns = Object.entries(test.truth).filter(([name]) => name !== "state" && name !== test.circular);
  if (columns.length === 0) return;
  const truth = columns.map(([, values]) => values);
  for (const [d, one] of e2.evidence
    .coverage({ places, standardDeviations: standardDeviation, truth })
    .entries()) {
    console.log(
      `  ${axes[d]!.label} against ${columns.map(([name]) => name).join(", ")} by an affine map: ` +
        `${percent(one.within68)} / ${percent(one.within95)}, r ${Math.abs(one.correlation).toFixed(4)}`,
    );
  }
}

async function main(): Promise<void> {
  const [design = "", ...words] = process.argv.slice(2);
  const { folder, seeds, ...options } = readArguments(words);
  if (folder === undefined) throw new Error("usage: coverage.js DESIGN --folder FOLDER [options]");
  await e2.useBackend("auto");
  for (const seed of seeds) {
    const training = { seed, ...options.training };
    const kept = await keptRun(design, path.join(folder, `seed${seed}`), { ...options, training });
    console.log(`${design}, seed ${seed}: ${kept.run.record.evidence?.sentence}`);
    await measure(kept);
    kept.run.close();
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
