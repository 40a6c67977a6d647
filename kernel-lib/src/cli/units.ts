import path from "node:path";
import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import {
  formatUnitCorrelation,
  type UnitCorrelation,
  type UnitCorrelationOptions,
  unitCorrelation,
} from "../latent/unitCorrelation";
import { writeMap } from "../maps/mapFile";
import { maskOfGaussians } from "../model/asymmetricUnit";
import { readIndices } from "../particles/indexFile";
import { Run, runFiles } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { decodeUnits, freeCentre, type UnitLatents, unitLatents } from "../training/units/unitTables";
import { modelFormat, writeModel } from "./modelFiles";
import {
  examples,
  fileOption,
  mapOutOption,
  numberOption,
  type QuietOption,
  quietOption,
  seedOption,
} from "./options";
import type { Outputs } from "./outputs";
import { requireParticleEnding } from "./particleOutput";
import type { RunCommand, Session } from "./session";

interface UnitsOptions extends QuietOption {
  out?: string;
  bootstrap: number;
  confidence: number;
  seed: number;
  maskOut?: string;
  particle?: number;
  modelOut?: string;
  select?: string;
  particlesOut?: string;
}

/** Adds the command `units`. */
export function addUnits(program: Command, run: RunCommand): void {
  const command = program
    .command("units")
    .summary("correlation between the units of symmetric particles, and other views of them")
    .description(
      "Reads a run of e2gmm train --symmetry, in which every unit of a particle has its own latent coordinates (symmetry.csv: a " +
        "row for each particle). Unit g, from 1, of particle i is number i·n + g − 1 in latents.csv. --out writes the correlation " +
        "(Pearson's r) between units by their relation, such as first, second, … neighbours in a ring, with confidence intervals " +
        "from a bootstrap over particles; nothing is corrected for the uncertainty of the coordinates, whose reliability stands " +
        "beside it.",
    )
    .argument("<run>", "run folder of e2gmm train --symmetry")
    .addOption(fileOption("--out <file>", "write the table of correlations to this file (CSV)"))
    .addOption(
      numberOption("--bootstrap <n>", "samples of the bootstrap", {
        integer: true,
        least: 10,
        default: 1000,
      }),
    )
    .addOption(
      numberOption("--confidence <level>", "confidence level of the intervals", {
        above: 0,
        below: 1,
        default: 0.95,
      }),
    )
    .addOption(seedOption())
    .addOption(mapOutOption("--mask-out <file>", "write a mask of what varies in the first unit (MRC)"))
    .addOption(
      numberOption("--particle <index>", "a particle, from 0, for --model-out", { integer: true, least: 0 }),
    )
    .addOption(
      fileOption(
        "--model-out <file>",
        "write --particle with each of its units in its own state, .txt or .pdb",
      ),
    )
    .addOption(
      fileOption("--select <file>", "text file with numbers of units, such as set_1.txt of e2gmm latent"),
    )
    .addOption(
      fileOption(
        "--particles-out <file>",
        "write the particles that have one of the units of --select, each once, as the particle file has them",
      ),
    )
    .addOption(quietOption());
  examples(
    command,
    "e2gmm units run --out units.csv",
    "e2gmm units run --particle 17 --model-out particle_17.pdb",
    "e2gmm units run --select sets/set_1.txt --particles-out with_set_1.star",
  );
  command.action((folder: string, options: UnitsOptions) =>
    run(options, (session) => units(folder, options, session)),
  );
}

async function units(folder: string, options: UnitsOptions, session: Session): Promise<void> {
  const { out, maskOut, particle, modelOut, select, particlesOut } = options;
  requirePair(["--particle", particle], ["--model-out", modelOut]);
  requirePair(["--select", select], ["--particles-out", particlesOut]);
  const targets = [out, maskOut, modelOut, particlesOut].filter((file) => file !== undefined);
  if (targets.length === 0) {
    throw new InputError("output", "--out, --mask-out, --model-out or --particles-out", "none");
  }
  const runPaths = Object.values(runFiles).map((name) => path.join(folder, name));
  const outputs = await session.writes(targets, [select, ...runPaths]);
  await useBackend("wasm");
  const run = await Run.open(folder);
  try {
    const latents = await unitLatents(run);
    if (out !== undefined) await writeCorrelation(out, { run, latents }, options, { outputs, session });
    if (maskOut !== undefined) await writeUnitMask(maskOut, run, outputs, session);
    if (modelOut !== undefined) {
      await writeParticle(modelOut, particle!, { run, latents }, outputs);
      session.print(`${modelOut}: particle ${particle}, each of its ${latents.units} units in its own state`);
    }
    if (particlesOut !== undefined) {
      requireParticleEnding(particlesOut, run.record.inputs.particles);
      await writeParticles(particlesOut, select!, run, { outputs, session });
    }
    await outputs.keep(session.signal);
  } finally {
    run.close();
  }
}

