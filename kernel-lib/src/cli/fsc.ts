import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { ByteSign } from "../formats/mrc";
import { readMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { type FscCurve, formatFsc, fourierShellCorrelation, resolutionAt } from "../reconstruction/fsc";
import { bytesOption, examples, fileOption, type QuietOption, quietOption } from "./options";
import type { RunCommand } from "./session";

interface FscOptions extends QuietOption {
  mask?: string;
  out?: string;
  bytes?: ByteSign;
}

export function addFsc(program: Command, run: RunCommand): void {
  const command = program
    .command("fsc")
    .summary("compare two maps by Fourier shell correlation")
    .description(
      "Prints the Fourier shell correlation of two maps of the same voxels, a line a shell: radius in Fourier pixels, " +
        "frequency in 1/Å, resolution in Å, correlation. Lines with # say where it falls below 0.5 and 0.143.",
    )
    .argument("<A>", "a map (MRC)")
    .argument("<B>", "another of the same voxels")
    .addOption(fileOption("--mask <file>", "map that both are multiplied by first"))
    .addOption(bytesOption())
    .addOption(fileOption("--out <file>", "write the table here as well"))
    .addOption(quietOption());
  examples(command, "e2gmm fsc run1_half1.mrc run1_half2.mrc --mask mask.mrc");
  command.action((a: string, b: string, options: FscOptions) =>
    run(options, async (session) => {
      const outputs = await session.writes(options.out ? [options.out] : [], [a, b, options.mask]);
      // What is printed is a table that other programs read.
      const onWarning = (warning: string) => session.print(`# note: ${warning}`);
      const reading = { ...session.reading, onWarning, bytes: options.bytes };
      const first = await readMap(a, reading);
      const second = await readMap(b, reading);
      const mask =
        options.mask === undefined
          ? undefined
          : await readMask(options.mask, first, { ...reading, sameVoxels: true });
      const curve = fourierShellCorrelation(first, second, { names: [a, b], ...(mask && { mask }) });
      if (options.out) await writeAtomic(outputs.place(options.out), formatFsc(curve, options.out));
      await outputs.keep(session.signal);
      session.print(formatFsc(curve).trimEnd());
      for (const threshold of [0.5, 0.143])
        session.print(`# FSC ${threshold} ${resolutionText(curve, threshold)}`);
    }),
  );
}

/** `at 7.82 Å`, with a word where the curve never falls below the threshold, or begins below it. */
export function resolutionText(curve: FscCurve, threshold: number): string {
  const resolution = resolutionAt(curve, threshold);
  if (!Number.isFinite(resolution)) return "nowhere: the curve begins below it";
  const beyond = curve.fsc.slice(1).every((value) => value >= threshold);
  return `at ${resolution.toFixed(2)} Å${beyond ? " or better: the curve never falls below it" : ""}`;
}
