import { extname } from "node:path";
import { type Command, Option } from "commander";
import { backendNames } from "../compute/backends";
import { InputError } from "../errors";
import { describeRange, inRange, type NumberRange } from "../numberRange";
import { pointGroup } from "../optics/symmetry";
import { engineNames } from "../projection/engines";
import type { Part } from "../reconstruction/keptSums";

/*
 * Options of the command line that validate their values, and options that several commands share.
 */

/** What particle files can be, for descriptions of options. */
export const particleFileHelp =
  "STAR file of RELION, .cs or .csg file of cryoSPARC, or .lst or .hdf file of EMAN2";

/** Parses decimal numbers only (`-1`, `.5`, `1e-3`); NaN for anything else, such as empty text and hexadecimal numbers. */
function parseDecimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

/** An option that takes a number in a range. */
export function numberOption(
  flags: string,
  description: string,
  range: NumberRange & { default?: number } = {},
): Option {
  const option = new Option(flags, description);
  if (range.default !== undefined) option.default(range.default);
  return option.argParser((text: string) => {
    const value = parseDecimal(text);
    if (!inRange(value, range)) throw new InputError(nameOf(option), describeRange(range), `"${text}"`);
    return value;
  });
}

/** An option that takes a positive length in Å. */
export const lengthOption = (flags: string, description: string): Option =>
  numberOption(flags, description, { expected: "a length in Å", above: 0 });

/** An option that takes a number or `auto`, which is the default. */
export function orAuto(number: Option): Option {
  const { parseArg } = number;
  return number
    .default("auto")
    .argParser((text: string) => (text === "auto" ? text : parseArg!(text, undefined)));
}

/** An option that takes the name of a file or folder. */
export function fileOption(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    // `--out --resume` must not create a folder called --resume.
    if (text === "" || text.startsWith("--")) {
      throw new InputError(nameOf(option), "a file or folder", `"${text}"`);
    }
    return text;
  });
}

/** An option that takes the name of a map to write. Other programs tell a map from a stack by the ending. */
export function mapOutOption(flags: string, description: string): Option {
  const option = fileOption(flags, description);
  const parse = option.parseArg!;
  return option.argParser((text: string) => {
    const file = String(parse(text, ""));
    if (/\.(mrc|map|ccp4)$/i.test(file)) return file;
    throw new InputError(file, "a name that ends in .mrc, .map or .ccp4", extname(file) || "no ending");
  });
}

/** An option that takes one or more files, and may be repeated. */
export function filesOption(flags: string, description: string): Option {
  const option = fileOption(flags, description);
  const parse = option.parseArg!;
  return option.argParser((text: string, before?: string[]) => [...(before ?? []), String(parse(text, ""))]);
}

/** An option that takes one of several words. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    if (!choices.includes(text)) throw new InputError(nameOf(option), choices.join(", "), `"${text}"`);
    return text;
  });
}

/** An option that takes a comma-separated list of given words. */
export function wordsOption(flags: string, description: string, words: readonly string[]): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    const list = text.split(",").map((word) => word.trim());
    for (const word of list) {
      if (!words.includes(word)) throw new InputError(nameOf(option), words.join(", "), `"${word}"`);
    }
    return [...new Set(list)];
  });
}

/** Parses numbers separated by commas or blanks. @throws InputError naming `where` for anything else */
export function parseNumbers(text: string, where: string): number[] {
  return text
    .trim()
    .split(/\s*,\s*|\s+/)
    .map((word) => {
      const value = parseDecimal(word);
      if (!Number.isFinite(value)) throw new InputError(where, "numbers separated by commas", `"${text}"`);
      return value;
    });
}

function nameOf(option: Option): string {
  return option.long ?? option.flags;
}

/** Makes an option mandatory, and says so in the help. */
export function required(option: Option): Option {
  option.description += " (required)";
  return option.makeOptionMandatory();
}

