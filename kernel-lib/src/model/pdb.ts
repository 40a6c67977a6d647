import { finalName, writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { boxLengthOf, emptyModel, type GaussianModel, Row, withOrigin } from "./gaussianModel";
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
import { float32Text } from "./text";

/**
 * Gaussian models as PDB pseudo-atoms. An atom is a Gaussian: its position in Å with voxel (0, 0, 0) of the box at the
 * model's origin, as programs place a map; the occupancy is the amplitude relative to the largest one, the B-factor
 * column the width sigma in Å. Since those columns hold two or three decimals, `REMARK 999 GAUSSIAN` lines have the
 * exact numbers (model, Gaussian, x y z, amplitude, sigma as in the text format), and these are read back.
 * `REMARK 999 BOX` has model, box size and Å per pixel, `REMARK 999 ORIGIN` model and origin in Å.
 */

const remark = "REMARK 999";

/** Options of {@link writeModelPdb}. */
export interface PdbOptions {
  /**
   * Whether to include remarks with the exact numbers. Without them the file is half as long, for programs that only
   * show it. Default true.
   */
  exact?: boolean;
}

/**
 * The PDB text of one model or of a sequence of models (MODEL … ENDMDL).
 * @param options.file what to call it in errors. Default `PDB file`
 * @throws InputError if a number of a model is not finite, or too large for its columns
 */
export function formatModelPdb(
  models: GaussianModel | readonly GaussianModel[],
  options: PdbOptions & { file?: string } = {},
): string {
  const { exact = true, file = "PDB file" } = options;
  const list = Array.isArray(models) ? (models as readonly GaussianModel[]) : [models as GaussianModel];
  const lines = [
    `${remark} Gaussian model: occupancy is amplitude / largest amplitude, B-factor is sigma in A`,
  ];
  list.forEach((model, m) => {
    requireFiniteModel(model, file);
    const { boxSize, apix, origin } = model;
    lines.push(`${remark} BOX ${m + 1} ${boxSize} ${apix}`);
    if (origin?.some((x) => x !== 0)) lines.push(`${remark} ORIGIN ${m + 1} ${origin.join(" ")}`);
    for (let i = 0; exact && i < model.count; i++) {
      const numbers = [0, 1, 2, 3, 4].map((row) => float32Text(model.params[row * model.count + i]!));
      lines.push(`${remark} GAUSSIAN ${m + 1} ${i + 1} ${numbers.join(" ")}`);
    }
  });
  list.forEach((model, m) => {
    if (list.length > 1) lines.push(`MODEL     ${String(m + 1).padStart(4)}`);
    pushAtoms(lines, model, finalName(file));
    if (list.length > 1) lines.push("ENDMDL");
  });
  lines.push("END");
  return `${lines.join("\n")}\n`;
}

/** Position in Å of the origin of box units. */
function centreOf({ boxSize, apix, origin = [0, 0, 0] }: ModelBox): number[] {
  return origin.map((x) => x + Math.floor(boxSize / 2) * apix);
}

function pushAtoms(lines: string[], model: GaussianModel, file: string): void {
  const { count, params } = model;
  const boxLength = boxLengthOf(model);
  const centre = centreOf(model);
  const fixed = (value: number, width: number, decimals: number) => inColumns(value, width, decimals, file);
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(params[Row.amplitude * count + i]!));
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [Row.x, Row.y, Row.z].map((row) => params[row * count + i]! * boxLength + centre[row]!);
    const occupancy = largest > 0 ? params[Row.amplitude * count + i]! / largest : 0;
    lines.push(
      `ATOM  ${hybrid36(i + 1, 5)}  CA  GLY A${hybrid36((i % 9999) + 1, 4)}    ` +
        `${fixed(x!, 8, 3)}${fixed(y!, 8, 3)}${fixed(z!, 8, 3)}` +
        `${fixed(occupancy, 6, 2)}${fixed(params[Row.sigma * count + i]! * model.apix, 6, 2)}           C  `,
    );
  }
}

/** A number in a column of fixed width, with fewer decimals if it does not fit. */
function inColumns(value: number, width: number, decimals: number, file: string): string {
  for (let d = decimals; d >= 0; d--) {
    const text = value.toFixed(d);
    // toFixed gives an exponent from 10^21 on.
    if (text.length <= width && !text.includes("e")) return text.padStart(width);
  }
  throw new InputError(file, `numbers of at most ${width} characters`, String(value));
}

/**
 * A serial number in a column of fixed width: decimal while it fits, then hybrid-36 (Grosse-Kunstleve, cctbx, 2007),
 * which continues with A0000 after 99999.
 * @throws InputError for numbers beyond hybrid-36
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

/**
 * Writes one model, or a sequence of models, as PDB pseudo-atoms.
 * @throws InputError if a number of a model is not finite, or too large for its columns
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * await e2.model.writePdb("neutral.pdb", model);
 * ```
 */
export async function writeModelPdb(
  file: string,
  models: GaussianModel | readonly GaussianModel[],
  options: PdbOptions = {},
): Promise<void> {
  await writeAtomic(file, formatModelPdb(models, { ...options, file }));
}

/**
 * Reads the models of a PDB file: exactly, if it was written by {@link writeModelPdb}; otherwise from the columns
 * of its ATOM and HETATM records, with occupancy as amplitude and B-factor as sigma in Å.
 * @param box the box of the model; needed if the file has no REMARK 999 BOX
 * @throws InputError naming the line
 * @example
 * ```ts
 * await e2.model.writePdb("model.pdb", await e2.model.readText("neutral.txt"));
 * const [model] = await e2.model.readPdb("model.pdb");
 * ```
 */
