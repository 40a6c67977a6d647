import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { writeBeside } from "../writeBeside";
import { emptyModel, type GaussianModel, physicalSize, Row } from "./gaussianModel";
import { float32Text, type ModelBox } from "./text";

/**
 * Gaussian models as PDB pseudo-atoms. An atom is a Gaussian: place in Å with voxel (0, 0, 0) of the box at (0, 0, 0),
 * as programs place a map without an origin; occupancy the amplitude as a part of the largest one; B-factor column
 * the width sigma in Å. Since those columns hold two or three decimals, `REMARK 999 GAUSSIAN` lines carry the numbers
 * of the model in full (model, Gaussian, x y z, amplitude, sigma as in the text format), and are what is read back.
 */

const remark = "REMARK 999";

/**
 * The PDB text of one model or of a sequence of models (MODEL … ENDMDL).
 * @param options.exact whether the remarks with the numbers in full are part of it; default true. Without them the text
 *   is half as long, for programs that only show it.
 */
export function formatModelPdb(
  models: GaussianModel | readonly GaussianModel[],
  { exact = true }: { exact?: boolean } = {},
): string {
  const list = Array.isArray(models) ? (models as readonly GaussianModel[]) : [models as GaussianModel];
  const lines = [
    `${remark} Gaussian model: occupancy is amplitude / largest amplitude, B-factor is sigma in A`,
  ];
  list.forEach((model, m) => {
    lines.push(`${remark} BOX ${m + 1} ${model.boxSize} ${model.apix}`);
    for (let i = 0; exact && i < model.count; i++) {
      const numbers = [0, 1, 2, 3, 4].map((row) => float32Text(model.params[row * model.count + i]!));
      lines.push(`${remark} GAUSSIAN ${m + 1} ${i + 1} ${numbers.join(" ")}`);
    }
  });
  list.forEach((model, m) => {
    if (list.length > 1) lines.push(`MODEL     ${String(m + 1).padStart(4)}`);
    pushAtoms(lines, model);
    if (list.length > 1) lines.push("ENDMDL");
  });
  lines.push("END");
  return `${lines.join("\n")}\n`;
}

function pushAtoms(lines: string[], model: GaussianModel): void {
  const { count, params } = model;
  const edge = physicalSize(model);
  const origin = Math.floor(model.boxSize / 2) * model.apix;
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(params[Row.amplitude * count + i]!));
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [Row.x, Row.y, Row.z].map((row) => params[row * count + i]! * edge + origin);
    const occupancy = largest > 0 ? params[Row.amplitude * count + i]! / largest : 0;
    lines.push(
      `ATOM  ${hybrid36(i + 1, 5)}  CA  GLY A${hybrid36((i % 9999) + 1, 4)}    ` +
        `${fixed(x!, 8, 3)}${fixed(y!, 8, 3)}${fixed(z!, 8, 3)}` +
        `${fixed(occupancy, 6, 2)}${fixed(params[Row.sigma * count + i]! * model.apix, 6, 2)}           C  `,
    );
  }
}

/** A number in a column of fixed width, with fewer decimals where it would not fit. */
function fixed(value: number, width: number, decimals: number): string {
  for (let d = decimals; d >= 0; d--) {
    const text = value.toFixed(d);
    if (text.length <= width) return text.padStart(width);
  }
  throw new InputError("PDB file", `numbers of at most ${width} characters`, String(value));
}

/**
 * A serial number in a column of fixed width: decimal while it fits, then hybrid-36 (Grosse-Kunstleve 2007), which
 * goes on with A0000 after 99999, and which current programs read.
 */
export function hybrid36(value: number, width: 4 | 5): string {
  const decimals = 10 ** width;
  if (value < decimals) return String(value).padStart(width);
  const each = 26 * 36 ** (width - 1);
  const beyond = value - decimals;
  if (beyond >= 2 * each)
    throw new InputError("PDB file", `a serial number that fits ${width} characters`, String(value));
  const upper = beyond < each;
  const digits = (beyond - (upper ? 0 : each) + 10 * 36 ** (width - 1)).toString(36);
  return upper ? digits.toUpperCase() : digits;
}

/** Writes one model, or a sequence of models, as PDB pseudo-atoms. */
export async function writeModelPdb(
  file: string,
  models: GaussianModel | readonly GaussianModel[],
): Promise<void> {
  await writeBeside(file, formatModelPdb(models));
}

