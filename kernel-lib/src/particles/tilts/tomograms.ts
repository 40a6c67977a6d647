import path from "node:path";
import { InputError } from "../../errors";
import { readStar, type StarFile } from "../../formats/star";
import type { StarTable } from "../../formats/starTable";
import { rotationError } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import { firstExisting } from "../projectFolders";

/*
 * The tomograms of an optimisation set of RELION 5, as RELION and WarpTools write them: data_global has a row for each tomogram, and
 * its tilts are a table of its name in the same file (WarpTools, matrices `_rlnTomoProjX` …) or a file of its own
 * (`_rlnTomoTiltSeriesStarFile`, angles `_rlnTomoXTilt` …). Conventions as in RELION's `Tomogram` and `TomogramSet`.
 */

/** A tilt of a tomogram. */
export interface Tilt {
  /** Rotation tomogram → image, row-major, [9]. */
  rotation: Float64Array;
  /** Å, of the centre of the tomogram. */
  defocusU: number;
  defocusV: number;
  /** Degrees. */
  defocusAngle: number;
  phaseShift: number;
  /** Scale factor of the CTF, in most files the cosine of the tilt; 0 for a tilt that is not used. */
  scale: number;
  /** Exposure before the tilt, e/Å². */
  dose: number;
}

/** A tomogram. */
export interface Tomogram {
  /** For messages. */
  where: string;
  /** 1 or −1: whether the defocus grows or falls along the axis towards the viewer. */
  hand: number;
  /** Å per pixel of the tilt images. */
  apix: number;
  /** Size in pixels of the tilt images; undefined if not in the file. */
  size: [number, number, number] | undefined;
  tilts: Tilt[];
}

const size = ["_rlnTomoSizeX", "_rlnTomoSizeY", "_rlnTomoSizeZ"];
const matrixRows = ["_rlnTomoProjX", "_rlnTomoProjY", "_rlnTomoProjZ"];
const angles = ["_rlnTomoYTilt", "_rlnTomoZRot"];
/** Largest error of a rotation matrix: files have few digits. */
const rotationTolerance = 0.01;

/** Reads the tomograms of a file by their names, and says which files that took. @throws InputError for missing columns and files, and matrices that are no rotations */
export async function readTomograms(
  file: string,
  wanted: ReadonlySet<string>,
): Promise<{ tomograms: Map<string, Tomogram>; files: string[] }> {
  const star = await readStar(file);
  const global = star.table("global") ?? star.tables.find((table) => table.has("_rlnTomoName"));
  if (!global?.has("_rlnTomoName")) {
    throw new InputError(file, "a table data_global with a column _rlnTomoName", "none");
  }
  const deformed = global.columns.find((name) => /Deformation/.test(name));
  if (deformed) throw new InputError(file, "tilt images without deformations, which are not read", deformed);
  const found = new Map<string, Tomogram>();
  const files = [star.file];
  const names = global.text("_rlnTomoName");
  for (const [row, name] of names.entries()) {
    if (!wanted.has(name)) continue;
    const tilts = await tiltsTable(star, global, row, name);
    if (tilts.file !== star.file) files.push(tilts.file);
    found.set(name, tomogramOf(global, row, tilts.table));
  }
  for (const name of wanted) {
    if (!found.has(name))
      throw new InputError(file, `the tomogram ${name} of the particles`, names.join(", "));
  }
  return { tomograms: found, files };
}

function tomogramOf(global: StarTable, row: number, table: StarTable): Tomogram {
  const number = (column: string) => (global.has(column) ? global.numbers([column])[0]![row]! : undefined);
  const hand = number("_rlnTomoHand");
  if (hand !== 1 && hand !== -1) {
    throw new InputError(global.where(row), "_rlnTomoHand 1 or -1", hand === undefined ? "none" : `${hand}`);
  }
  const apix = number("_rlnTomoTiltSeriesPixelSize");
  if (!(apix && apix > 0)) throw new InputError(global.where(row), "_rlnTomoTiltSeriesPixelSize", "none");
  const edges = size.map(number);
  return {
    where: global.where(row),
    hand,
    apix,
    size: edges.every((edge) => edge !== undefined) ? (edges as [number, number, number]) : undefined,
    tilts: tiltsOf(table),
  };
}

