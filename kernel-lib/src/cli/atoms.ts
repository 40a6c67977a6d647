import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { AtomModel } from "../atoms/atomModel";
import { type CarriedAtoms, carryAtoms } from "../atoms/carry";
import { populationPlaces } from "../atoms/population";
import { readAtoms } from "../atoms/readAtoms";
import { nearestPlace } from "../atoms/startPlace";
import { atomFormat, writeAtoms } from "../atoms/writeAtoms";
import { type BackendName, useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { readLines } from "../formats/textLines";
import { pathThrough } from "../latent/path";
import { gatherRows } from "../training/batches";
import { Run, runFiles } from "../training/runs/run";
import { inTermsOf } from "./failure";
import { noteFarPoints } from "./farPoints";
import { besideName } from "./modelFiles";
import {
  backendOption,
  examples,
  fileOption,
  numberOption,
  parseNumbers,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { Outputs } from "./outputs";
import type { RunCommand, Session } from "./session";

interface AtomsOptions extends QuietOption {
  model: string;
  from?: string;
  to?: string;
  path?: string;
  ensemble?: number;
  frames?: number;
  start?: string;
  rigid?: string;
  density: boolean;
  seed: number;
  out: string;
  table?: string;
  backend: BackendName | "auto";
}

/** Frames of a motion from one place to another. */
const usualFrames = 21;

/** Adds the command `atoms`. */
export function addAtoms(program: Command, run: RunCommand): void {
  const command = program
    .command("atoms")
    .summary("carry an atomic model along the motion of a run")
    .description(
      "Carries an atomic model along a path through a run's latent space, or to places that stand for its population, by " +
        "the displacements of the Gaussians and into the decoded density; bonds, angles and planes keep their distances. " +
        "Writes a file with several models, which ChimeraX (open motion.cif coordsets true) and NGL play. The model must " +
        "be fitted into the map that the run's Gaussians were made from.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--model <file>", "atomic model, PDB or mmCIF, also compressed")))
    .addOption(new Option("--from <a,b,…>", "first place of the motion, one number per dimension"))
    .addOption(new Option("--to <a,b,…>", "last place of the motion"))
    .addOption(fileOption("--path <file>", "text file with one place per line, instead of --from and --to"))
    .addOption(
      numberOption(
        "--ensemble <n>",
        "instead: this many places that stand for the population, with weights",
        {
          integer: true,
          least: 1,
        },
      ),
    )
    .addOption(
      numberOption(
        "--frames <n>",
        `models at equal distances along the path (default: ${usualFrames}, or those of the file)`,
        { integer: true, least: 1 },
      ),
    )
    .addOption(
      new Option(
        "--start <a,b,…>",
        "the place that the model belongs to (default: the one most like it on the path)",
      ),
    )
    .addOption(
      new Option(
        "--rigid <groups>",
        'what moves as a rigid body: "chains", or ranges such as A:1-29+A:68-117,A:30-67 (default: nothing)',
      ),
    )
    .addOption(
      new Option("--no-density", "follow the Gaussians alone, without placing atoms into the density"),
    )
    .addOption(required(fileOption("--out <file>", "the models, .cif or .pdb")))
    .addOption(
      fileOption(
        "--table <file>",
        "CSV file with place, fit and geometry of each model, and its weight (default with --ensemble: beside --out)",
      ),
    )
    .addOption(seedOption())
    .addOption(backendOption("wasm"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm atoms run --model start.pdb --from=-1.5,0 --to=1.5,0 --out motion.cif",
    "e2gmm atoms run --model start.cif --ensemble 20 --rigid chains --out ensemble.cif",
  );
  command.action((folder: string, options: AtomsOptions) =>
    run(options, (session) => carryAlong(folder, options, session)),
  );
}

/** Places to carry a model to, with what is known of them. */
interface Places {
  /** [n · latent] */
  places: ArrayLike<number>;
  weights?: Float64Array;
  particles?: ArrayLike<number>;
}

async function carryAlong(folder: string, options: AtomsOptions, session: Session): Promise<void> {
  checkChoice(options);
  const { out } = options;
  const format = atomFormat(out);
  const table = options.table ?? (options.ensemble === undefined ? undefined : besideName(out, ".csv"));
  const runPaths = Object.values(runFiles).map((name) => path.join(folder, name));
  const targets = table === undefined ? [out] : [out, table];
  const outputs = await session.writes(targets, [options.path, options.model, ...runPaths]);
  const model = await readAtoms(options.model, { signal: session.signal, onWarning: session.note });
  await useBackend(options.backend);
  const run = await Run.open(folder);
  try {
    const places = await placesOf(run, options, session);
    const { places: all } = places;
    const rows = Array.from({ length: all.length / run.latent }, (_, k) => ({
      z: Array.from({ length: run.latent }, (_, d) => all[k * run.latent + d]!),
    }));
    if (options.ensemble === undefined) await noteFarPoints(run.folder, rows, session);
    const start = await startOf(run, model, places, options, session);
    const task = { signal: session.signal, onProgress: session.onProgress, onWarning: session.note };
    const { rigid, density } = options;
    const carried = await inTermsOf(
      { rigid: "--rigid" },
      carryAtoms(run, model, places.places, {
        ...task,
        density,
        ...(rigid !== undefined && { rigid }),
        ...(start && { start }),
      }),
    );
    await writeAtoms(outputs.place(out), carried, { ...task, format });
    if (table !== undefined) await writeTable(table, carried, { places, outputs });
    await outputs.keep(session.signal);
    report(options, model, { carried, table, session });
  } finally {
    run.close();
  }
}

/** Where the model belongs: the given place, or the one on the path, which few frames may not have; undefined for an ensemble. */
async function startOf(
  run: Run,
  model: AtomModel,
  { places }: Places,
  { start, ensemble }: AtomsOptions,
  { signal, onProgress }: Session,
): Promise<number[] | undefined> {
  if (start !== undefined) return place(start, "--start", run);
  const frames = places.length / run.latent;
  if (ensemble !== undefined || frames < 2 || frames >= usualFrames) return undefined;
  const between = pathThrough(places, run.latent, usualFrames).stations;
  return (await nearestPlace(run, model, between, { signal, onProgress })).place;
}

/** @throws InputError unless exactly one of the three kinds of places is asked for */
function checkChoice({ from, to, path: file, ensemble, frames }: AtomsOptions): void {
  const line = from !== undefined || to !== undefined;
  const chosen = [line, file !== undefined, ensemble !== undefined].filter(Boolean).length;
  if (chosen !== 1 || (line && (from === undefined || to === undefined))) {
    throw new InputError(
      "places",
      "--from and --to, or --path, or --ensemble",
      chosen === 0 ? "none" : "others",
    );
  }
  if (ensemble !== undefined && frames !== undefined) {
    throw new InputError("--frames", "--from and --to, or --path, which it applies to", "--ensemble");
  }
}

async function placesOf(run: Run, options: AtomsOptions, session: Session): Promise<Places> {
  const { from, to, path: file, ensemble, frames } = options;
  if (ensemble !== undefined) return population(run, ensemble, { options, session });
  if (file === undefined) {
    const ends = [...place(from!, "--from", run), ...place(to!, "--to", run)];
    return { places: pathThrough(ends, run.latent, frames ?? usualFrames).stations };
  }
  const rows = (await readLines(file)).map(({ text, where }) => place(text, where, run));
  if (rows.length === 0) throw new InputError(file, "at least one place of the latent space", "none");
  if (frames === undefined) return { places: rows.flat() };
  return { places: pathThrough(rows.flat(), run.latent, frames).stations };
}

/** @throws InputError unless the text has one number for each dimension */
function place(text: string, where: string, { latent, folder }: Run): number[] {
  const z = parseNumbers(text, where);
  if (z.length === latent) return z;
  const expected = `${latent} ${latent === 1 ? "number" : "numbers"}, one per dimension of ${folder}`;
  throw new InputError(where, expected, String(z.length));
}

async function population(
  run: Run,
  n: number,
  { options, session }: { options: AtomsOptions; session: Session },
): Promise<Places> {
  const { refined } = await run.latents();
  const outliers = run.record.outliers?.kept ? [] : await run.outliers();
  const excluded = new Set(outliers.map(({ index }) => index));
  const rows = Array.from({ length: refined.length / run.latent }, (_, i) => i).filter(
    (i) => !excluded.has(i),
  );
  if (n > rows.length)
    throw new InputError("--ensemble", `at most the ${rows.length} particles of the run`, `${n}`);
  const points = gatherRows(refined, run.latent, rows);
  const { signal, onProgress } = session;
  const found = await populationPlaces(points, run.latent, n, { seed: options.seed, signal, onProgress });
  return { ...found, particles: Array.from(found.particles, (i) => rows[i]!) };
}

async function writeTable(
  table: string,
  carried: CarriedAtoms,
  { places, outputs }: { places: Places; outputs: Outputs },
): Promise<void> {
  const { weights, particles } = places;
  const latent = carried.start.place.length;
  const columns = [
    "model",
    ...(weights ? ["weight", "particle"] : []),
    ...Array.from({ length: latent }, (_, d) => `z${d + 1}`),
    ...["correlation", "displacement", "largest_displacement", "bond_change", "largest_bond_change"],
  ];
  const lines = carried.models.map((each, k) => {
    const number = (value: number, decimals: number, what: string) =>
      finiteText(value, decimals, table, `${what} of model ${k + 1}`);
    return [
      k + 1,
      ...(weights ? [number(weights[k]!, 6, "weight"), particles![k]!] : []),
      ...each.place.map((x) => number(x, 6, "place")),
      number(each.correlation, 4, "correlation"),
      number(each.displacement, 3, "displacement"),
      number(each.largestDisplacement, 3, "displacement"),
      number(each.bondChange, 4, "bond change"),
      number(each.largestBondChange, 4, "bond change"),
    ].join(",");
  });
  await writeAtomic(outputs.place(table), `${columns.join(",")}\n${lines.join("\n")}\n`);
}

function report(
  { out }: AtomsOptions,
  model: AtomModel,
  { carried, table, session }: { carried: CarriedAtoms; table: string | undefined; session: Session },
): void {
  const { start, models } = carried;
  const z = start.place.map((x) => x.toFixed(3)).join(", ");
  session.print(`start: z = ${z}, correlation ${start.correlation.toFixed(3)}`);
  const most = (of: (each: CarriedAtoms["models"][number]) => number) => Math.max(...models.map(of));
  session.print(
    `atoms move by up to ${most((each) => each.displacement).toFixed(2)} Å RMS, one by ` +
      `${most((each) => each.largestDisplacement).toFixed(1)} Å; bonds change by ` +
      `${most((each) => each.bondChange).toFixed(3)} Å RMS, one by ${most((each) => each.largestBondChange).toFixed(2)} Å`,
  );
  const count = models.length === 1 ? "1 model" : `${models.length} models`;
  session.print(`${out}: ${count} of ${model.count} atoms, ${session.elapsed()}`);
  if (table !== undefined) session.print(table);
}
