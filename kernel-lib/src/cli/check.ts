import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import type { CheckedInputs, FindingStatus } from "../training/check/checkedInputs";
import { checkInputs } from "../training/check/checkInputs";
import type { TrainingSettings } from "../training/settings";
import type { EngineOptions } from "./engineOptions";
import {
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  lengthOption,
  numberOption,
  particleFileHelp,
  type QuietOption,
  quietOption,
  required,
  symmetryOption,
  threadsOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface CheckOptions
  extends QuietOption,
    Pick<EngineOptions, "threads">,
    Pick<
      TrainingSettings,
      "dataFolder" | "apix" | "invertContrast" | "bytes" | "symmetry" | "mask" | "resolution"
    > {
  particles: string;
  map?: string;
  model?: string;
  sample: number;
  json?: string;
}

/** Adds the command `check`. */
export function addCheck(program: Command, run: RunCommand): void {
  const command = program
    .command("check")
    .summary("check particles and map before a training")
    .description(
      "Checks what a training needs before it is started: particle file and image stacks, pixel sizes and boxes, CTF, poses, and whether " +
        "particles and map belong together: contrast, hand, poses, agreement by Fourier ring, and what would fit better (another pixel " +
        "size, defocus, centre or shifts). It looks at what e2gmm train looks at, on some of the particles, with a small model of the map unless " +
        "--model is given. Each finding is ok, a warning or an error with what to do; the exit status is 1 if there is an error.",
    )
    .addOption(required(fileOption("--particles <file>", particleFileHelp)))
    .addOption(fileOption("--map <file>", "consensus map (MRC) of the same refinement"))
    .addOption(
      fileOption("--model <file>", "neutral model (.txt), in place of a small one that is made of the map"),
    )
    .addOption(fileOption("--mask <file>", "mask that e2gmm train would be given"))
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption())
    .addOption(symmetryOption("particles and map are checked with it"))
    .addOption(lengthOption("--resolution <Å>", "finest detail to compare (default: a box of 64 pixels)"))
    .addOption(
      numberOption("--sample <n>", "particles that are compared with the model", {
        integer: true,
        least: 10,
        default: 1000,
      }),
    )
    .addOption(threadsOption("the comparison"))
    .addOption(fileOption("--json <file>", "also write the findings as JSON"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm check --particles particles.star --map consensus.mrc",
    "e2gmm check --particles particles.star --model model.txt --sample 5000",
  );
  command.action((options: CheckOptions) => run(options, (session) => check(options, session)));
}

const signs: Record<FindingStatus, string> = { ok: "ok", warning: "warning", error: "ERROR" };

async function check(options: CheckOptions, session: Session): Promise<void> {
  const { json, threads, quiet: _quiet, ...inputs } = options;
  const outputs = await session.writes(json === undefined ? [] : [json], [
    inputs.particles,
    inputs.map,
    inputs.model,
  ]);
  const checked = await checkInputs({
    ...inputs,
    engine: { engine: "wasm", ...(threads !== undefined && { threads }) },
    ...{ signal: session.signal, onProgress: session.onProgress },
  });
  for (const line of table(checked)) session.print(line);
  if (json !== undefined) await writeAtomic(outputs.place(json), `${JSON.stringify(checked, null, 2)}\n`);
  await outputs.keep(session.signal);
  const errors = checked.findings.filter(({ status }) => status === "error").length;
  if (errors > 0)
    throw InputError.of(
      `${errors === 1 ? "1 error" : `${errors} errors`}: a training would not start with these inputs, or go wrong`,
    );
}

/** The findings, and the agreement at some rings. */
function table({ findings, rings }: CheckedInputs): string[] {
  const width = Math.max(0, ...findings.map(({ topic }) => topic.length));
  const lines = findings.map(
    ({ topic, status, sentence }) => `${signs[status].padEnd(8)} ${topic.padEnd(width)}  ${sentence}`,
  );
  if (rings.length === 0) return lines;
  const every = Math.max(1, Math.ceil(rings.length / 8));
  const ofMap = rings[0]!.map === undefined ? "" : "  map";
  return [
    ...lines,
    "",
    `FRC of the model with  particles${ofMap}`,
    ...rings
      .filter(({ ring }) => ring % every === 0)
      .map(({ resolution, particles, map }) => {
        const last = map === undefined ? "" : map.toFixed(3).padStart(8);
        return `${`${resolution.toFixed(1)} Å`.padStart(21)}${particles.toFixed(3).padStart(11)}${last}`;
      }),
  ];
}
