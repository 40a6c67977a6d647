import { InputError } from "../errors";
import type { QueueSettings } from "../jobs/queueSettings";
import { typedCommand } from "../jobs/typedCommand";
import type { Varied } from "../network/head";
import type { InheritedAxes } from "../training/runs/lineage";
import { commandOption, literal, queueWords } from "./writtenSettings";

/*
 * A new run as the window, the command line and a notebook describe it. Nothing here needs Node: JupyterLab's pages use it too.
 */

/** What a new run is made from, and how. Paths are relative to the working folder. */
export interface NewRunSettings {
  /** Particle file: a STAR file of RELION, a .cs or .csg file of cryoSPARC, a .lst or .hdf file of EMAN2. Needed unless `from` is set. */
  particles?: string;
  /** Folder of a complete run: a second round starts from it, with its particles, model and settings unless they are given here. */
  from?: string;
  /** With `from`: file that lists the particles to train on, as `StartingRun.select`. Default: all. */
  select?: string;
  /** With `from`: what becomes of its axes, as `StartingRun.axes`. Default `fixed`. */
  axes?: InheritedAxes;
  /**
   * Consensus map (MRC), of which the neutral model is made first, as `<out>_model.txt`. Either `map` or `model`; neither for halves
   * or with `from`.
   */
  map?: string;
  /** Neutral model, a text file. */
  model?: string;
  /** Folder of the run, new or empty. */
  out: string;
  /** Finest detail in Å of model and training. Default: all that map, box and signal allow. Needed for halves without a model. */
  resolution?: number;
  /** Gaussians of the model that is made. Default: as many as describe the map; 512 for halves. */
  gaussians?: number;
  /** Axes of the latent space. Default: as many as a survey finds. */
  latent?: number;
  /** What may change. Default: position, amplitude and width. */
  vary?: readonly Varied[];
  /** Map file; Gaussians may change where it is at least 0.5. Default: everywhere. */
  mask?: string;
  /** Point group. Default: none. */
  symmetry?: string;
  /** Passes over the particles. Default: until held-out particles are described no better. */
  epochs?: number;
  /** Whether to make everything twice, on halves of the particles that never meet (`e2.study.halves`). Default false. */
  halves?: boolean;
  /** Where it is computed. */
  queue: Omit<QueueSettings, "onPreview" | "parts" | "atATime">;
}

/** File of the neutral model that is made of the map. */
export function madeModelOf({ out }: Pick<NewRunSettings, "out">): string {
  return `${out.replace(/(?<=.)\/+$/, "")}_model.txt`;
}

/** @throws InputError for settings that are incomplete, or do not fit each other */
export function requireComplete(settings: NewRunSettings): void {
  const { particles, map, model, out, halves = false, symmetry, resolution, queue, from } = settings;
  if (!particles && !from) throw new InputError("particles", "a particle file", "none");
  if (!out) throw new InputError("out", "a folder for the run", "none");
  if (!queue?.queue)
    throw new InputError("queue", "where it is computed: local, slurm or a template", "none");
  if (from) {
    // The run has them.
    const given = (["particles", "map", "model", "symmetry", "gaussians", "halves"] as const).find(
      (name) => settings[name],
    );
    if (given)
      throw new InputError(given, "none with from, the run of a second round", String(settings[given]));
    return;
  }
  const alone = (["select", "axes"] as const).find((name) => settings[name]);
  if (alone) throw new InputError(alone, "from, the run that it belongs to", "none");
  if (!halves) {
    if (map && model) throw new InputError("model", "a map or a model", "both");
    if (!map && !model) throw new InputError("map", "a consensus map or a neutral model", "neither");
    return;
  }
  if (symmetry)
    throw new InputError("symmetry", "none for halves, which are compared without symmetry", symmetry);
  if (!model && resolution === undefined)
    throw new InputError(
      "resolution",
      "a resolution in Å for the models of the halves, or a model",
      "neither",
    );
}

/**
 * The commands of `e2gmm` that do a new run, without where they are queued: `neutral` if the model is made of a map, then `train`; or
 * `study halves`; or `train --from`.
 * @returns the arguments of each command
 * @throws InputError for settings that are incomplete, or do not fit each other
 */
export function stepsOf(settings: NewRunSettings): string[][] {
  requireComplete(settings);
  const { particles, map, model, out, halves, resolution, gaussians, latent, vary, mask, symmetry, epochs } =
    settings;
  const { from, select, axes } = settings;
  const shared = [
    ...commandOption("--resolution", resolution),
    ...commandOption("--latent", latent),
    ...commandOption("--vary", vary && vary.length > 0 ? vary.join(",") : undefined),
    ...commandOption("--mask", mask),
    ...commandOption("--epochs", epochs),
  ];
  if (from) {
    const start = [
      ...commandOption("--from", from),
      ...commandOption("--select", select),
      ...commandOption("--axes", axes),
    ];
    return [["train", ...start, ...shared, ...commandOption("--out", out)]];
  }
  if (halves) {
    const models = model ? commandOption("--model", model) : commandOption("--gaussians", gaussians);
    return [
      [
        "study",
        "halves",
        ...commandOption("--particles", particles),
        ...models,
        ...shared,
        ...commandOption("--out", out),
      ],
    ];
  }
  const used = model || madeModelOf(settings);
  const train = ["train", ...commandOption("--particles", particles), ...commandOption("--model", used)];
  const steps = [
    [...train, ...shared, ...commandOption("--symmetry", symmetry), ...commandOption("--out", out)],
  ];
  if (!map) return steps;
  const detail = [...commandOption("--resolution", resolution), ...commandOption("--gaussians", gaussians)];
  const neutral = [
    "neutral",
    ...commandOption("--map", map),
    ...detail,
    ...commandOption("--symmetry", symmetry),
  ];
  return [[...neutral, ...commandOption("--out", used)], ...steps];
}

/**
 * The commands that do a new run, one a line, as they are typed into a shell.
 * @throws InputError for settings that are incomplete, or do not fit each other
 * @example
 * ```ts
 * const text = e2.project.commandOf({
 *   particles: "particles.star",
 *   map: "consensus.mrc",
 *   out: "run",
 *   queue: { queue: "local" },
 * });
 * console.log(text);
 * ```
 */
export function commandOf(settings: NewRunSettings): string {
  const steps = stepsOf(settings);
  const after = settings.queue.after ?? [];
  return steps
    .map((step, s) =>
      typedCommand([...step, ...queueWords(settings.queue, s === 0 ? after : [madeModelOf(settings)])]),
    )
    .join("\n");
}

/**
 * The cell of a notebook that does a new run.
 * @throws InputError for settings that are incomplete, or do not fit each other
 * @example
 * ```ts
 * const text = e2.project.cellOf({
 *   particles: "particles.star",
 *   model: "model.txt",
 *   out: "run",
 *   queue: { queue: "slurm", cpus: 8 },
 * });
 * console.log(text);
 * ```
 */
export function cellOf(settings: NewRunSettings): string {
  requireComplete(settings);
  return `import * as e2 from "e2gmm";\nawait e2.project.startRun(${literal(settings, "")});`;
}

/** The cell of a notebook that opens the explorer of a run. @param run folder */
export function exploreCellOf(run: string): string {
  return `import * as e2 from "e2gmm";\nconst explorer = await e2.explore(${JSON.stringify(run)});\nexplorer;`;
}
