import type { Command } from "commander";
import { InputError } from "../errors";
import { openParticles } from "../particles/particleSet";
import { RunFolder } from "../training/runs/run";
import { examples, fileOption, type QuietOption, quietOption, required } from "./options";
import type { RunCommand } from "./session";

interface OutliersOptions extends QuietOption {
  out: string;
  leftOut?: string;
}

export function addOutliers(program: Command, run: RunCommand): void {
  const command = program
    .command("outliers")
    .summary("write the particles of a run without those that do not agree with its model")
    .description(
      "Writes the particle file of a run without its outliers, the particles that agree with the neutral model far less " +
        "than their CTF and the signal of the others let expect (outliers.csv of the run folder): the same format, rows and " +
        "columns as they were.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--out <file>", "particle file of those that agree")))
    .addOption(fileOption("--left-out <file>", "particle file of the outliers"))
    .addOption(quietOption());
  examples(command, "e2gmm outliers run --out good.star --left-out outliers.star");
  command.action((folder: string, options: OutliersOptions) =>
    run(options, async (session) => {
      const files = new RunFolder(folder);
      const record = await files.readRecord();
      const { particles, dataFolder, invertContrast } = record.inputs;
      const targets = [options.out, ...(options.leftOut === undefined ? [] : [options.leftOut])];
      const outputs = await session.writes(targets, [particles]);
      const outliers = await files.readOutliers(record);
      if (outliers.length === 0)
        throw new InputError(folder, "a run with outliers", "none: all its particles agree");
      const set = await openParticles(particles, {
        signal: session.signal,
        invertContrast,
        ...(dataFolder !== undefined && { dataFolder }),
      });
      try {
        if (set.count !== record.particles) {
          throw new InputError(particles, `the ${record.particles} particles of ${folder}`, `${set.count}`);
        }
        const out = new Set(outliers.map(({ index }) => index));
        const kept = Array.from({ length: set.count }, (_, i) => i).filter((i) => !out.has(i));
        await set.select(kept).writeStar(outputs.place(options.out));
        if (options.leftOut !== undefined)
          await set.select([...out]).writeStar(outputs.place(options.leftOut));
        await outputs.keep(session.signal);
        session.print(`${options.out}: ${kept.length} particles, without ${out.size}`);
      } finally {
        await set.close();
      }
    }),
  );
}
