import path from "node:path";
import { finalName, type WritePart, writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { requireFinite } from "../finite";
import { beginTask, type TaskOptions } from "../progress";
import type { AtomFormat, AtomModel } from "./atomModel";
import type { CarriedAtoms } from "./carry";
import { MmcifAtoms, mmcifAtomHead, mmcifHead } from "./mmcifText";
import { pdbAtoms, requirePdb } from "./pdbText";

/** Options of {@link writeAtoms}. */
export interface WriteAtomsOptions extends TaskOptions {
  /** Default: by the extension, .cif or .mmcif, or .pdb or .ent */
  format?: AtomFormat;
}

/** Format of a file by its extension. @throws InputError for other extensions */
export function atomFormat(file: string): AtomFormat {
  const ending = path.extname(file).toLowerCase();
  if (ending === ".cif" || ending === ".mmcif") return "mmcif";
  if (ending === ".pdb" || ending === ".ent") return "pdb";
  throw new InputError(file, "a name that ends in .cif or .pdb", ending || "no ending");
}

/**
 * Writes a model, or carried models as one file with several models, which ChimeraX (`open motion.cif coordsets true`) and
 * NGL play. Names, numbers, alternate places, occupancies and B factors are those of the start model; secondary structure,
 * sequences and connections are kept in mmCIF.
 * @throws InputError for what does not fit PDB format, such as 100,000 atoms or chains of two letters
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * await e2.atoms.write("start.cif", model);
 * ```
 */
export async function writeAtoms(
  file: string,
  atoms: AtomModel | CarriedAtoms,
  options: WriteAtomsOptions = {},
): Promise<void> {
  const task = beginTask(options);
  const format = options.format ?? atomFormat(file);
  const model = "models" in atoms ? atoms.model : atoms;
  const frames = "models" in atoms ? atoms.models.map(({ positions }) => positions) : [atoms.positions];
  for (const [k, positions] of frames.entries()) {
    requireFinite(positions, file, (i) => `atom ${Math.floor(i / 3) + 1} of model ${k + 1}`);
  }
  if (format === "pdb") requirePdb(model, frames.length, finalName(file));
  await writeAtomic(file, async (write) => {
    const writing = { model, frames, file: finalName(file), task, write };
    await (format === "pdb" ? writePdb(writing) : writeMmcif(writing));
  });
}

/** A file that is being written. */
interface Writing {
  model: AtomModel;
  frames: readonly Float64Array[];
  file: string;
  task: TaskOptions;
  write: WritePart;
}

async function writeMmcif({ model, frames, task, write }: Writing): Promise<void> {
  const rows = new MmcifAtoms(model);
  await write(Buffer.from(`${mmcifHead(model)}${mmcifAtomHead}`));
  for (const [k, positions] of frames.entries()) {
    throwIfStopped(task.signal);
    await write(Buffer.from(rows.rows(positions, k + 1)));
    task.onProgress?.({ task: "writing", done: k + 1, total: frames.length });
  }
  await write(Buffer.from("#\n"));
}

async function writePdb({ model, frames, file, task, write }: Writing): Promise<void> {
  for (const [k, positions] of frames.entries()) {
    throwIfStopped(task.signal);
    const atoms = pdbAtoms(model, positions, file);
    const number = String(k + 1).padStart(4);
    await write(Buffer.from(frames.length > 1 ? `MODEL     ${number}\n${atoms}ENDMDL\n` : atoms));
    task.onProgress?.({ task: "writing", done: k + 1, total: frames.length });
  }
  await write(Buffer.from("END\n"));
}