type Given = [flag: string, value: unknown];

function requirePair([a, first]: Given, [b, second]: Given): void {
  if ((first === undefined) === (second === undefined)) return;
  throw first === undefined ? new InputError(a, `with ${b}`, "none") : new InputError(b, `with ${a}`, "none");
}

/** A run, and the coordinates of its units. */
interface UnitsOfRun {
  run: Run;
  latents: UnitLatents;
}

/** Where results go. */
interface Destination {
  outputs: Outputs;
  session: Session;
}

async function writeCorrelation(
  out: string,
  { run, latents }: UnitsOfRun,
  { bootstrap, confidence, seed }: UnitsOptions,
  { outputs, session }: Destination,
): Promise<void> {
  const { boxSize, apix } = run.neutral;
  const [x, y, z] = freeCentre(run).map((c) => c * boxSize * apix) as [number, number, number];
  const options: UnitCorrelationOptions = { centre: [x, y, z], bootstrap, confidence, seed };
  const found = unitCorrelation(latents, options);
  await writeAtomic(outputs.place(out), formatUnitCorrelation(found));
  const count = `${found.particles} particles of ${latents.units} units`;
  session.print(`${out}: ${latents.group.name}, ${count}, ${100 * confidence} % intervals`);
  for (const line of summary(found)) session.print(line);
}

/** Most lines that are printed for an axis; all are in the file. */
const maxLines = 6;

function* summary({ kinds, reliability }: UnitCorrelation): Generator<string> {
  for (const [d, reliable] of reliability.entries()) {
    for (const { neighbour, distance, correlation, low, high } of kinds.slice(0, maxLines)) {
      const interval = `${low[d]!.toFixed(3)} to ${high[d]!.toFixed(3)}`;
      yield `z${d + 1}, neighbour ${neighbour} at ${distance!.toFixed(1)} Å: r ${correlation[d]!.toFixed(3)} (${interval})`;
    }
    yield `z${d + 1}: reliability of the coordinates ${reliable.toFixed(2)}`;
  }
}

async function writeUnitMask(file: string, run: Run, outputs: Outputs, session: Session): Promise<void> {
  const { neutral, free } = run;
  const flags = free ?? new Uint8Array(neutral.count).fill(1);
  await writeMap(outputs.place(file), maskOfGaussians(neutral, flags), { signal: session.signal });
  const count = flags.reduce((sum, flag) => sum + flag, 0);
  session.print(`${file}: ${count} of ${neutral.count} Gaussians, those that vary in the first unit`);
}

async function writeParticle(
  file: string,
  particle: number,
  { run, latents }: UnitsOfRun,
  outputs: Outputs,
): Promise<void> {
  const { particles, units: n, latent, refined } = latents;
  if (particle >= particles) {
    throw new InputError("--particle", `a particle from 0 to ${particles - 1}`, String(particle));
  }
  const width = n * latent;
  const model = decodeUnits(run, refined.subarray(particle * width, (particle + 1) * width));
  await writeModel(outputs.place(file), modelFormat(file), [model]);
}

async function writeParticles(
  file: string,
  select: string,
  { record, folder }: Run,
  { outputs, session }: Destination,
): Promise<void> {
  const set = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
  if (set.count !== record.particles) {
    const expected = `the ${record.particles} symmetry copies of ${folder}`;
    throw new InputError(record.inputs.particles, expected, String(set.count));
  }
  const chosen = set.select(await readIndices(select, set.count));
  const originals = chosen.originals();
  await originals.writeStar(outputs.place(file));
  session.print(`${file}: ${originals.count} particles, with ${chosen.count} units of ${select}`);
}
