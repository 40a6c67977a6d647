import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { readIndices } from "../particles/indexFile";
import { setOfSelection } from "../particles/tilts/optimisationSet";
import { latentColumns, writeSelection } from "../particles/writeSelection";
import { Run } from "../training/runs/run";
import { RunFolder } from "../training/runs/runFolder";
import { openRunParticles } from "../training/runs/runParticles";
import {
  examples,
  fileOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import { type OutputNode, RelionJob } from "./relionJob";
import type { RunCommand, Session } from "./session";
import { readUsedParticles } from "./usedParticles";

interface RelionOptions extends QuietOption {
  o: string;
  in_parts: string;
  in_3dref: string;
  in_mask?: string;
  j?: number;
  moving_mask?: string;
  resolution?: number;
  latent?: string;
  epochs?: string;
  clusters: string;
  poses?: string;
  seed: number;
}

/** Adds the command `relion`. */
export function addRelion(program: Command, run: RunCommand): void {
  const command = program
    .command("relion")
    .summary("an External job of RELION: model, training and sets in one")
    .description(
      "Runs as an External job of RELION, which starts it in the project folder: the neutral model of the reference (neutral.txt), a " +
        "training (run/), and sets of particles (sets/). Writes particles.star, the particles that took part with their latent " +
        "coordinates (e2gmmLatent1, …) and their set as rlnClassNumber; RELION_OUTPUT_NODES.star, which makes it and the STAR file of " +
        "each set inputs of other jobs; and RELION_JOB_EXIT_SUCCESS, _FAILURE or _ABORTED. RELION's Abort stops after the current step; " +
        "Continue, or the same command, goes on from there. In RELION's window: External executable `e2gmm relion`, input particles, 3D " +
        "reference and mask; the other options as parameters, without dashes; threads in the tab Running.",
    )
    .addOption(required(fileOption("--o <folder>", "folder of the job, which RELION makes")))
    .addOption(
      required(fileOption("--in_parts <file>", "STAR file of particles with poses, or optimisation set")),
    )
    .addOption(required(fileOption("--in_3dref <file>", "consensus map")))
    .addOption(
      fileOption("--in_mask <file>", "mask of the molecule: Gaussians stay where it is at least 0.5"),
    )
    .addOption(
      numberOption("--j <n>", "number of threads (default: one per core)", { integer: true, least: 1 }),
    )
    .addOption(
      fileOption(
        "--moving_mask <file>",
        "map that is at least 0.5 where Gaussians may change (default: everywhere)",
      ),
    )
    .addOption(lengthOption("--resolution <Å>", "finest detail to use (default: as the reference has it)"))
    .addOption(new Option("--latent <n>", "axes of the latent space, as of e2gmm train"))
    .addOption(new Option("--epochs <n>", "passes over the particles, as of e2gmm train"))
    .addOption(new Option("--clusters <k>", "number of sets, or auto").default("auto"))
    .addOption(new Option("--poses <which>", "auto, file or refine, as of e2gmm train"))
    .addOption(seedOption())
    // RELION adds it where it wants the files that say how the job ended: the job's folder.
    .addOption(fileOption("--pipeline_control <folder>", "as --o, given by RELION").hideHelp())
    .addOption(quietOption());
  examples(
    command,
    "e2gmm relion --o External/job012/ --in_parts Refine3D/job011/run_data.star --in_3dref Refine3D/job011/run_class001.mrc --j 8",
  );
  command.action((options: RelionOptions) => run(options, (session) => runJob(options, session)));
}

async function runJob(options: RelionOptions, session: Session): Promise<void> {
  const job = new RelionJob(options.o, session.signal);
  await job.run(() => work(job, options, session));
}

async function work(job: RelionJob, options: RelionOptions, session: Session): Promise<OutputNode[]> {
  const { in_parts, in_3dref, in_mask, j, moving_mask, resolution, latent, epochs, clusters, poses, seed } =
    options;
  const given = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [flag, String(value)];
  const threads = given("--threads", j);
  const quiet = options.quiet ? ["--quiet"] : [];
  const common = [...given("--resolution", resolution), ...given("--seed", seed), ...threads, ...quiet];
  const [model, folder, sets] = ["neutral.txt", "run", "sets"].map((name) => job.at(name)) as [
    string,
    string,
    string,
  ];
  if (!job.has("neutral.txt")) {
    await job.command("neutral", "--map", in_3dref, ...given("--mask", in_mask), ...common, "--out", model);
  }
  if (!job.has("run/latents.csv")) {
    const settings = ["--particles", in_parts, "--model", model, ...given("--mask", moving_mask)];
    const training = [...given("--latent", latent), ...given("--epochs", epochs), ...given("--poses", poses)];
    const start = job.has("run/run.json")
      ? ["--resume", ...threads, ...quiet]
      : [...settings, ...training, ...common];
    await job.command("train", ...start, "--out", folder);
  }
  if (!job.has("sets/sets.csv")) {
    const divide = ["--clusters", clusters, ...given("--seed", seed), ...threads, ...quiet];
    await job.command("latent", folder, ...divide, "--out", sets);
  }
  const particles = job.at("particles.star");
  const files = await writeParticles({ folder, sets, particles }, session);
  session.print(`${particles}: the particles with latent coordinates and sets`);
  return [particles, ...files].flatMap((file): OutputNode[] => {
    const set = setOfSelection(file);
    const particles: OutputNode = { file, type: "particles" };
    return existsSync(set) ? [particles, { file: set, type: "optimisationSet" }] : [particles];
  });
}

/** Writes the particles with their latent coordinates and sets. @returns the STAR files of the sets */
async function writeParticles(
  { folder, sets, particles: target }: { folder: string; sets: string; particles: string },
  session: Session,
): Promise<string[]> {
  const trained = await Run.open(folder);
  session.closing({ close: async () => trained.close() });
  const { record } = trained;
  const used = await readUsedParticles(new RunFolder(folder), record);
  const set = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
  const classes = new Int32Array(set.count);
  const names = (await readdir(sets)).filter((name) => /^set_\d+\.txt$/.test(name)).sort();
  for (const [c, name] of names.entries()) {
    for (const i of await readIndices(path.join(sets, name), set.count)) classes[i] = c + 1;
  }
  const latent = used.points.length / used.indices.length;
  const all = new Float32Array(set.count * latent);
  for (const [at, i] of used.indices.entries()) {
    all.set(used.points.subarray(at * latent, (at + 1) * latent), i * latent);
  }
  const columns = { ...latentColumns(all, latent), rlnClassNumber: classes };
  for (const warning of await writeSelection(target, set, { rows: used.indices, columns }))
    session.note(warning);
  return names.map((name) => path.join(sets, name.replace(/txt$/, "star")));
}
