import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { ByteSign } from "../formats/mrc";
import { readMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { type FscCurve, formatFsc, fourierShellCorrelation, resolutionAt } from "../reconstruction/fsc";
import { bytesOption, examples, fileOption, type QuietOption, quietOption } from "./options";
import type { RunCommand, Session } from "./session";

interface FscOptions extends QuietOption {
  mask?: string;
  out?: string;
  bytes?: ByteSign;
}

/** Thresholds at which resolutions are reported. */
export const fscThresholds = [0.5, 0.143];

/** Adds the command `fsc`. */
export function addFsc(program: Command, run: RunCommand): void {
  const command = program
    .command("fsc")
    .summary("compute the Fourier shell correlation of two maps")
    .description(
      "Prints the Fourier shell correlation of two maps with the same voxels, one line per shell: radius in Fourier " +
        "pixels, frequency in 1/Å, resolution in Å, correlation. Lines that start with # give the resolutions at FSC 0.5 " +
        "and 0.143.",
    )
    .argument("<A>", "a map (MRC)")
    .argument("<B>", "another map with the same voxels")
    .addOption(fileOption("--mask <file>", "mask that both maps are multiplied by first"))
    .addOption(bytesOption())
    .addOption(fileOption("--out <file>", "also write the table to this file"))
    .addOption(quietOption());
  examples(command, "e2gmm fsc run1_half1.mrc run1_half2.mrc --mask mask.mrc");
  command.action((a: string, b: string, options: FscOptions) =>
    run(options, (session) => fsc([a, b], options, session)),
  );
}

async function fsc([a, b]: [string, string], options: FscOptions, session: Session): Promise<void> {
  const { out, mask: maskFile, bytes } = options;
  const outputs = await session.writes(out ? [out] : [], [a, b, maskFile]);
  // Notes are comments, since other programs read the table from stdout.
  const onWarning = (warning: string) => session.print(`# note: ${warning}`);
  const reading = { ...session.reading, onWarning, bytes };
  const first = await readMap(a, reading);
  const second = await readMap(b, reading);
  const mask =
    maskFile === undefined ? undefined : await readMask(maskFile, first, { ...reading, sameVoxels: true });
  const curve = fourierShellCorrelation(first, second, { names: [a, b], ...(mask && { mask }) });
  if (out) await writeAtomic(outputs.place(out), formatFsc(curve, out));
  await outputs.keep(session.signal);
  session.print(formatFsc(curve).trimEnd());
  for (const threshold of fscThresholds) {
    session.print(`# FSC ${threshold} ${resolutionText(curve, threshold)}`);
  }
}

/** `at 7.82 Å`, with an explanation if the curve never falls below the threshold, or starts below it. */
export function resolutionText(curve: FscCurve, threshold: number): string {
  const resolution = resolutionAt(curve, threshold);
  if (!Number.isFinite(resolution)) return "nowhere: the curve starts below it";
  const beyond = curve.fsc.slice(1).every((value) => value >= threshold);
  return `at ${resolution.toFixed(2)} Å${beyond ? " or better: the curve never falls below it" : ""}`;
}
