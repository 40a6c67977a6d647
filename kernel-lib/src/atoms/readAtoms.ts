import { readFile } from "node:fs/promises";
import { InputError, throwIfStopped } from "../errors";
import { withFileName } from "../fileErrors";
import { decompress, detectCompression } from "../formats/compression";
import { beginTask, type TaskOptions } from "../progress";
import { type AtomFormat, type AtomModel, modelFromTables } from "./atomModel";
import type { CifTables } from "./molstarReader";

/** Options of {@link readAtoms}. */
export interface ReadAtomsOptions extends TaskOptions {
  /** Called with sentences about what was left out. */
  onWarning?: (warning: string) => void;
}

/** In bytes, decompressed; a longer text does not fit into a string. */
const largestFile = 500_000_000;

/**
 * Reads an atomic model in PDB, mmCIF or BinaryCIF format, also compressed (gzip, bzip2); the content decides, not the
 * name. Of several models the first is read. Alternate places, insertion codes and hetero atoms are kept.
 * @throws InputError for other files, files without atoms, Gaussian models, and atoms without a position
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * console.log(model.count, model.names[0]);
 * ```
 */
export async function readAtoms(file: string, options: ReadAtomsOptions = {}): Promise<AtomModel> {
  const { signal } = beginTask(options);
  const bytes = await contentOf(file, signal);
  throwIfStopped(signal);
  const { tables, format } = await tablesOf(bytes, file, options.onWarning);
  const model = modelFromTables(tables, file, format);
  const { rows, columns } = tables.get("atom_site")!;
  const models = new Set(columns.get("pdbx_PDB_model_num"));
  if (rows > model.count) options.onWarning?.(`${file}: ${models.size} models, of which the first is used`);
  return model;
}

/**
 * Reads all models of a file, as of an ensemble; otherwise as {@link readAtoms}.
 * @throws InputError as {@link readAtoms}
 * @example
 * ```ts
 * const models = await e2.atoms.readEnsemble("start.pdb");
 * console.log(models.length, models[0]?.count);
 * ```
 */
export async function readAtomEnsemble(file: string, options: ReadAtomsOptions = {}): Promise<AtomModel[]> {
  const { signal } = beginTask(options);
  const bytes = await contentOf(file, signal);
  throwIfStopped(signal);
  const { tables, format } = await tablesOf(bytes, file, options.onWarning);
  const models = new Set(tables.get("atom_site")!.columns.get("pdbx_PDB_model_num"));
  return Array.from({ length: Math.max(1, models.size) }, (_, i) => modelFromTables(tables, file, format, i));
}

async function contentOf(file: string, signal: AbortSignal | undefined): Promise<Buffer> {
  try {
    const bytes = await readFile(file, { signal });
    const compression = detectCompression(bytes.subarray(0, 4));
    if (!compression) return limited(bytes, bytes.length, file);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of decompress(file, compression, signal)) {
      length += part.length;
      parts.push(limited(part, length, file));
    }
    return Buffer.concat(parts);
  } catch (error) {
    throwIfStopped(signal);
    throw withFileName(file, error);
  }
}

function limited<T>(bytes: T, length: number, file: string): T {
  if (length <= largestFile) return bytes;
  throw new InputError(file, `at most ${largestFile} bytes of atoms`, "more");
}

async function tablesOf(
  bytes: Buffer,
  file: string,
  onWarning: ReadAtomsOptions["onWarning"],
): Promise<{ tables: CifTables; format: AtomFormat }> {
  // The parser is large, and most programs do not read atoms.
  const { readCif, readPdb } = await import("./molstarReader");
  const parsed = async <T>(what: string, reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      throw new InputError(file, `a readable ${what} file`, (error as Error).message);
    }
  };
  // A MessagePack map of few entries
  if (bytes[0]! >= 0x80 && bytes[0]! <= 0x8f) {
    const blocks = await parsed("BinaryCIF", readCif(bytes));
    return { tables: blockWithAtoms(blocks, file, onWarning), format: "mmcif" };
  }
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  if (/^(\s+|#[^\n]*\n)*data_/i.test(text)) {
    const blocks = await parsed("mmCIF", readCif(text));
    return { tables: blockWithAtoms(blocks, file, onWarning), format: "mmcif" };
  }
  if (!/^(ATOM {2}|HETATM)/m.test(text)) {
    throw new InputError(file, "atoms in PDB or mmCIF format", "none");
  }
  if (/^REMARK 999 BOX /m.test(text)) {
    throw new InputError(file, "an atomic model", "Gaussians in PDB format");
  }
  return { tables: await parsed("PDB", readPdb(text)), format: "pdb" };
}

function blockWithAtoms(
  blocks: readonly CifTables[],
  file: string,
  onWarning: ReadAtomsOptions["onWarning"],
): CifTables {
  const found = blocks.filter((block) => (block.get("atom_site")?.rows ?? 0) > 0);
  if (found.length > 1) onWarning?.(`${file}: ${found.length} blocks with atoms, of which the first is used`);
  if (found[0]) return found[0];
  throw new InputError(file, "the category _atom_site", "none");
}
