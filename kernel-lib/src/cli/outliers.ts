import type { Command } from "commander";
import { InputError } from "../errors";
import { RunFolder } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { examples, fileOption, type QuietOption, quietOption, required } from "./options";
import { requireParticleEnding } from "./particleOutput";
import type { RunCommand, Session } from "./session";

interface OutliersOptions extends QuietOption {
  out: string;
  leftOut?: string;
}

/** Adds the command `outliers`. */
export function addOutliers(program: Command, run: RunCommand): void {
  const command = program
    .command("outliers")
    .summary("write the particles of a run without its outliers")
    .description(
      "Writes the particle file of a run without its outliers, the particles that agree far less with the neutral model " +
        "than expected from their CTF and the signal of the others (outliers.csv of the run folder). Format, rows and " +
        "columns stay as they are.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--out <file>", "output file of the particles without outliers")))
    .addOption(fileOption("--left-out <file>", "output file of the outliers"))
    .addOption(quietOption());
  examples(command, "e2gmm outliers run --out good.star --left-out outliers.star");
  command.action((folder: string, options: OutliersOptions) =>
    run(options, (session) => removeOutliers(folder, options, session)),
  );
}

async function removeOutliers(folder: string, options: OutliersOptions, session: Session): Promise<void> {
  const { out, leftOut } = options;
  const files = new RunFolder(folder);
  const record = await files.readRecord();
  const { particles } = record.inputs;
  for (const file of [out, leftOut]) if (file !== undefined) requireParticleEnding(file, particles);
  const outputs = await session.writes([out, ...(leftOut === undefined ? [] : [leftOut])], [particles]);
  const outliers = await files.readOutliers(record);
  if (outliers.length === 0) {
    throw new InputError(folder, "a run with outliers", "none: all its particles agree");
  }
  const set = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
  if (set.count !== record.particles) {
    throw new InputError(particles, `the ${record.particles} particles of ${folder}`, `${set.count}`);
  }
  const excluded = new Set(outliers.map(({ index }) => index));
  const kept = Array.from({ length: set.count }, (_, i) => i).filter((i) => !excluded.has(i));
  // Of a symmetric molecule the particles themselves: all copies of an outlier are outliers.
  const [rest, without] = [set.select(kept).originals(), set.select([...excluded]).originals()];
  await rest.writeStar(outputs.place(out));
  if (leftOut !== undefined) await without.writeStar(outputs.place(leftOut));
  await outputs.keep(session.signal);
  session.print(`${out}: ${rest.count} particles, without ${without.count}`);
}
