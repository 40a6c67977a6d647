import { Option } from "commander";
import type { BackendName } from "../compute/backends";
import { InputError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import {
  defaultTrainingOptions,
  type TrainingOptions,
  trainingRanges,
  variedKinds,
  weightings,
} from "../training/options";
import type { PoseChoice } from "../training/poses/first/poseDecision";
import type { InheritedAxes } from "../training/runs/lineage";
import type { EngineOptions } from "./engineOptions";
import { choiceOption, numberOption, orAuto, parseNumbers, type QuietOption, wordsOption } from "./options";

/** Parsed options of the command `train`. */
export interface TrainCommandOptions extends Partial<TrainingOptions>, EngineOptions, QuietOption {
  particles?: string;
  model?: string;
  mask?: string;
  rigid?: string[];
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  symmetry?: string;
  keepOutliers?: boolean;
  poses: PoseChoice;
  resolution?: number;
  from?: string;
  select?: string;
  axes?: InheritedAxes;
  out: string;
  resume?: boolean;
  continue?: boolean;
  backend: BackendName | "auto";
}

const standard = defaultTrainingOptions;

/** A numeric training option with the range and default of the library. */
function trainingNumber(
  name: Exclude<keyof typeof trainingRanges, "latent" | "epochs">,
  flags: string,
  description: string,
): Option {
  return numberOption(flags, description, { ...trainingRanges[name], default: standard[name] });
}

/** A number, or `auto`, which is the default. */
function numberOrAuto(name: "latent" | "epochs", flags: string, description: string): Option {
  return orAuto(numberOption(flags, description, trainingRanges[name]));
}

function hiddenOption(): Option {
  const option = new Option("--hidden <widths>", "widths of the hidden layers, comma-separated");
  option.default(standard.hidden, standard.hidden.join(","));
  return option.argParser((text: string) => {
    const widths = parseNumbers(text, "--hidden");
    if (widths.some((width) => !Number.isInteger(width) || width < 1)) {
      throw new InputError("--hidden", "integers of 1 or more", `"${text}"`);
    }
    return widths;
  });
}

/** The library's training options. Commander derives their names from the flags. */
export const trainingOptions: readonly Option[] = [
  numberOrAuto(
    "latent",
    "--latent <n>",
    "axes of the latent space, 1 to 16; auto: as many as explain held-out particles better",
  ),
  wordsOption("--vary <kinds>", "what may change: position, amplitude, width; comma-separated", [
    ...variedKinds,
  ]).default(standard.vary, standard.vary.join(",")),
  numberOrAuto(
    "epochs",
    "--epochs <n>",
    "passes over the particles; auto: until held-out particles are explained no better",
  ),
  trainingNumber("seed", "--seed <n>", "seed of the random numbers"),
  choiceOption("--weighting <how>", "weights of the Fourier rings: information, or uniform as published", [
    ...weightings,
  ]).default(standard.weighting, standard.weighting),
  trainingNumber(
    "starts",
    "--starts <n>",
    "coarse starts, of which the one with the best validation continues",
  ),
  trainingNumber("heldOut", "--held-out <fraction>", "fraction of the particles held out for validation"),
  trainingNumber(
    "coarseRing",
    "--coarse-ring <ring>",
    "outermost Fourier ring of the first epoch; 0 for all",
  ),
  trainingNumber("coarseEpochs", "--coarse-epochs <n>", "epochs over which the cut-off rises to all rings"),
  trainingNumber("batchSize", "--batch-size <n>", "particles per step"),
  trainingNumber("learningRate", "--learning-rate <rate>", "learning rate of Adam"),
  trainingNumber("weightDecay", "--weight-decay <rate>", "weight decay, as a fraction of the learning rate"),
  hiddenOption(),
  trainingNumber("featureSize", "--feature-size <n>", "encoder inputs per particle"),
  trainingNumber("dropout", "--dropout <fraction>", "dropout rate before the encoder's output"),
  trainingNumber(
    "latentNoise",
    "--latent-noise <deviation>",
    "standard deviation of the noise on the latents, whose own is 1",
  ),
  trainingNumber(
    "spreadPenalty",
    "--spread-penalty <weight>",
    "penalty on the spread of amplitudes and widths",
  ),
  trainingNumber(
    "strainPenalty",
    "--strain-penalty <weight>",
    "penalty on strain between neighbouring Gaussians, where positions vary; 0 for none",
  ),
];

/** The values of the training options. */
export function trainingOptionsOf(parsed: Partial<TrainingOptions>): Partial<TrainingOptions> {
  return Object.fromEntries(
    trainingOptions.map((option) => {
      const name = option.attributeName() as keyof TrainingOptions;
      return [name, parsed[name]];
    }),
  );
}
