import type { FieldCondition, TaskField } from "./taskFields";

/* Fields that several tasks have. */

const particleEndings = ["star", "cs", "csg", "lst", "hdf"] as const;
const mapEndings = ["mrc", "map", "ccp4"] as const;

export const whole = (least: number) => ({ integer: true, least });
export const length = { expected: "a length in Å", above: 0 };

/** The run that a task is about. */
export const runArgument = (help: string, more: { required?: true } = {}): TaskField => ({
  ...{ name: "run", kind: "folder", label: "Run", group: "Files", flag: "argument", help, ...more },
});

/** The run below which a result is listed, where the command does not take it. */
export const runOf = (help: string): TaskField => ({
  ...{ name: "run", kind: "folder", label: "Run", group: "Files", help },
});

export const particlesField = (
  help: string,
  more: { required?: true; when?: readonly FieldCondition[] } = {},
): TaskField => ({
  ...{ name: "particles", kind: "file", endings: particleEndings, label: "Particles", group: "Files" },
  ...{ flag: "--particles", help, ...more },
});

/** How the images of a particle file are read. @param when when they apply */
export const imageFields = (when?: readonly FieldCondition[]): TaskField[] =>
  [
    {
      ...({ name: "dataFolder", kind: "folder", label: "Image folder" } as const),
      help: "Folder of the image stacks; empty: where the particle file says",
      flag: "--data-folder" as const,
    },
    {
      ...({ name: "apix", kind: "number", label: "Pixel size in Å", range: length } as const),
      help: "Empty: that of the particle file",
      flag: "--apix" as const,
    },
    {
      ...({ name: "invertContrast", kind: "tick", label: "invert images" } as const),
      help: "If the molecule is darker than the background",
      flag: "--invert-contrast" as const,
    },
  ].map((field) => ({ ...field, group: "Images", ...(when && { when }) }));

export const modelField = (
  help: string,
  more: { required?: true; when?: readonly FieldCondition[] },
): TaskField => ({
  ...{ name: "model", kind: "file", endings: ["txt"], label: "Gaussian model", group: "Files" },
  ...{ flag: "--model", help, ...more },
});

export const maskField = (help: string, when?: readonly FieldCondition[]): TaskField => ({
  ...{ name: "mask", kind: "file", endings: mapEndings, label: "Mask", group: "Files", flag: "--mask" },
  ...{ help, ...(when && { when }) },
});

export const resolutionField = (help: string, when?: readonly FieldCondition[]): TaskField => ({
  ...{ name: "resolution", kind: "number", label: "Resolution in Å", range: length, group: "Settings" },
  ...{ flag: "--resolution", help, ...(when && { when }) },
});

const pointGroups = {
  source: "^([CcDd][1-9]\\d*|[TtOo]|[Ii][1-4]?)$",
  expected: "a point group: Cn, Dn, T, O, I, I1, I2, I3 or I4",
};

export const symmetryField = (help: string): TaskField => ({
  ...{ name: "symmetry", kind: "text", label: "Symmetry", group: "Settings", flag: "--symmetry" },
  ...{ help, pattern: pointGroups },
});

/** Settings of trainings. @param when when they apply */
export const trainingFields = (when?: readonly FieldCondition[]): TaskField[] => [
  {
    ...{ name: "latent", kind: "number", label: "Latent axes", group: "Training", flag: "--latent" },
    ...{ range: { integer: true, least: 1, below: 17 }, ...(when && { when }) },
    help: "Empty: the training decides by what held-out particles support",
  },
  {
    ...{ name: "epochs", kind: "number", label: "Epochs", group: "Training", flag: "--epochs" },
    ...{ range: whole(1), help: "Empty: the training decides", ...(when && { when }) },
  },
  {
    ...{ name: "vary", kind: "words", label: "What may change", group: "Training", flag: "--vary" },
    ...{ words: ["position", "amplitude", "width"], ...(when && { when }) },
    help: "Position for motions, amplitude for parts that come and go",
  },
];

/** How far poses may be off. */
export const priorFields: readonly TaskField[] = [
  {
    ...{ name: "rotationPrior", kind: "number", label: "Angles off by (°)", group: "Settings" },
    ...{ flag: "--rotation-prior", range: { least: 0, below: 60 } },
    help: "Standard deviation about each axis; 0: they are right. Empty: measured. Give both or neither",
  },
  {
    ...{ name: "shiftPrior", kind: "number", label: "Shifts off by (Å)", group: "Settings" },
    ...{ flag: "--shift-prior", range: { least: 0 } },
    help: "Standard deviation along each axis; 0: they are right. Empty: measured",
  },
];

/** Size and surroundings of a map. */
export const mapFields: readonly TaskField[] = [
  {
    ...{ name: "boxSize", kind: "number", label: "Box in voxels", group: "Maps", flag: "--box-size" },
    ...{ range: whole(4), help: "Smaller is coarser and faster. Empty: that of the images" },
  },
  {
    ...{ name: "maskDiameter", kind: "number", label: "Diameter in Å", group: "Maps", range: length },
    ...{ flag: "--mask-diameter", help: "Outside this sphere maps are flat. Empty: the box" },
  },
  {
    ...{ name: "keepOutliers", kind: "tick", label: "also images unlike the others", group: "Maps" },
    ...{ flag: "--keep-outliers", help: "Constant, on another scale, or with a hot pixel" },
  },
];

/** Where the result goes. */
export const outField = (kind: "newFile" | "newFolder", help: string, endings?: string[]): TaskField => ({
  ...{ name: "out", kind, label: "Output", group: "Output", flag: "--out", required: true, help },
  ...(endings && { endings }),
});
