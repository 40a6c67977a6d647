import path from "node:path";
import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import { readModelPdb, writeModelPdb } from "../model/pdb";
import { readModelText, writeModelText } from "../model/text";

/** Formats of Gaussian models, which the command line chooses by the extension. */
export type ModelFormat = "text" | "pdb";

/** Format of a model file. @throws InputError for extensions other than .txt and .pdb */
export function modelFormat(file: string): ModelFormat {
  const ending = path.extname(file).toLowerCase();
  if (ending === ".txt") return "text";
  if (ending === ".pdb") return "pdb";
  throw new InputError(file, "a name that ends in .txt or .pdb", ending || "no ending");
}

/** Reads one model. @throws InputError if the file is invalid, or a PDB file with several models */
export async function readModel(file: string): Promise<GaussianModel> {
  if (modelFormat(file) === "text") return readModelText(file);
  const models = await readModelPdb(file);
  if (models.length > 1) throw new InputError(file, "one model", `${models.length}`);
  return models[0]!;
}

/** Writes one model or, as PDB, a sequence of them, whatever the extension of `file`. */
export function writeModel(
  file: string,
  format: ModelFormat,
  models: readonly GaussianModel[],
): Promise<void> {
  return format === "pdb" ? writeModelPdb(file, models) : writeModelText(file, models[0]!);
}

/** Name of a file beside another: `folder/model.txt` with the suffix `_frc.csv` becomes `folder/model_frc.csv`. */
export function besideName(file: string, suffix: string): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, `${name}${suffix}`);
}

/** `motion_01.mrc`, … for several files, with as many digits as the last needs; the name itself for one. */
export function numberedNames(file: string, count: number): string[] {
  if (count === 1) return [file];
  const { dir, name, ext } = path.parse(file);
  const digits = String(count).length;
  return Array.from({ length: count }, (_, i) =>
    path.join(dir, `${name}_${String(i + 1).padStart(digits, "0")}${ext}`),
  );
}
