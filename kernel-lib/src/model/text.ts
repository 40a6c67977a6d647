import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { writeBeside } from "../writeBeside";
import { emptyModel, type GaussianModel, Row } from "./gaussianModel";

/**
 * Gaussian models as text: one Gaussian a line, `x y z amplitude sigma`, centres in box units with the origin at
 * voxel S/2, sigma in pixels. Lines that begin with # are comments; of these, `# box_size <pixels>` and
 * `# apix <Å>` say in which box and in which pixels, without which sigma and the centres have no size.
 */

/** The box that a file without a header of its own is measured in. */
export interface ModelBox {
  /** S in pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
}

/** Centres further out than this cannot be in box units: a file in Å or pixels is told by it. */
const FARTHEST_CENTRE = 2;

/**
 * A float32 in the fewest decimal digits that read back to the same float32.
 * Nine significant digits always do; most numbers need fewer.
 */
export function float32Text(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** The text of a model, its box and pixel size in the header. Reads back bit for bit. */
export function formatModelText(model: GaussianModel): string {
  const { count, params } = model;
  const lines = [
    "# Gaussian model",
    `# box_size ${model.boxSize}`,
    `# apix ${model.apix}`,
    "# x y z (box units, origin at voxel box_size/2)  amplitude  sigma (pixels of apix Å)",
  ];
  for (let i = 0; i < count; i++) {
    const numbers = [0, 1, 2, 3, 4].map((row) => float32Text(params[row * count + i]!));
    lines.push(numbers.join(" "));
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Reads the text of a model.
 * @param text the file's content
 * @param name what to call it in errors
 * @param box  used where the file has no header; where it has one, the header holds
 * @throws InputError naming the line: not five numbers, a number that is none, a sigma that is not positive,
 *   a centre that cannot be in box units; or when neither header nor `box` gives box and pixel size
 */
export function parseModelText(text: string, name: string, box: Partial<ModelBox> = {}): GaussianModel {
  let { boxSize, apix } = box;
  const rows: number[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === "") continue;
    const where = `${name}: line ${i + 1}`;
    if (line.startsWith("#")) {
      const [key, value] = line.slice(1).trim().split(/\s+/);
      if (key === "box_size") boxSize = headerNumber(where, "box_size", value, true);
      if (key === "apix") apix = headerNumber(where, "apix", value, false);
      continue;
    }
    const fields = line.split(/[\s,]+/);
    if (fields.length !== 5) {
      throw new InputError(where, "five numbers, x y z amplitude sigma", shorten(line));
    }
    for (let column = 0; column < 5; column++) {
      const value = Math.fround(Number(fields[column]));
      if (!Number.isFinite(value)) {
        throw new InputError(where, "a number in each of five columns", shorten(fields[column]!));
      }
      if (column < 3 && Math.abs(value) > FARTHEST_CENTRE) {
        throw new InputError(where, "a centre in box units, −0.5 to 0.5", fields[column]);
      }
      if (column === 4 && !(value > 0)) throw new InputError(where, "a sigma above 0", fields[column]);
      rows.push(value);
    }
  }
  if (rows.length === 0) throw new InputError(name, "at least one Gaussian", "none");
  if (boxSize === undefined || apix === undefined) {
    throw new InputError(
      name,
      "`# box_size` and `# apix` in the header, or both given by the caller",
      `no ${[boxSize === undefined && "box size", apix === undefined && "pixel size"].filter(Boolean).join(" and no ")}`,
    );
  }
  const count = rows.length / 5;
  const model = emptyModel(count, boxSize, apix);
  for (let i = 0; i < count; i++) {
    for (const row of Object.values(Row)) model.params[row * count + i] = rows[5 * i + row]!;
  }
  return model;
}

/** Reads a model from a text file; see {@link parseModelText}. */
export async function readModelText(file: string, box: Partial<ModelBox> = {}): Promise<GaussianModel> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(
      file,
      "a readable text file of Gaussians",
      code === "ENOENT" ? "no such file" : code,
    );
  }
  return parseModelText(text, file, box);
}

/** Writes a model as text; see {@link formatModelText}. */
export async function writeModelText(file: string, model: GaussianModel): Promise<void> {
  await writeBeside(file, formatModelText(model));
}

function headerNumber(where: string, key: string, text: string | undefined, integer: boolean): number {
  const value = Number(text);
  if (
    text === undefined ||
    !(value > 0) ||
    !Number.isFinite(value) ||
    (integer && !Number.isInteger(value))
  ) {
    throw new InputError(
      where,
      `a positive ${integer ? "whole " : ""}number after ${key}`,
      text ?? "nothing",
    );
  }
  return value;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
