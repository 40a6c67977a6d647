import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { leaksReport } from "../evidence/leaksReport";
import { report } from "../evidence/report";
import { readPlaces } from "../latent/placesFile";
import { openParticles } from "../particles/particleSet";
import { leaksOfPlaces } from "../training/leaks/runLeaks";
import { openRun } from "../training/runs/openRun";
import type { EvidenceOptions } from "../training/runs/run";
import {
  dataFolderOption,
  examples,
  fileOption,
  numberOption,
  particleFileHelp,
  type QuietOption,
  quietOption,
  threadsOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface EvidenceCommandOptions extends QuietOption {
  anew?: boolean;
  particles?: number;
  mask?: string;
  block?: number;
  threads?: number;
  column?: string[];
  unexplained?: string;
  json?: string;
  places?: string;
  array?: string;
  input?: string;
  dataFolder?: string;
}

/** Adds the command `evidence`. */
export function addEvidence(program: Command, run: RunCommand): void {
  const command = program
    .command("evidence")
    .summary("say whether there is heterogeneity")
    .description(
      "Says whether particles that were held out of training are described better by the decoder than by the one model that " +
        "is best for all: place and pose are inferred from one half of the Fourier samples of each image and scored on the other. " +
        "The gain is in nats (natural units of log-likelihood) per particle; above 0 there is heterogeneity. Without options: as " +
        "measured at the end of the training; with options it is measured now. Below it stands whether the places of the particles " +
        "depend on what must not matter: view, in-plane angle, shift, defocus, optics group, micrograph, random subset, by the " +
        "variance explained (R²) and the mutual information, with p-values from permutations. The last line says how many particles " +
        "the model does not explain, such as those of a rare state. With --places and --input instead of a run: whether places of another " +
        "program, such as cryoDRGN, depend on what must not matter.",
    )
    .argument("[run]", "run folder of e2gmm train")
    .addOption(
      fileOption(
        "--places <file>",
        "instead of a run: places of another program, of all particles of --input: a table (CSV, or text with blanks), an array (.npy), a " +
          "pickle (.pkl), or a .cs file of 3D Variability",
      ),
    )
    .addOption(
      new Option("--array <name>", "the array of places in a pickle of several: its keys, such as zs/4"),
    )
    .addOption(fileOption("--input <file>", `with --places: their particles: ${particleFileHelp}`))
    .addOption(dataFolderOption())
    .addOption(new Option("--anew", "measure now, on all particles held out"))
    .addOption(
      numberOption("--particles <n>", "measure now, on at most so many", { integer: true, least: 10 }),
    )
    .addOption(fileOption("--mask <file>", "also the gain of the Gaussians where this map is at least 0.5"))
    .addOption(
      numberOption(
        "--block <n>",
        "width of the fields of the halves in Fourier samples (default: measured)",
        {
          integer: true,
          least: 1,
        },
      ),
    )
    .addOption(columnOption())
    .addOption(
      fileOption(
        "--unexplained <file>",
        "output file of the particles that the model does not explain, from 0",
      ),
    )
    .addOption(fileOption("--json <file>", "output file of all numbers, rings and leaks included"))
    .addOption(threadsOption("the projections"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm evidence run",
    "e2gmm evidence run --anew --mask domain.mrc",
    "e2gmm evidence --places z.24.pkl --input particles.star",
  );
  command.action((folder: string | undefined, options: EvidenceCommandOptions) =>
    run(options, (session) =>
      folder === undefined ? evidenceOfPlaces(options, session) : evidence(folder, options, session),
    ),
  );
}

function columnOption(): Option {
  const description = "a further column of the particle file that places must not depend on; may be repeated";
  return new Option("--column <name>", description).argParser((name: string, before: string[] = []) => [
    ...before,
    name,
  ]);
}

/** Leaks of places of another program. */
async function evidenceOfPlaces(options: EvidenceCommandOptions, session: Session): Promise<void> {
  const { places, array, input, dataFolder, column: columns, json } = options;
  if (places === undefined || input === undefined) {
    throw new InputError("input", "a run, or --places and --input", "none of them");
  }
  const { anew, particles, mask, block, unexplained } = options;
  for (const [name, value] of Object.entries({ anew, particles, mask, block, unexplained })) {
    if (value !== undefined) throw new InputError(`--${name}`, "a run, of which it is measured", "--places");
  }
  const outputs = await session.writes(json ? [json] : [], [places, input]);
  const { signal, onProgress } = session;
  const set = session.closing(await openParticles(input, { dataFolder, signal }));
  const found = await readPlaces(places, { array });
  const leaks = await leaksOfPlaces(set, found, { signal, onProgress, ...(columns && { columns }) });
  if (json) await writeAtomic(outputs.place(json), `${JSON.stringify({ leaks }, null, 2)}\n`);
  await outputs.keep(signal);
  for (const line of leaksReport(leaks)) session.print(line);
}

async function evidence(folder: string, options: EvidenceCommandOptions, session: Session): Promise<void> {
  const { anew, particles, mask, block, threads, column: columns, unexplained: set, json } = options;
  for (const name of ["places", "array", "input", "dataFolder"] as const) {
    if (options[name] !== undefined) throw new InputError(`--${name}`, "no run beside it", folder);
  }
  const outputs = await session.writes(
    [set, json].filter((file) => file !== undefined),
    [mask],
  );
  const given: EvidenceOptions = {
    ...(particles !== undefined && { particles }),
    ...(mask !== undefined && { mask }),
    ...(block !== undefined && { block }),
  };
  const now = anew || Object.keys(given).length > 0;
  const trained = await openRun(folder);
  try {
    const { signal, onProgress, note: onWarning } = session;
    const engine = { ...(threads !== undefined && { threads }) };
    const found = await trained.evidence(
      now ? { ...given, engine, signal, onProgress, onWarning } : undefined,
    );
    const leaks = await trained.leaks(
      anew || columns ? { signal, onProgress, ...(columns && { columns }) } : undefined,
    );
    const rest = await trained.unexplained(anew ? { engine, signal, onProgress, onWarning } : undefined);
    const unexplained = { particles: Array.from(rest.particles), sentence: rest.sentence };
    if (set) await writeAtomic(outputs.place(set), Array.from(rest.particles, (i) => `${i}\n`).join(""));
    if (json)
      await writeAtomic(
        outputs.place(json),
        `${JSON.stringify({ ...found, leaks, unexplained }, null, 2)}\n`,
      );
    await outputs.keep(signal);
    const lines = [...report(found, await trained.axes()), ...leaksReport(leaks), rest.sentence];
    if (set && rest.particles.length === 0) lines.push(`${set}: empty, since no particles are unexplained`);
    for (const line of lines) session.print(line);
  } finally {
    trained.close();
  }
}