/** An old name of an option: works like it, but is not shown in the help. */
export function hiddenAlias(option: Option, flag: string): Option {
  const alias = new Option(`${flag} <value>`).hideHelp();
  alias.attributeName = () => option.attributeName();
  return alias.argParser((text: string, previous: unknown) => option.parseArg!(text, previous));
}

/** Options of every command. */
export interface QuietOption {
  /** Whether to suppress progress. */
  quiet?: boolean;
}

/** `--quiet`. */
export const quietOption = (): Option =>
  new Option("--quiet", "do not show progress: neither on stderr nor, such as epochs, in lines of stdout");

/** `--data-folder`. */
export const dataFolderOption = (): Option =>
  fileOption(
    "--data-folder <folder>",
    "folder of the image stacks, if they are not where the particle file says",
  );

/** `--apix` of particle images. */
export const apixOption = (): Option =>
  lengthOption("--apix <Å>", "pixel size of the images, if the particle file lacks it or has it wrong");

/** `--invert-contrast`. @param what what is inverted */
export const invertContrastOption = (what: string): Option =>
  new Option("--invert-contrast", `invert ${what}, if the molecule is darker than the background`);

/** `--symmetry`. @param what what the symmetry does in the command */
export function symmetryOption(what: string): Option {
  const groups = "Cn, Dn, T, O, I, I1, I2, I3 or I4 as in RELION";
  const option = new Option("--symmetry <group>", `point group, ${groups}: ${what}`);
  return option.argParser((text: string) => {
    try {
      return pointGroup(text).name;
    } catch {
      throw new InputError("--symmetry", groups, `"${text}"`);
    }
  });
}

/** `--backend`. */
export const backendOption = (standard: string): Option =>
  choiceOption("--backend <name>", `TensorFlow.js backend: auto, ${backendNames.join(", ")}`, [
    "auto",
    ...backendNames,
  ]).default(standard, standard);

/** `--engine`. @param automatic what `auto` selects */
export const engineOption = (automatic: string): Option =>
  choiceOption("--engine <name>", `projection engine: auto (${automatic}), ${engineNames.join(", ")}`, [
    "auto",
    ...engineNames,
  ]).default("auto", "auto");

/** `--bytes`. */
export const bytesOption = (): Option =>
  choiceOption(
    "--bytes <sign>",
    "how bytes (MRC mode 0) are read: signed or unsigned (default: as the file says, else the more plausible)",
    ["signed", "unsigned"],
  );

/** `--threads`. @param what what the threads are for */
export const threadsOption = (what: string): Option =>
  numberOption("--threads <n>", `number of threads for ${what} (default: one per core)`, {
    integer: true,
    least: 1,
  });

/** `--part i/n`. @param what says what the parts are of, and how they are joined */
export function partOption(what: string): Option {
  const option = new Option("--part <i/n>", `one of n parts, such as 2/8, for several jobs: ${what}`);
  return option.argParser((text: string): Part => {
    const [, number, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
    const part = { number: Number(number), of: Number(of) };
    if (part.number >= 1 && part.number <= part.of) return part;
    throw new InputError("--part", "a part and the number of all, such as 2/8", `"${text}"`);
  });
}

/** `--seed`. */
export const seedOption = (): Option =>
  numberOption("--seed <n>", "seed of the random numbers", { integer: true, default: 1 });

/** Adds an option and its old name, which stays valid but is not shown. */
export function addRenamed(command: Command, option: Option, oldFlag: string): Command {
  return command.addOption(option).addOption(hiddenAlias(option, oldFlag));
}

/** The option `--box-size`, with its old name `--box`. */
export function addBoxSize(
  command: Command,
  flags: "pixels" | "voxels",
  description: string,
  range: { least: number; default?: number },
): Command {
  const option = numberOption(`--box-size <${flags}>`, description, { integer: true, ...range });
  return addRenamed(command, option, "--box");
}

/** Adds examples at the end of a command's help. */
export function examples(command: Command, ...lines: string[]): Command {
  const title = lines.length > 1 ? "Examples" : "Example";
  return command.addHelpText("after", `\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}