export async function readModelPdb(file: string, box: Partial<ModelBox> = {}): Promise<GaussianModel[]> {
  return parseModelPdb(await readTextFile(file, "a readable PDB file"), file, box);
}

/** Parses the text of a PDB file; see {@link readModelPdb}. @param name what to call the file in errors */
export function parseModelPdb(text: string, name: string, box: Partial<ModelBox> = {}): GaussianModel[] {
  const lines = text.split(/\r\n|\n|\r/);
  const exact = parseRemarks(lines, name);
  if (exact.some(({ count }) => count > 0)) return exact;
  const [first] = exact;
  return parseAtoms(lines, name, first ? { ...boxOf(first), ...box } : box);
}

const boxOf = ({ boxSize, apix, origin }: GaussianModel): ModelBox => ({
  boxSize,
  apix,
  ...withOrigin(origin),
});

const remarks = {
  BOX: { numbers: 3, what: "model, box size, Å per pixel" },
  ORIGIN: { numbers: 4, what: "model and three numbers in Å" },
  GAUSSIAN: { numbers: 7, what: "seven numbers: model, Gaussian, x y z, amplitude, sigma" },
} as const;

function parseRemarks(lines: readonly string[], name: string): GaussianModel[] {
  const found: { box: ModelBox; rows: number[] }[] = [];
  lines.forEach((line, l) => {
    if (!line.startsWith(remark)) return;
    const [kind, ...fields] = line.slice(remark.length).trim().split(/\s+/);
    if (!(kind === "BOX" || kind === "ORIGIN" || kind === "GAUSSIAN")) return;
    const numbers = fields.map(Number);
    const where = `${name}: line ${l + 1}`;
    if (numbers.length !== remarks[kind].numbers || !numbers.every(Number.isFinite)) {
      throw new InputError(where, remarks[kind].what, printable(line));
    }
    const [m, ...values] = numbers as [number, ...number[]];
    // Models must be in order: memory must not be allocated for a number in a damaged file.
    const wanted = kind === "BOX" ? found.length + 1 : found.length;
    if (m !== wanted) {
      throw new InputError(
        where,
        kind === "BOX" ? `model ${wanted} next` : "a BOX remark of its model first",
        `model ${m}`,
      );
    }
    if (kind === "BOX") {
      const boxSize = checkBoxSize(values[0]!, where, fields[1]!);
      found.push({ box: { boxSize, apix: checkApix(values[1]!, where, fields[2]!) }, rows: [] });
      return;
    }
    const { box, rows } = found.at(-1)!;
    if (kind === "ORIGIN") {
      box.origin = checkOrigin(values, where, fields.slice(1).join(" "));
      return;
    }
    const next = rows.length / 5 + 1;
    if (values[0] !== next) throw new InputError(where, `Gaussian ${next} of model ${m} next`, fields[1]);
    rows.push(...checkGaussian(values.slice(1), where, fields.slice(2)));
  });
  return found.map(({ box, rows }) => fromRows(rows, box));
}

function parseAtoms(lines: readonly string[], name: string, box: Partial<ModelBox>): GaussianModel[] {
  const { boxSize, apix, origin } = box;
  if (boxSize === undefined || apix === undefined) {
    throw new InputError(
      name,
      "box size and pixel size given by the caller, or in REMARK 999 BOX",
      "neither",
    );
  }
  const known: ModelBox = { boxSize, apix, ...withOrigin(origin) };
  const boxLength = boxSize * apix;
  const centre = centreOf(known);
  const models: number[][] = [];
  let current: number[] | undefined;
  lines.forEach((line, l) => {
    if (line.startsWith("ENDMDL")) current = undefined;
    if (!/^(ATOM {2}|HETATM)/.test(line)) return;
    const where = `${name}: line ${l + 1}`;
    const columns = [
      [30, 38],
      [38, 46],
      [46, 54],
      [54, 60],
      [60, 66],
    ] as const;
    const texts = columns.map(([from, to]) => line.slice(from, to).trim());
    const values = texts.map((field, column) => {
      const value = Number(field);
      if (field !== "" && Number.isFinite(value)) return value;
      const [from, to] = columns[column]!;
      throw new InputError(where, `a number in columns ${from + 1}–${to}`, printable(field) || "nothing");
    }) as [number, number, number, number, number];
    const [x, y, z, occupancy, b] = values;
    if (!(b > 0)) throw new InputError(where, "a B-factor (sigma in Å) above 0", String(b));
    if (!current) {
      current = [];
      models.push(current);
    }
    const position = [x, y, z].map((value, axis) => (value - centre[axis]!) / boxLength);
    const found = texts.map((text, column) => (column < 3 ? `${text} Å` : text));
    current.push(...checkGaussian([...position, occupancy, b / apix], where, found));
  });
  if (models.length === 0) throw new InputError(name, "at least one ATOM or HETATM record", "none");
  return models.map((rows) => fromRows(rows, known));
}

function fromRows(rows: readonly number[], box: ModelBox): GaussianModel {
  const count = rows.length / 5;
  const model = { ...emptyModel(count, box.boxSize, box.apix), ...withOrigin(box.origin) };
  for (let i = 0; i < rows.length; i++) model.params[(i % 5) * count + Math.floor(i / 5)] = rows[i]!;
  return model;
}
