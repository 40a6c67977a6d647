import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { backendNames } from "../compute/backends";
import { InputError } from "../errors";
import { inRange, type NumberRange } from "../numberRange";
import { engineNames } from "../projection/engines";

/** Options of the command line that check what they are given, and what several commands have in common. */

/** `-1`, `.5`, `1e-3`; neither an empty text nor what JavaScript reads beyond decimal numbers. */
function parseDecimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

/** An option that takes one number. */
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

function describeRange({ expected, integer, least, above, below }: NumberRange): string {
  const what = expected ?? (integer ? "a whole number" : "a number");
  const bounds = [
    above !== undefined && `above ${above}`,
    least !== undefined && `of ${least} or more`,
    below !== undefined && `below ${below}`,
  ].filter(Boolean);
  return [what, bounds.join(" and ")].filter(Boolean).join(" ");
}

/** An option that takes the name of a file or folder. */
export function fileOption(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    // `--out --resume` would otherwise make a folder called --resume.
    if (text === "" || text.startsWith("--")) {
      throw new InputError(nameOf(option), "a file or folder", `"${text}"`);
    }
    return text;
  });
}

export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    if (!choices.includes(text)) throw new InputError(nameOf(option), choices.join(", "), `"${text}"`);
    return text;
  });
}

/** An option whose value is a list with commas, of some given words. */
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

/** Numbers separated by commas or blanks. @throws InputError */
export function parseNumbers(text: string, where: string): number[] {
  return text
    .trim()
    .split(/\s*,\s*|\s+/)
    .map((word) => {
      const value = parseDecimal(word);
      if (!Number.isFinite(value)) throw new InputError(where, "numbers with commas between", `"${text}"`);
      return value;
    });
}

function nameOf(option: Option): string {
  return option.long ?? option.flags;
}

/** Makes options required, as `new Option(…)` alone cannot say. */
export function required(option: Option): Option {
  return option.makeOptionMandatory();
}

/** What every command that may take long has. */
export interface QuietOption {
  quiet?: boolean;
}

export const quietOption = (): Option => new Option("--quiet", "no progress on stderr");

export const dataFolderOption = (): Option =>
  fileOption("--data-folder <folder>", "where the image stacks are, if not where the particle file says");

export const apixOption = (): Option =>
  numberOption("--apix <Å>", "pixel size of the images, where the particle file lacks it or has it wrong", {
    expected: "a length in Å",
    above: 0,
  });

export const invertContrastOption = (what: string): Option =>
  new Option(
    "--invert-contrast",
    `read ${what} with the opposite sign: the molecule is darker than its surroundings`,
  );

export const backendOption = (standard: string): Option =>
  choiceOption("--backend <name>", `TensorFlow.js backend: auto, ${backendNames.join(", ")}`, [
    "auto",
    ...backendNames,
  ]).default(standard);

/** `automatic` says what the command takes for `auto`. */
export const engineOption = (automatic: string): Option =>
  choiceOption("--engine <name>", `projection engine: auto (${automatic}), ${engineNames.join(", ")}`, [
    "auto",
    ...engineNames,
  ]).default("auto");

/** How maps and stacks of bytes are read. */
export const bytesOption = (): Option =>
  choiceOption(
    "--bytes <sign>",
    "how bytes (MRC mode 0) are read: signed, unsigned (default: as the file says, else as its values make sense)",
    ["signed", "unsigned"],
  );

/** `whose` says what in the command has them. */
export const threadsOption = (whose: string): Option =>
  numberOption("--threads <n>", `threads of ${whose} (default: one per core)`, {
    integer: true,
    least: 1,
  });

export const seedOption = (): Option =>
  numberOption("--seed <n>", "seed of every random choice", { integer: true, default: 1 });

/** Adds the examples that close a command's help. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText("after", `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** Lines of a text file without comments (#) and blank ones, with their numbers. @throws InputError */
export async function readLines(file: string): Promise<{ text: string; where: string }[]> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new InputError(file, "a file", "no such file");
    if (code === "EISDIR") throw new InputError(file, "a file", "a folder");
    throw error;
  }
  return content
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ text: line.replace(/#.*/, "").trim(), where: `${file}: line ${i + 1}` }))
    .filter(({ text }) => text !== "");
}

/**
 * Particle indices, counted from 0, from a text file: one or more a line.
 * @throws InputError where one is none, is not below `count` or comes twice, or when there are none
 */
export async function readIndices(file: string, count: number): Promise<Int32Array> {
  const seen = new Set<number>();
  for (const { text, where } of await readLines(file)) {
    for (const word of text.split(/[\s,]+/).filter((part) => part !== "")) {
      const index = /^\d+$/.test(word) ? Number(word) : Number.NaN;
      if (!(index < count)) {
        throw new InputError(where, `a particle index from 0 to ${count - 1}`, `"${word}"`);
      }
      if (seen.has(index)) throw new InputError(where, "every particle once", `${index} again`);
      seen.add(index);
    }
  }
  if (seen.size === 0) throw new InputError(file, "at least one particle index", "none");
  return Int32Array.from(seen);
}
