import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { readMap, writeMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { localResolution } from "../reconstruction/localResolution";
import { type MaskedFsc, maskedFsc } from "../reconstruction/maskedFsc";
import { sharpen } from "../reconstruction/sharpen";
import { inTermsOf } from "./failure";
import { resolutionText } from "./fsc";
import { localFiles, localSentence, taskOf } from "./localMaps";
import { besideName } from "./modelFiles";
import {
  examples,
  fileOption,
  lengthOption,
  mapOutOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
} from "./options";
import type { RunCommand, Session } from "./session";

interface PostprocessOptions extends QuietOption {
  mask: string;
  bFactor: number | "auto";
  resolution?: number;
  seed: number;
  local?: boolean;
  out: string;
}

/** Adds the command `postprocess`. */
export function addPostprocess(program: Command, run: RunCommand): void {
  const command = program
    .command("postprocess")
    .summary("FSC of half maps in a mask, and the sharpened map")
    .description(
      "Computes the FSC of two half maps in a mask, corrected for what the mask itself correlates (by randomised phases), weights their " +
        "mean by it, sharpens it and filters it to its resolution. Writes the map and a table of the curves (map_fsc.csv for map.mrc).",
    )
    .argument("<half1>", "a half map (MRC)")
    .argument("<half2>", "the other one")
    .addOption(required(fileOption("--mask <file>", "mask of the molecule, with a soft edge")))
    .addOption(
      new Option("--b-factor <Å²>", "negative to sharpen; auto fits it to the fall of the amplitudes")
        .argParser(parseBFactor)
        .default("auto"),
    )
    .addOption(
      lengthOption(
        "--resolution <Å>",
        "low-pass filter (default: where the corrected FSC falls below 0.143)",
      ),
    )
    .addOption(
      numberOption("--seed <n>", "seed of the random phases", { integer: true, least: 0, default: 1 }),
    )
    .addOption(
      new Option(
        "--local",
        "also write the local resolution (map_local_resolution.mrc, in Å) and the mean map filtered to it (map_local_filtered.mrc)",
      ),
    )
    .addOption(required(mapOutOption("--out <file>", "output file of the map (MRC)")))
    .addOption(quietOption());
  examples(command, "e2gmm postprocess map_half1.mrc map_half2.mrc --mask mask.mrc --local --out sharp.mrc");
  command.action((half1: string, half2: string, options: PostprocessOptions) =>
    run(options, (session) => postprocess([half1, half2], options, session)),
  );
}

function parseBFactor(text: string): number | "auto" {
  const value = Number(text);
  if (text === "auto") return text;
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InputError("--b-factor", "auto or a number of Å²", `"${text}"`);
  return value;
}

async function postprocess(
  [a, b]: [string, string],
  options: PostprocessOptions,
  session: Session,
): Promise<void> {
  const { mask: maskFile, bFactor, resolution, seed, out } = options;
  const table = besideName(out, "_fsc.csv");
  const local = options.local ? localFiles(out) : undefined;
  const outputs = await session.writes([out, table, ...Object.values(local ?? {})], [a, b, maskFile]);
  const half1 = await readMap(a, session.reading);
  const half2 = await readMap(b, session.reading);
  if (half1.data.length === half2.data.length && half1.data.every((x, i) => x === half2.data[i]))
    throw new InputError(b, `the other half map than ${a}`, "the same values");
  const mask = await readMask(maskFile, half1, { ...session.reading, sameVoxels: true });
  const curves = maskedFsc(half1, half2, mask, { seed, names: [a, b] });
  const { corrected, unmasked, masked } = curves;
  if (curves.from >= corrected.fsc.length) {
    session.note(
      "the FSC without mask stays above 0.8: no phases are randomised, and the FSC in the mask is not corrected",
    );
  }
  const sharpened = await inTermsOf(
    { bFactor: "--b-factor", resolution: "--resolution" },
    Promise.resolve().then(() =>
      sharpen(half1, half2, corrected, { bFactor, ...(resolution !== undefined && { resolution }) }),
    ),
  );
  await writeMap(outputs.place(out), sharpened.map, { signal: session.signal });
  await writeAtomic(outputs.place(table), tableOf(curves, table));
  const found = local && (await localResolution(half1, half2, mask, { seed, ...taskOf(session) }));
  if (local && found) {
    await writeMap(outputs.place(local.resolution), found.resolution, { signal: session.signal });
    await writeMap(outputs.place(local.filtered), found.filtered, { signal: session.signal });
  }
  await outputs.keep(session.signal);
  session.print(
    `FSC 0.143 ${resolutionText(corrected, 0.143)}; in the mask without correction ${resolutionText(masked, 0.143)}, without mask ${resolutionText(unmasked, 0.143)}`,
  );
  session.print(
    `${out}: B factor ${sharpened.bFactor.toFixed(1)} Å²${bFactor === "auto" ? ", fitted" : ""}, filtered to ${sharpened.resolution.toFixed(2)} Å`,
  );
  if (local && found) session.print(localSentence(local.resolution, found));
}

function tableOf({ unmasked, masked, randomized, corrected }: MaskedFsc, file: string): string {
  const header = "shell,resolution_angstrom,fsc_corrected,fsc_unmasked,fsc_masked,fsc_randomized";
  const rows = Array.from(corrected.shell, (shell, i) => {
    const text = (x: number) => finiteText(x, 6, file, `shell ${shell}`);
    const resolution = corrected.resolution[i]!;
    const curves = [corrected, unmasked, masked, randomized].map(({ fsc }) => text(fsc[i]!));
    return [shell, Number.isFinite(resolution) ? text(resolution) : "", ...curves].join(",");
  });
  return `${header}\n${rows.join("\n")}\n`;
}
