import {
  imageFields,
  maskField,
  modelField,
  outField,
  particlesField,
  priorFields,
  resolutionField,
  runArgument,
  runOf,
  symmetryField,
  trainingFields,
  whole,
} from "./sharedFields";
import type { TaskDescription } from "./taskFields";

const alone = [{ field: "run", is: [""] }];
const trained = [{ field: "train", is: [true] }];

/** Poses against a model, or the moving model of a run. */
export const posesTask: TaskDescription = {
  ...{ name: "poses", title: "Poses of a run", family: "poses", command: ["poses"], suffix: "_poses.star" },
  summary:
    "Place and pose of each particle together, against the moving model of a run; without a run against one model. Where it gains nothing the poses stay.",
  fields: [
    runArgument("Folder of a complete run. Empty: particles and a model"),
    particlesField("Particle file with poses and CTF", { required: true, when: alone }),
    modelField("That poses are refined against", { required: true, when: alone }),
    {
      ...{ name: "reference", kind: "file", endings: ["star", "cs"], label: "Earlier poses", group: "Files" },
      ...{
        flag: "--reference",
        help: "That those of the run were refined from. Empty: as the reports beside its particles say",
      },
      when: [{ field: "run", isNot: [""] }],
    },
    ...imageFields(alone),
    resolutionField("Finest detail to use. Empty: all of the model's box", alone),
    ...priorFields,
    {
      ...{ name: "force", kind: "tick", label: "even if no better", group: "Settings", flag: "--force" },
      help: "Write refined poses also where they gain nothing",
    },
    outField(
      "newFile",
      "Particle file in the format of the input (.star or .cs); report and moves stand beside it",
    ),
  ],
};

/** Poses in rounds, with halves. */
export const roundsTask: TaskDescription = {
  ...{ name: "rounds", title: "Poses in rounds, by halves", family: "poses", command: ["rounds"] },
  summary:
    "Map, model and poses of each half in rounds, as long as the half maps agree better: the safe way for poses that are not good.",
  suffix: "_rounds",
  fields: [
    runOf("Below which the rounds are listed. Empty: none"),
    particlesField("Particle file with poses and CTF", { required: true }),
    maskField("Of the molecule; Gaussians stay where it is at least 0.5. Empty: none"),
    ...imageFields(),
    {
      ...{ name: "rounds", kind: "number", label: "Rounds", group: "Settings", flag: "--rounds" },
      ...{ range: whole(1), help: "At most. Empty: 4" },
    },
    {
      ...{ name: "gaussians", kind: "number", label: "Gaussians", group: "Settings", flag: "--gaussians" },
      ...{ range: whole(1), help: "Of each model. Empty: 512" },
    },
    resolutionField("Limit of the alignment. Empty: only that of the half maps"),
    {
      ...{
        name: "threshold",
        kind: "number",
        label: "FSC threshold",
        group: "Settings",
        flag: "--threshold",
      },
      ...{
        range: { above: 0, below: 1 },
        help: "Agreement of half maps down to which particles are aligned. Empty: 0.143",
      },
    },
    ...priorFields,
    symmetryField("Maps and models are symmetric. Empty: none"),
    {
      ...{ name: "train", kind: "tick", label: "then with a training", group: "Training", flag: "--train" },
      help: "Place and pose together against a trained model of each half: for molecules that move",
    },
    {
      ...{ name: "trainings", kind: "number", label: "Trainings", group: "Training", flag: "--trainings" },
      ...{ range: whole(1), help: "Most rounds with one. Empty: 2", when: trained },
    },
    ...trainingFields(trained),
    outField("newFolder", "New or empty folder of the rounds"),
  ],
};
