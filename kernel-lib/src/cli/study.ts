import { type Command, Option } from "commander";
import { InputError, StoppedError } from "../errors";
import { listJobs } from "../jobs/jobStatus";
import type { StudySettings } from "../study/settings";
import { resumeStudy, studyHalves, studyOptions, studySeeds } from "../study/studies";
import { studyFiles } from "../study/studyFolder";
import { parseSeeds, readOptionSets } from "../study/studyInputs";
import type { StudyReport } from "../study/studyReport";
import type { TrainingOptions } from "../training/options";
import { type EngineOptions, engineChoice, engineOptions } from "./engineOptions";
import { inTermsOf } from "./failure";
import { clustersOption } from "./latent";
import {
  apixOption,
  backendOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  filesOption,
  invertContrastOption,
  lengthOption,
  numberOption,
  particleFileHelp,
  quietOption,
  required,
} from "./options";
import { type QueueOptions, queueNames, queueSettings, tellSubmitted } from "./queue";
import type { RunCommand, Session } from "./session";
import { posesOption } from "./train";
import { type TrainCommandOptions, trainingOptions, trainingOptionsOf } from "./trainingOptions";

interface StudyCommandOptions
  extends Omit<TrainCommandOptions, "symmetry" | "resume" | "continue">,
    QueueOptions {
  particles: string;
  part?: number;
  jobs: number;
  clusters: number | "auto";
}

type ResumeCommandOptions = Pick<StudyCommandOptions, "part" | "jobs" | "backend"> &
  EngineOptions &
  QueueOptions;

interface HalvesCommandOptions extends StudyCommandOptions {
  gaussians?: number;
  modelMask?: string;
}

interface SeedsCommandOptions extends StudyCommandOptions {
  model: string;
  seeds: number[];
}

interface OptionsCommandOptions extends StudyCommandOptions {
  model: string;
  options: string;
}

const page =
  `Writes a page (${studyFiles.page}), a notebook (${studyFiles.notebook}), all numbers (${studyFiles.report}) and a folder for ` +
  "each part. Ctrl-C stops; the same command continues, and does not repeat parts that are complete. With --part only that part is " +
  "made, so that a job array can make all of them; the same command without it then compares them.";

/** Adds the commands `study halves`, `study seeds`, `study options` and `study resume`. */
export function addStudy(program: Command, run: RunCommand): void {
  const study = program
    .command("study")
    .summary("say what is reproduced: with halves of the particles, other seeds, other options")
    .description("Trains several times, compares the results, and says in one page what is reproduced.");
  addHalves(study, run);
  addSeeds(study, run);
  addOptions(study, run);
  addResume(study, run);
}

function addResume(study: Command, run: RunCommand): void {
  const command = study
    .command("resume")
    .summary("continue a study with the settings of its folder")
    .description(
      "Makes what is missing of a study: parts, and the comparison. Queued studies are made by this command.",
    )
    .argument("<study>", "folder of the study")
    .addOption(
      numberOption("--part <n>", "make only this part, and compare nothing", { integer: true, least: 1 }),
    )
    .addOption(numberOption("--jobs <n>", "parts at a time", { integer: true, least: 1, default: 1 }))
    .addOption(backendOption("auto"));
  for (const option of engineOptions("the networks and the wasm engine of each part"))
    command.addOption(option);
  command.addOption(quietOption());
  examples(command, "e2gmm study resume study --threads 8");
  command.action((out: string, given: ResumeCommandOptions) =>
    run(given, async (session) => {
      const { part, jobs, backend } = given;
      const { signal, onProgress, note: onWarning } = session;
      const resumed = resumeStudy(out, {
        ...{ jobs, backend, engine: engineChoice(given), signal, onProgress, onWarning },
        onPart: (sentence) => session.print(sentence),
        ...(part !== undefined && { part }),
        ...queueOf(given, session),
      });
      await conduct(resumed, { ...given, out }, session);
    }),
  );
}