/**
 * Reads the models of a PDB file: exactly, where it was written by {@link writeModelPdb}; otherwise from the columns
 * of its ATOM and HETATM records, with occupancy as amplitude and B-factor as sigma in Å.
 * @param box the box of the model; needed where the file has no REMARK 999 BOX
 * @throws InputError naming the line
 */
export async function readModelPdb(file: string, box: Partial<ModelBox> = {}): Promise<GaussianModel[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(file, "a readable PDB file", code === "ENOENT" ? "no such file" : code);
  }
  return parseModelPdb(text, file, box);
}

/** See {@link readModelPdb}; `name` is what errors call the file. */
export function parseModelPdb(text: string, name: string, box: Partial<ModelBox> = {}): GaussianModel[] {
  const lines = text.split(/\r\n|\n|\r/);
  const exact = parseRemarks(lines, name);
  if (exact.some(({ count }) => count > 0)) return exact;
  const [first] = exact;
  return parseAtoms(lines, name, first ? { boxSize: first.boxSize, apix: first.apix, ...box } : box);
}

function parseRemarks(lines: readonly string[], name: string): GaussianModel[] {
  const boxes: ModelBox[] = [];
  const rows: number[][] = [];
  lines.forEach((line, l) => {
    if (!line.startsWith(remark)) return;
    const [kind, ...fields] = line.slice(remark.length).trim().split(/\s+/);
    if (kind !== "BOX" && kind !== "GAUSSIAN") return;
    const numbers = fields.map(Number);
    const where = `${name}: line ${l + 1}`;
    if (numbers.length !== (kind === "BOX" ? 3 : 7) || !numbers.every(Number.isFinite)) {
      throw new InputError(where, kind === "BOX" ? "model, box size, Å per pixel" : "seven numbers", line);
    }
    const m = numbers[0]! - 1;
    if (kind === "BOX") {
      boxes[m] = { boxSize: numbers[1]!, apix: numbers[2]! };
      rows[m] = [];
    } else {
      if (!rows[m])
        throw new InputError(where, `a BOX remark of model ${m + 1} before its Gaussians`, "none");
      rows[m]!.push(...numbers.slice(2));
    }
  });
  return boxes.map((box, m) => fromRows(rows[m]!, box));
}

function parseAtoms(lines: readonly string[], name: string, box: Partial<ModelBox>): GaussianModel[] {
  const { boxSize, apix } = box;
  if (boxSize === undefined || apix === undefined) {
    throw new InputError(
      name,
      "box size and pixel size given by the caller, or in REMARK 999 BOX",
      "neither",
    );
  }
  const edge = boxSize * apix;
  const origin = Math.floor(boxSize / 2) * apix;
  const models: number[][] = [];
  let current: number[] | undefined;
  lines.forEach((line, l) => {
    if (line.startsWith("ENDMDL")) current = undefined;
    if (!/^(ATOM {2}|HETATM)/.test(line)) return;
    const columns = [
      [30, 38],
      [38, 46],
      [46, 54],
      [54, 60],
      [60, 66],
    ] as const;
    const [x, y, z, occupancy, b] = columns.map(([from, to]) => {
      const field = line.slice(from, to).trim();
      const value = Number(field);
      if (field === "" || !Number.isFinite(value)) {
        throw new InputError(
          `${name}: line ${l + 1}`,
          `a number in columns ${from + 1}–${to}`,
          field || "nothing",
        );
      }
      return value;
    }) as [number, number, number, number, number];
    if (!(b > 0))
      throw new InputError(`${name}: line ${l + 1}`, "a B-factor (sigma in Å) above 0", String(b));
    if (!current) {
      current = [];
      models.push(current);
    }
    current.push((x - origin) / edge, (y - origin) / edge, (z - origin) / edge, occupancy, b / apix);
  });
  if (models.length === 0) throw new InputError(name, "at least one ATOM or HETATM record", "none");
  return models.map((rows) => fromRows(rows, { boxSize, apix }));
}

function fromRows(rows: readonly number[], box: ModelBox): GaussianModel {
  const count = rows.length / 5;
  const model = emptyModel(count, box.boxSize, box.apix);
  for (let i = 0; i < rows.length; i++) model.params[(i % 5) * count + Math.floor(i / 5)] = rows[i]!;
  return model;
}
