import path from "node:path";
import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import { readModelPdb, writeModelPdb } from "../model/pdb";
import { readModelText, writeModelText } from "../model/text";

/** The formats of Gaussian models that the command line knows, told by the ending of a name. */
export type ModelFormat = "text" | "pdb";

/** @throws InputError when a name ends in neither .txt nor .pdb */
export function modelFormat(file: string): ModelFormat {
  const ending = path.extname(file).toLowerCase();
  if (ending === ".txt") return "text";
  if (ending === ".pdb") return "pdb";
  throw new InputError(file, "a name that ends in .txt or .pdb", ending || "no ending");
}

/** Reads one model. @throws InputError where the file is none, or a PDB file of several */
export async function readModel(file: string): Promise<GaussianModel> {
  if (modelFormat(file) === "text") return readModelText(file);
  const models = await readModelPdb(file);
  if (models.length > 1) throw new InputError(file, "one model", `${models.length}`);
  return models[0]!;
}

/** Writes one model, or as PDB a sequence of them. The name of `file` does not matter. */
export function writeModel(
  file: string,
  format: ModelFormat,
  models: readonly GaussianModel[],
): Promise<void> {
  return format === "pdb" ? writeModelPdb(file, models) : writeModelText(file, models[0]!);
}

/** `folder/model.txt` with the suffix `_frc.csv` is `folder/model_frc.csv`. */
export function besideName(file: string, suffix: string): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, `${name}${suffix}`);
}