/** The queue, if it was asked for. */
function queueOf(options: QueueOptions, session: Session): Pick<StudySettings, "queue"> {
  if (options.queueParts !== undefined) {
    throw new InputError(
      "--queue-parts",
      "none for a study, which is divided into its trainings",
      `${options.queueParts}`,
    );
  }
  const queue = queueSettings(options, session);
  return queue ? { queue } : {};
}

function addHalves(study: Command, run: RunCommand): void {
  const command = study
    .command("halves")
    .summary("everything twice, on halves of the particles that never meet")
    .description(
      "Even/odd study. Each half of the particles gets its own reconstruction, Gaussian model and training. Then every particle is " +
        "placed in both latent spaces, and compared are places, motion and density, the distribution of particles, clusters with their sizes, and " +
        "averages of matched clusters or of the thirds of a continuum. Halves are those of _rlnRandomSubset, else random. Each training checks the poses of the file, and refines them if they are not good. " +
        page,
    );
  addStudyOptions(command, [
    fileOption(
      "--model <file>",
      "neutral model of both halves, which are then not independent (default: one of each)",
    ),
    lengthOption("--resolution <Å>", "resolution of models and trainings; needed unless --model is given"),
    numberOption("--gaussians <n>", "Gaussians of each model", { integer: true, least: 1, default: 512 }),
    fileOption(
      "--model-mask <file>",
      "mask of the molecule; Gaussians of the models stay where it is at least 0.5",
    ),
  ]);
  examples(
    command,
    "e2gmm study halves --particles run_data.star --resolution 8 --out study",
    "e2gmm study halves --particles run_data.star --resolution 8 --part 2 --out study",
  );
  command.action((options: HalvesCommandOptions) =>
    run(options, async (session) => {
      const { model, gaussians, modelMask } = options;
      const own = {
        ...(model !== undefined && { model }),
        ...(gaussians !== undefined && { gaussians }),
        ...(modelMask !== undefined && { modelMask }),
      };
      await conduct(studyHalves({ ...settingsOf(options, session), ...own }), options, session);
    }),
  );
}

function addSeeds(study: Command, run: RunCommand): void {
  const command = study
    .command("seeds")
    .summary("the same training with several seeds")
    .description(
      "Trains with several seeds and compares each result with the first, as study halves does, but for averages of clusters: all " +
        `parts have the same particles. ${page}`,
    );
  addStudyOptions(
    command,
    [
      required(fileOption("--model <file>", "neutral model (.txt), from e2gmm neutral")),
      lengthOption("--resolution <Å>", "finest detail to use (default: all that the training box holds)"),
      required(new Option("--seeds <list>", "seeds, such as 1-3 or 1,5,9").argParser(parseSeeds)),
    ],
    ["seed"],
  );
  examples(command, "e2gmm study seeds --particles run_data.star --model model.txt --seeds 1-3 --out seeds");
  command.action((options: SeedsCommandOptions) =>
    run(options, async (session) => {
      const { model, seeds } = options;
      await conduct(studySeeds({ ...settingsOf(options, session), model, seeds }), options, session);
    }),
  );
}

function addOptions(study: Command, run: RunCommand): void {
  const command = study
    .command("options")
    .summary("the same particles with several sets of options")
    .description(
      "Trains with several sets of options and compares each result with the first, as study seeds does. The sets are in a JSON file " +
        'by name, with the names of the library: {"small": {"hidden": [64, 64]}, "large": {"hidden": [512, 512]}}. What they do not ' +
        `set is as in the options of the command. ${page}`,
    );
  addStudyOptions(command, [
    required(fileOption("--model <file>", "neutral model (.txt), from e2gmm neutral")),
    lengthOption("--resolution <Å>", "finest detail to use (default: all that the training box holds)"),
    required(fileOption("--options <file>", "JSON file of sets of options")),
  ]);
  examples(
    command,
    "e2gmm study options --particles run_data.star --model model.txt --options sets.json --out options",
  );
  command.action((options: OptionsCommandOptions) =>
    run(options, async (session) => {
      const { model, options: file } = options;
      const sets = await readOptionSets(file);
      await conduct(studyOptions({ ...settingsOf(options, session), model, sets }), options, session);
    }),
  );
}

