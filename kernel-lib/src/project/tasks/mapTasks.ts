import {
  imageFields,
  mapFields,
  maskField,
  outField,
  particlesField,
  runArgument,
  runOf,
  symmetryField,
  whole,
} from "./sharedFields";
import type { TaskDescription, TaskField } from "./taskFields";

const local: TaskField = {
  ...{ name: "local", kind: "tick", label: "local resolution", group: "Maps", flag: "--local" },
  help: "Also its local resolution, and the map filtered to it; takes longer",
};

const points = "^\\s*[-+.\\deE]+(\\s*,\\s*[-+.\\deE]+)*\\s*(;\\s*[-+.\\deE]+(\\s*,\\s*[-+.\\deE]+)*\\s*)*$";

/** States as points of the latent space. */
const pointsField = (help: string): TaskField => ({
  ...{ name: "z", kind: "text", label: "Points", group: "States", flag: "--z" },
  pattern: { source: points, expected: "numbers separated by commas, points by semicolons" },
  ...{ help, when: [{ field: "chosen", is: ["points"] }] },
});

const pathField: TaskField = {
  ...{ name: "path", kind: "file", endings: ["txt"], label: "Path", group: "States", flag: "--path" },
  help: "One state per line, such as motions/pc1.txt of e2gmm motions, or centres.txt of e2gmm latent",
  ...{ required: true, when: [{ field: "chosen", is: ["path"] }] },
};

const otherImages =
  "The same particles in the same order with other images, such as in full size. Empty: those of the run";

/** Maps of states, each from the particles near it. */
export const statesTask: TaskDescription = {
  ...{ name: "states", title: "Maps of states", family: "reconstruct", command: ["states"] },
  summary:
    "A map, half maps and FSC of each state, from the particles near it in the latent space, in one pass over the images.",
  ...{ suffix: "_states", divisible: true },
  fields: [
    runArgument("Folder of a complete run", { required: true }),
    particlesField(otherImages),
    ...imageFields([{ field: "particles", isNot: [""] }]),
    {
      ...{ name: "chosen", kind: "choice", label: "States", group: "States" },
      choices: [
        ["clusters", "centres of clusters"],
        ["grid", "a grid between the 5 % and the 95 % quantile"],
        ["path", "along a path, from a file"],
        ["points", "points of the latent space"],
      ],
      help: "Which states are reconstructed",
    },
    {
      ...{ name: "clusters", kind: "number", label: "Clusters", group: "States", flag: "--clusters" },
      ...{ range: whole(1), help: "Number of clusters (k-means)", required: true },
      when: [{ field: "chosen", is: ["clusters"] }],
    },
    {
      ...{ name: "grid", kind: "number", label: "States per axis", group: "States", flag: "--grid" },
      ...{ range: whole(2), help: "With several axes as many to the power of their number", required: true },
      when: [{ field: "chosen", is: ["grid"] }],
    },
    pathField,
    {
      ...pointsField("One number per axis, points separated by semicolons: -1.5, 0; 1.5, 0"),
      required: true,
    },
    {
      ...{
        name: "nearest",
        kind: "number",
        label: "Particles per state",
        group: "States",
        flag: "--nearest",
      },
      ...{ range: whole(1), help: "The nearest ones. Empty: a tenth of all, at least 100" },
    },
    ...mapFields,
    symmetryField("Every image is used in all equivalent orientations. Empty: none"),
    local,
    maskField("Where local resolution is looked for. Empty: the sphere", [{ field: "local", is: [true] }]),
    outField("newFolder", "New or empty folder of the maps"),
  ],
};

/** One state from all particles. */
export const correctTask: TaskDescription = {
  ...{ name: "correct", title: "State from all particles", family: "reconstruct", command: ["correct"] },
  summary:
    "Every particle is back-projected into the frame of a state, its motion undone. Beside it the same map without correction, as the control.",
  ...{ suffix: "_corrected.mrc", divisible: true },
  fields: [
    runArgument(
      "Folder of a complete run, or of a study of halves: then each half is corrected by its own training",
      {
        required: true,
      },
    ),
    particlesField(otherImages),
    ...imageFields([{ field: "particles", isNot: [""] }]).filter(({ name }) => name === "dataFolder"),
    {
      ...{ name: "chosen", kind: "choice", label: "State", group: "States" },
      choices: [
        ["centre", "the centre of the particles"],
        ["points", "points of the latent space"],
        ["path", "along a path, from a file"],
      ],
      help: "The frame into which motion is undone",
    },
    pathField,
    {
      ...pointsField("One number per axis, points separated by semicolons: -1.5, 0; 1.5, 0"),
      required: true,
    },
    {
      ...{ name: "cells", kind: "number", label: "Cells", group: "States", flag: "--cells" },
      ...{
        range: whole(1),
        help: "Of the latent space, for each half. Empty: one per 15 particles, at most 32 or 96",
      },
    },
    {
      ...{ name: "allAxes", kind: "tick", label: "all axes", group: "States", flag: "--all-axes" },
      help: "Also undo motion that the evidence does not call real, which would blur the map",
    },
    ...mapFields,
    local,
    outField("newFile", "Map (.mrc); half maps, FSC and the uncorrected map stand beside it", [
      "mrc",
      "map",
      "ccp4",
    ]),
  ],
};

/** A plain map. */
export const reconstructTask: TaskDescription = {
  ...{ name: "reconstruct", title: "Map of particles", family: "reconstruct", command: ["reconstruct"] },
  summary:
    "A plain reconstruction with half maps and FSC: of all particles, of a set of the explorer, or of a list.",
  ...{ suffix: "_map.mrc", divisible: true },
  fields: [
    runOf("Whose sets can be chosen, and below which the map is listed. Empty: none"),
    particlesField("Particle file with poses and CTF", { required: true }),
    {
      ...{ name: "set", kind: "set", label: "Set", group: "Files" },
      help: "Of the explorer of this run; its particles are listed beside the map",
    },
    {
      ...{
        name: "select",
        kind: "file",
        endings: ["txt"],
        label: "or a list",
        group: "Files",
        flag: "--select",
      },
      ...{ help: "Indices of particles, from 0. Empty: all", when: [{ field: "set", is: [""] }] },
    },
    ...imageFields(),
    ...mapFields,
    symmetryField("Every image is used in all equivalent orientations. Empty: none"),
    {
      ...{ name: "helicalUnits", kind: "number", label: "Helical units", group: "Settings" },
      ...{
        flag: "--helical-units",
        range: whole(1),
        help: "With rise and twist, as relion_reconstruct. Empty: no helix",
      },
    },
    {
      ...{ name: "helicalRise", kind: "number", label: "Rise in Å", group: "Settings" },
      ...{ flag: "--helical-rise", range: {}, help: "Along the axis from one unit to the next" },
    },
    {
      ...{ name: "helicalTwist", kind: "number", label: "Twist in °", group: "Settings" },
      ...{ flag: "--helical-twist", range: {}, help: "About the axis, above 0 for a right-handed helix" },
    },
    outField("newFile", "Map (.mrc); half maps and FSC stand beside it", ["mrc", "map", "ccp4"]),
  ],
};
