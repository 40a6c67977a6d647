import {
  imageFields,
  maskField,
  modelField,
  outField,
  particlesField,
  resolutionField,
  runOf,
  trainingFields,
  whole,
} from "./sharedFields";
import type { TaskDescription, TaskField } from "./taskFields";

const study = "New or empty folder of the study; its page is study.html";
const clusters: TaskField = {
  ...{ name: "clusters", kind: "number", label: "Sets", group: "Settings", flag: "--clusters" },
  ...{ range: whole(1), help: "Clusters that are compared. Empty: the particles decide" },
};
const shared = (own: readonly TaskField[]): TaskField[] => [
  runOf("Below which the study is listed. Empty: none"),
  particlesField("Particle file with poses and CTF", { required: true }),
  ...own,
  maskField("Gaussians may change where it is at least 0.5. Empty: everywhere"),
  ...imageFields(),
  clusters,
  ...trainingFields(),
  outField("newFolder", study),
];
const detail = resolutionField("Empty: all that the training box holds");
const model = modelField("Neutral model (.txt) of all parts", { required: true });

/** The same training with several seeds. */
export const seedsTask: TaskDescription = {
  ...{ name: "seeds", title: "Other seeds", family: "study", command: ["study", "seeds"], suffix: "_seeds" },
  summary: "The same training with several seeds: what depends on the seed is not in the data.",
  fields: shared([
    model,
    {
      ...{ name: "seeds", kind: "text", label: "Seeds", group: "Settings", flag: "--seeds", required: true },
      pattern: {
        source: "^\\s*\\d{1,9}(\\s*-\\s*\\d{1,9})?\\s*(,\\s*\\d{1,9}(\\s*-\\s*\\d{1,9})?\\s*)*$",
        expected: "integers such as 1-3 or 1,5,9",
      },
      help: "Such as 1-3 or 1,5,9: two or more, each a training",
    },
    detail,
  ]),
};

/** The same particles with several sets of options. */
export const optionsTask: TaskDescription = {
  ...{ name: "options", title: "Other options", family: "study", suffix: "_options" },
  command: ["study", "options"],
  summary: "The same particles with several sets of options, compared with the first.",
  fields: shared([
    model,
    {
      ...{ name: "options", kind: "file", endings: ["json"], label: "Sets of options", group: "Settings" },
      ...{ flag: "--options", required: true },
      help: 'JSON file, by name: {"two": {"latent": 2}, "four": {"latent": 4}}',
    },
    detail,
  ]),
};

/** Everything twice. */
export const halvesTask: TaskDescription = {
  ...{ name: "halves", title: "Halves of the particles", family: "study", suffix: "_halves" },
  command: ["study", "halves"],
  summary:
    "Reconstruction, model and training twice, on halves of the particles that never meet: says whether to believe a motion.",
  fields: shared([
    modelField("Of both halves, which are then not independent. Empty: one of each", {}),
    resolutionField("Of models and trainings; 8 to 10 is a good first look. Needed without a model"),
    {
      ...{ name: "gaussians", kind: "number", label: "Gaussians", group: "Settings", flag: "--gaussians" },
      ...{ range: whole(1), help: "Of each model. Empty: 512", when: [{ field: "model", is: [""] }] },
    },
  ]),
};
