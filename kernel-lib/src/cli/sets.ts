import path from "node:path";
import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { readIndices } from "../particles/indexFile";
import { latentColumns, writeSelection } from "../particles/writeSelection";
import { RunFolder } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import type { NamedSet } from "../workbench/setTable";
import { openWorkbench } from "../workbench/workbench";
import { examples, fileOption, type QuietOption, quietOption } from "./options";
import { requireParticleEnding } from "./particleOutput";
import type { RunCommand, Session } from "./session";

interface SetsOptions extends QuietOption {
  add?: string;
  indices?: string;
  set?: string;
  out?: string;
  remove?: string;
}

/** Adds the command `sets`. */
export function addSets(program: Command, run: RunCommand): void {
  const command = program
    .command("sets")
    .summary("list, make or write the particle sets of a run")
    .description(
      "Lists what was made of a run in its explorer and is kept in its folder: sets of particles, paths, views and notes. With " +
        "--set it writes the particles of a set: a particle file with the latent coordinates, or their indices (.txt). " +
        "With --add it makes a set, which explorers of the run then show, also those that are open.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .option("--set <name>", "set that is written")
    .addOption(
      fileOption("--out <file>", "output file of --set (STAR or .cs like the particles of the run, or .txt)"),
    )
    .option("--add <name>", "name of a new set")
    .addOption(
      fileOption("--indices <file>", "particles of the new set, counted from 0 (text, .npy or .pkl)"),
    )
    .option("--remove <name>", "set to remove")
    .addOption(quietOption());
  examples(
    command,
    "e2gmm sets run",
    'e2gmm sets run --set "open state" --out open.star',
    "e2gmm sets run --add filtered --indices filtered.ind.pkl",
  );
  command.action((folder: string, options: SetsOptions) =>
    run(options, (session) => sets(folder, options, session)),
  );
}

async function sets(folder: string, options: SetsOptions, session: Session): Promise<void> {
  const { add, indices, set, out, remove } = options;
  requireBoth("--add", add, "--indices", indices);
  requireBoth("--set", set, "--out", out);
  const workbench = await openWorkbench(folder);
  try {
    if (add !== undefined && indices !== undefined) {
      const { particles } = await new RunFolder(folder).readRecord();
      const made = workbench.sets.add(await readIndices(indices, particles), { name: add });
      session.print(`${made.name}: ${made.rows.length} particles`);
    }
    if (remove !== undefined) workbench.sets.remove([remove]);
    if (set !== undefined && out !== undefined) await write(folder, workbench.sets.get(set), out, session);
    await workbench.saved();
    if ([add, set, remove].every((given) => given === undefined)) {
      for (const line of listing(workbench)) session.print(line);
    }
  } finally {
    await workbench.close();
  }
}

function requireBoth(
  one: string,
  first: string | undefined,
  other: string,
  second: string | undefined,
): void {
  if ((first === undefined) === (second === undefined)) return;
  throw new InputError(first === undefined ? other : one, `${one} and ${other} together`, "one of them");
}

function listing(workbench: Awaited<ReturnType<typeof openWorkbench>>): string[] {
  const { sets: made, paths, views, notes } = workbench;
  if (made.size + paths.size + views.size === 0 && notes === "") return ["nothing was made of this run yet"];
  return [
    ...Array.from(made, ({ name, rows }) => `set   ${name}: ${rows.length} particles`),
    ...Array.from(paths, ({ name, stationCount }) => `path  ${name}: ${stationCount} stations`),
    ...Array.from(views, ({ name }) => `view  ${name}`),
    ...(notes === "" ? [] : notes.split(/\r?\n/).map((line) => `note  ${line}`)),
  ];
}

/** Writes the particles of a set. */
async function write(folder: string, { rows }: NamedSet, out: string, session: Session): Promise<void> {
  const files = new RunFolder(folder);
  const record = await files.readRecord();
  const { particles } = record.inputs;
  const isText = path.extname(out).toLowerCase() === ".txt";
  if (!isText) requireParticleEnding(out, particles);
  const outputs = await session.writes([out], [particles]);
  const target = outputs.place(out);
  if (isText) {
    await writeAtomic(target, `${rows.join("\n")}\n`);
  } else {
    const { refined, latent } = await files.readLatents();
    const all = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
    if (all.count !== record.particles) {
      throw new InputError(particles, `the ${record.particles} particles of ${folder}`, `${all.count}`);
    }
    const warnings = await writeSelection(target, all, { rows, columns: latentColumns(refined, latent) });
    for (const warning of warnings) session.note(warning);
  }
  await outputs.keep(session.signal);
  session.print(`${out}: ${rows.length} particles`);
}
