import { existsSync } from "node:fs";
import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { ByteSign } from "../formats/mrc";
import type { Part } from "../reconstruction/keptSums";
import { openRun } from "../training/runs/openRun";
import { placePart, placesInChunks, removeChunks } from "../training/runs/placesInChunks";
import { formatPlaces } from "../training/runs/placesTable";
import { openRunParticles } from "../training/runs/runParticles";
import { besideName } from "./modelFiles";
import {
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  particleFileHelp,
  partOption,
  type QuietOption,
  quietOption,
  required,
  threadsOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface PlaceCommandOptions extends QuietOption {
  particles: string;
  out: string;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  threads?: number;
  part?: Part;
}

/** Adds the command `place`. */
export function addPlace(program: Command, run: RunCommand): void {
  const command = program
    .command("place")
    .summary("place other particles in the latent space of a run")
    .description(
      "Finds the latent coordinates of particles that a run was not trained on, with its decoder as it is. They have to show " +
        "the same molecule, with poses in the frame of the run's map and images as wide as those of the run in Å. Writes a table of " +
        "index (from 0), and for each axis z and its standard deviation. They are found as those of the run's own particles were: what " +
        "it knew of noise and population is in the run, so the place of a particle does not depend on the others in the file.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--particles <file>", particleFileHelp)))
    .addOption(required(fileOption("--out <file>", "output file of the table (CSV)")))
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption())
    .addOption(threadsOption("images and projections"))
    .addOption(
      partOption(
        "its places, kept in places_parts; the command without --part makes what is missing, and the table",
      ),
    )
    .addOption(quietOption());
  examples(command, "e2gmm place run --particles others.star --out places.csv");
  command.action((folder: string, options: PlaceCommandOptions) =>
    run(options, (session) => place(folder, options, session)),
  );
}

async function place(folder: string, options: PlaceCommandOptions, session: Session): Promise<void> {
  const { particles, out, dataFolder, apix, invertContrast = false, bytes, threads, part } = options;
  const outputs = await session.writes([out], [particles]);
  const { signal, onProgress, note: onWarning } = session;
  const trained = await openRun(folder);
  try {
    const { symmetry } = trained.record.inputs;
    const set = session.closing(
      await openRunParticles(
        {
          ...{ particles, invertContrast },
          ...(dataFolder !== undefined && { dataFolder }),
          ...(apix !== undefined && { apix }),
          ...(bytes && { bytes }),
          ...(symmetry !== undefined && { symmetry }),
        },
        { signal },
      ),
    );
    for (const warning of set.warnings) session.note(warning);
    const task = {
      ...{ signal, onProgress, onWarning },
      engine: { ...(threads !== undefined && { threads }) },
    };
    const placing = await trained.placing(task);
    const parts = besideName(out, "_parts");
    if (part) {
      const count = await placePart(placing, set, task, { folder: parts, part });
      session.print(
        `${parts}: ${count} particles of part ${part.number} of ${part.of}, ${session.elapsed()}; the same command without --part makes the table`,
      );
      return;
    }
    const places = await placesInChunks(placing, set, task, existsSync(parts) ? parts : undefined);
    await writeAtomic(outputs.place(out), formatPlaces(places, trained.latent, out));
    await outputs.keep(signal);
    await removeChunks(parts);
    session.print(
      `${out}: ${set.count} particles on ${trained.latent} ${trained.latent === 1 ? "axis" : "axes"}, ${session.elapsed()}`,
    );
  } finally {
    trained.close();
  }
}