/** The table of the tilts of a tomogram, with its file for messages. */
async function tiltsTable(
  star: StarFile,
  global: StarTable,
  row: number,
  name: string,
): Promise<{ table: StarTable; file: string }> {
  const column = "_rlnTomoTiltSeriesStarFile";
  if (!global.has(column)) {
    const table = star.tables.find(({ block }) => block === name);
    if (table) return { table, file: star.file };
    throw new InputError(star.file, `a table data_${name}, or a column ${column}`, "neither");
  }
  const given = global.text(column)[row]!;
  const file = await firstExisting(star.file, given);
  if (file === undefined) {
    throw new InputError(
      global.where(row),
      `the tilt series ${given} in the folder of ${path.basename(star.file)}, one above it, or the working folder`,
      "no such file",
    );
  }
  const own = await readStar(file);
  const table = own.tables.find((one) => one.has("_rlnMicrographPreExposure")) ?? own.tables[0];
  if (!table) throw new InputError(file, "a table of tilts", "none");
  return { table, file };
}

function tiltsOf(table: StarTable): Tilt[] {
  const columns = ["_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle", "_rlnMicrographPreExposure"];
  const [defocusU, defocusV, defocusAngle, dose] = table.numbers(columns);
  const optional = (name: string) => (table.has(name) ? table.numbers([name])[0]! : undefined);
  const scale = optional("_rlnCtfScalefactor");
  const phaseShift = optional("_rlnPhaseShift");
  const rotations = rotationsOf(table);
  return rotations.map((rotation, i) => {
    if (!(dose![i]! >= 0)) {
      throw new InputError(
        `${table.where(i)}, column _rlnMicrographPreExposure`,
        "0 e/Å² or more",
        `${dose![i]}`,
      );
    }
    return {
      rotation,
      defocusU: defocusU![i]!,
      defocusV: defocusV![i]!,
      defocusAngle: defocusAngle![i]!,
      phaseShift: phaseShift?.[i] ?? 0,
      scale: scale?.[i] ?? 1,
      dose: dose![i]!,
    };
  });
}

/** Rotations tomogram → image of the tilts of a table. */
function rotationsOf(table: StarTable): Float64Array[] {
  if (matrixRows.every((name) => table.has(name))) {
    const rows = matrixRows.map((name) => table.text(name));
    return rows[0]!.map((_, i) => {
      const matrix = Float64Array.from(
        rows.flatMap((texts) => vectorOf(texts[i]!, table.where(i)).slice(0, 3)),
      );
      const error = rotationError(matrix);
      if (error <= rotationTolerance) return matrix;
      const found = Number.isFinite(error)
        ? `a matrix that is off by ${error.toPrecision(2)}`
        : "a reflection";
      throw new InputError(`${table.where(i)}, columns _rlnTomoProj…`, "a rotation", found);
    });
  }
  const missing = angles.find((name) => !table.has(name));
  if (missing) {
    throw new InputError(
      table.where(0),
      `columns ${angles.join(", ")}, or ${matrixRows.join(", ")}`,
      "neither",
    );
  }
  const [y, z] = table.numbers(angles);
  const x = table.has("_rlnTomoXTilt") ? table.numbers(["_rlnTomoXTilt"])[0]! : new Float64Array(table.count);
  return Array.from(x, (_, i) =>
    product(aboutAxis(2, z![i]!), product(aboutAxis(1, y![i]!), aboutAxis(0, x[i]!))),
  );
}

/** The right-handed rotation by an angle in degrees about axis 0, 1 or 2. */
function aboutAxis(axis: 0 | 1 | 2, degrees: number): Float64Array {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [a, b] = [(axis + 1) % 3, (axis + 2) % 3];
  const m = new Float64Array(9);
  m[4 * axis] = 1;
  m[4 * a] = c;
  m[4 * b] = c;
  m[3 * a + b] = -s;
  m[3 * b + a] = s;
  return m;
}

/** The numbers of `[a,b,c]`. @throws InputError for anything else */
export function vectorOf(text: string, where: string): number[] {
  const inner = /^\[(.*)\]$/.exec(text.trim())?.[1];
  const numbers =
    inner === undefined
      ? []
      : inner.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers;
  throw new InputError(where, "numbers in brackets, [1,0,…]", text);
}
