import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { emptyModel, type GaussianModel, Row, type Vector3, withOrigin } from "./gaussianModel";
import {
  checkApix,
  checkBoxSize,
  checkGaussian,
  checkOrigin,
  type ModelBox,
  printable,
  readTextFile,
  requireFiniteModel,
} from "./modelFileChecks";

/**
 * Gaussian models as text: one Gaussian per line, `x y z amplitude sigma`, centres in box units with the origin at
 * voxel S/2, sigma in pixels. Lines that begin with # are comments. Three of them are read: `# box_size <pixels>`,
 * `# apix <Å>`, and `# origin <x y z>`, the position of voxel (0, 0, 0) in Å as in an MRC file, which is left out at
 * (0, 0, 0).
 */

/**
 * A float32 as text that reads back to the same float32, with as few digits from six on as possible; nine always
 * suffice.
 */
export function float32Text(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * The text of a model, with box size, pixel size and origin in the header. Reads back bit for bit.
 * @param file what to call it in errors
 * @throws InputError if a number of the model is not finite
 */
export function formatModelText(model: GaussianModel, file = "model"): string {
  requireFiniteModel(model, file);
  const { count, params, origin } = model;
  const lines = [
    "# Gaussian model",
    `# box_size ${model.boxSize}`,
    `# apix ${model.apix}`,
    ...(origin?.some((x) => x !== 0) ? [`# origin ${origin.join(" ")}`] : []),
    "# x y z (box units, origin at voxel box_size/2)  amplitude  sigma (pixels of apix Å)",
  ];
  for (let i = 0; i < count; i++) {
    const numbers = [0, 1, 2, 3, 4].map((row) => float32Text(params[row * count + i]!));
    lines.push(numbers.join(" "));
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Parses the text of a model.
 * @param text the file's content
 * @param name what to call it in errors
 * @param box  used if the file has no header; the header takes precedence
 * @throws InputError naming the line: not five numbers, a sigma that is not positive, a centre outside box units,
 *   a header with contradictory or invalid values; or when neither header nor `box` gives box size and pixel size
 */
export function parseModelText(text: string, name: string, box: Partial<ModelBox> = {}): GaussianModel {
  const header: Partial<ModelBox> = {};
  const rows: number[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === "") continue;
    const where = `${name}: line ${i + 1}`;
    if (line.startsWith("#")) {
      readHeader(line.slice(1).trim().split(/\s+/), header, where);
      continue;
    }
    const fields = line.split(/[\s,]+/);
    if (fields.length !== 5) {
      throw new InputError(where, "five numbers, x y z amplitude sigma", printable(line));
    }
    rows.push(...checkGaussian(fields.map(numberOf), where, fields));
  }
  const { boxSize, apix, origin } = { ...box, ...header };
  if (rows.length === 0) throw new InputError(name, "at least one Gaussian", "none");
  if (boxSize === undefined || apix === undefined) {
    throw new InputError(
      name,
      "`# box_size` and `# apix` in the header, or both given by the caller",
      `no ${[boxSize === undefined && "box size", apix === undefined && "pixel size"].filter(Boolean).join(" and no ")}`,
    );
  }
  const count = rows.length / 5;
  const model = { ...emptyModel(count, boxSize, apix), ...withOrigin(origin) };
  for (let i = 0; i < count; i++) {
    for (const row of Object.values(Row)) model.params[row * count + i] = rows[5 * i + row]!;
  }
  return model;
}

/**
 * Reads a model from a text file, as written by {@link writeModelText}.
 * @param box box size, pixel size and origin, used if the file has no header
 * @throws InputError naming the file and the line: not five numbers, a sigma that is not positive, a centre outside
 *   box units, an invalid header; or when neither header nor `box` gives box size and pixel size
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * ```
 */
export async function readModelText(file: string, box: Partial<ModelBox> = {}): Promise<GaussianModel> {
  return parseModelText(await readTextFile(file, "a readable text file of Gaussians"), file, box);
}

/**
 * Writes a model as text that reads back bit for bit: box size, pixel size and origin in comments, then one Gaussian per
 * line, `x y z amplitude sigma`, centres in box units, sigma in pixels.
 * @throws InputError if a number of the model is not finite
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * await e2.model.writeText("copy.txt", model);
 * ```
 */
export async function writeModelText(file: string, model: GaussianModel): Promise<void> {
  await writeAtomic(file, formatModelText(model, file));
}

/** Unlike Number(), which gives 0, NaN for an empty field. */
const numberOf = (text: string) => (text === "" ? Number.NaN : Number(text));

/** Reads box size, pixel size or origin from a comment; other comments are ignored. */
function readHeader([key, ...fields]: string[], header: Partial<ModelBox>, where: string): void {
  const found = printable(fields.join(" ")) || "nothing";
  const first = numberOf(fields[0] ?? "");
  if (key === "box_size") {
    header.boxSize = once(checkBoxSize(first, where, found), header.boxSize, where);
  } else if (key === "apix") {
    header.apix = once(checkApix(first, where, found), header.apix, where);
  } else if (key === "origin" && fields.some((field) => !Number.isNaN(numberOf(field)))) {
    const origin: Vector3 = checkOrigin(fields.map(numberOf), where, found);
    once(origin.join(" "), header.origin?.join(" "), where);
    header.origin = origin;
  }
}

/** @throws InputError if an earlier header line has another value */
function once<T>(value: T, before: T | undefined, where: string): T {
  if (before !== undefined && before !== value) {
    throw new InputError(where, `${before} as in an earlier line`, String(value));
  }
  return value;
}
