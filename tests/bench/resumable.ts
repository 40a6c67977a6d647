import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { type Case, makeCase } from "./methodCases";

/** Benchmarks of many trainings: each row is printed and written as it comes, and a second call makes the missing ones only. */

/** A row of a table: numbers and words by column. */
export type Row = Record<string, string | number>;

/** A row that is wanted: what is known of it in advance, and how the rest is measured. */
export interface Wanted {
  known: Row;
  measure: (scratch: string) => Promise<Row>;
}

const keyOf = (row: Row, wanted: Row) => JSON.stringify(Object.keys(wanted).map((name) => row[name]));

/** Makes all rows that a file of JSON lines does not have yet, and prints them. @returns all rows of the file */
export async function makeRows(file: string, wanted: readonly Wanted[]): Promise<Row[]> {
  mkdirSync(path.dirname(file), { recursive: true });
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];
  const rows = lines.map((line) => JSON.parse(line) as Row);
  let header = "";
  const print = (row: Row) => {
    const names = Object.keys(row).join(" | ");
    if (names !== header) console.log(`| ${names} |`);
    header = names;
    console.log(`| ${Object.values(row).join(" | ")} |`);
  };
  for (const { known, measure } of wanted) {
    let row = rows.find((one) => keyOf(one, known) === keyOf(known, known));
    if (!row) {
      const scratch = mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
      try {
        row = { ...known, ...(await measure(scratch)) };
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
      appendFileSync(file, `${JSON.stringify(row)}\n`);
      rows.push(row);
    }
    print(row);
  }
  return rows;
}

/** What the benchmarks of this kind are called with; lists are separated by commas, seeds are a number or a range such as 1-20. */
export function readArguments(standard: { out: string; particles: number; seeds: string; boxSize: number }) {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: path.resolve(__dirname, "../../artefacts", standard.out) },
      seeds: { type: "string", default: standard.seeds },
      only: { type: "string" },
      particles: { type: "string", default: String(standard.particles) },
      levels: { type: "string" },
      box: { type: "string", default: String(standard.boxSize) },
      poses: { type: "string", default: "auto" },
    },
  });
  const [first, last] = values.seeds.split("-").map(Number) as [number, number?];
  return {
    out: path.resolve(values.out),
    seeds: Array.from({ length: (last ?? first) - first + 1 }, (_, k) => first + k),
    only: values.only?.split(","),
    particles: Number(values.particles),
    boxSize: Number(values.box),
    levels: values.levels?.split(",").map(Number),
    poses: values.poses as e2.training.PoseChoice,
  };
}

/** A training on a set of known truth. */
export interface Trained {
  test: Case;
  run: e2.training.Run;
  evidence: e2.evidence.Evidence;
}

/** What a set is made of, and how it is trained on. */
export interface Experiment {
  design: string;
  simulation: Record<string, unknown>;
  /** Default: as many as the training finds. */
  latent?: number | undefined;
  seed: number;
  /** Which poses are used. Default `auto`. */
  poses?: e2.training.PoseChoice;
  /** Factor on the size of the neutral model. Default 1. */
  modelScale?: number | undefined;
}

const grown = new Map<string, e2.model.GaussianModel>();

/** The neutral model of a map; that of equal maps is grown once. */
async function neutralModel(test: Case, key: string | undefined): Promise<e2.model.GaussianModel> {
  const known = key === undefined ? undefined : grown.get(key);
  if (known) return known;
  const { model } = await e2.model.grow(await e2.maps.read(test.map), {});
  if (key !== undefined) grown.set(key, model);
  return model;
}

/** A model whose centres and widths are multiplied by a factor, as a wrong pixel size of its map does. */
function scaled(model: e2.model.GaussianModel, factor: number): e2.model.GaussianModel {
  const { count } = model;
  const isLength = (i: number) => i < 3 * count || i >= 4 * count;
  return { ...model, params: model.params.map((value, i) => (isLength(i) ? value * factor : value)) };
}

/** Makes a set, its neutral model and a training with all defaults but the number of axes. */
export async function train(experiment: Experiment, scratch: string): Promise<Trained> {
  const { design, simulation, latent, seed, poses = "auto", modelScale = 1 } = experiment;
  const test = await makeCase(design, scratch, simulation);
  const { seed: _, snr: __, particles: ___, ...shape } = simulation;
  // A map that is reconstructed from wrong poses has its own noise.
  const key = simulation.poseError ? undefined : JSON.stringify([design, shape]);
  const model = path.join(scratch, "neutral.txt");
  await e2.model.writeText(model, scaled(await neutralModel(test, key), modelScale));
  const run = await e2.training.trainInThisThread({
    particles: test.particles,
    dataFolder: test.images,
    model,
    out: path.join(scratch, "run"),
    poses,
    options: { seed, ...(latent !== undefined && { latent }) },
  });
  const evidence = await run.storedEvidence();
  if (!evidence) throw new Error("the run has no evidence");
  return { test, run, evidence };
}

/** Columns of every table: the verdict, what it is from, the size of the decoded motion, and what does not fit. */
export function verdictColumns({ evidence, run }: Trained): Row {
  const { verdict, gain, realAxes, axes, motion, reduced, misfit = [] } = evidence;
  const { fit, poses } = run.record;
  const percent = (factor: { by: number; standardError: number } | undefined) =>
    factor ? `${(100 * (factor.by - 1)).toFixed(1)} ± ${(100 * factor.standardError).toFixed(1)}` : "";
  return {
    verdict,
    nats: `${gain.gain.toFixed(2)} ± ${gain.standardError.toFixed(2)}`,
    axes: `${realAxes} of ${axes.length}`,
    "motion, Å": Number(motion.rms.toFixed(2)),
    "trained, Å": Number((reduced?.from ?? motion).rms.toFixed(2)),
    factors: reduced?.factors.join(", ") ?? "",
    poses: poses?.used ?? "file",
    "size, %": percent(fit?.scale),
    "defocus, %": percent(fit?.defocus),
    named: misfit.length === 0 ? "no" : "yes",
  };
}

/** Prints what fails, and ends with status 1. */
export function finish(main: () => Promise<void>): void {
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