/** Adds the options of all studies. @param without training options that the study sets itself */
function addStudyOptions(command: Command, own: readonly Option[], without: readonly string[] = []): void {
  const groups: [heading: string, options: readonly Option[]][] = [
    [
      "Input and output:",
      [
        required(fileOption("--particles <file>", particleFileHelp)),
        required(
          fileOption("--out <folder>", "folder of the study, new or empty, or that of one to continue"),
        ),
        ...own,
        fileOption("--mask <file>", "map that is at least 0.5 where Gaussians may change"),
        filesOption("--rigid <masks...>", "a mask for each rigid body, whose Gaussians move together"),
        posesOption(),
        ...[dataFolderOption(), apixOption(), invertContrastOption("the images"), bytesOption()],
        new Option("--keep-outliers", "also train on particles that do not agree with the neutral model"),
      ],
    ],
    [
      "Study:",
      [
        numberOption("--part <n>", "make only this part, and compare nothing", { integer: true, least: 1 }),
        numberOption("--jobs <n>", "parts at a time", { integer: true, least: 1, default: 1 }),
        clustersOption().default("auto"),
      ],
    ],
    ["Training:", trainingOptions.filter((option) => !without.includes(option.attributeName()))],
    [
      "Computing:",
      [backendOption("auto"), ...engineOptions("the networks and the wasm engine of each part")],
    ],
  ];
  for (const [heading, options] of groups) {
    for (const option of options) command.addOption(option.helpGroup(heading));
  }
  command.addOption(quietOption());
}

function settingsOf(options: StudyCommandOptions, session: Session): StudySettings {
  const { particles, out, mask, rigid, poses, dataFolder, apix, invertContrast, bytes, keepOutliers } =
    options;
  const { resolution, part, jobs, clusters, backend } = options;
  const { signal, onProgress, note: onWarning } = session;
  return {
    ...{ particles, out, poses, jobs, clusters, backend, signal, onProgress, onWarning },
    onPart: (sentence) => session.print(sentence),
    engine: engineChoice(options),
    options: givenOptions(options),
    ...(part !== undefined && { part }),
    ...(mask !== undefined && { mask }),
    ...(rigid && { rigid }),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(resolution !== undefined && { resolution }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    ...(keepOutliers && { keepOutliers }),
    ...queueOf(options, session),
  };
}

/** Training options that the command has. */
function givenOptions(options: StudyCommandOptions): Partial<TrainingOptions> {
  const entries = Object.entries(trainingOptionsOf(options));
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Waits for a study and prints its result. */
async function conduct(
  study: Promise<StudyReport | undefined>,
  { out, part, queue, queuePreview }: Pick<StudyCommandOptions, "out" | "part" | "queue" | "queuePreview">,
  session: Session,
): Promise<void> {
  const names = {
    resolution: "--resolution",
    part: "--part",
    seeds: "--seeds",
    sets: "--options",
    ...queueNames,
  };
  const report = await inTermsOf(names, study).catch((error) => {
    if (!(error instanceof StoppedError)) throw error;
    throw new StoppedError(`stopped; the same command continues in ${out}`);
  });
  if (!report && queue !== undefined) {
    if (queuePreview) return;
    const jobs = await listJobs(out);
    const { number: first } = jobs.filter(({ name }) => name === "parts").at(-1) ?? jobs.at(-1)!;
    tellSubmitted(
      jobs.filter(({ number }) => number >= first),
      session,
    );
    return;
  }
  if (!report) {
    session.print(`${out}: part ${part} is complete, ${session.elapsed()}`);
    return;
  }
  session.print(report.sentence);
  session.print(`${out}/${studyFiles.page}: ${report.parts.length} parts, ${session.elapsed()}`);
}
