import { InputError } from "../errors";
import { shorten } from "../shortText";
import { elementSymbol } from "./elements";
import type { CifTable, CifTables } from "./molstarReader";

/** Formats of atomic models. */
export type AtomFormat = "mmcif" | "pdb";

/**
 * An atomic model as `e2.atoms.read` returns it. Atoms keep the order of the file; alternate places are atoms of their
 * own. Chains and residues have the names that people use (`auth_…` of mmCIF).
 */
export interface AtomModel {
  /** Name of the file. */
  file: string;
  /** Format of the file. */
  format: AtomFormat;
  /** Number of atoms. */
  count: number;
  /** Positions in Å as in the file, [count · 3]: x, y, z of atom i from 3i. */
  positions: Float64Array;
  /** Element symbols, such as `C` and `Zn`, [count]. */
  elements: readonly string[];
  /** Atom names, such as `CA`, [count]. */
  names: readonly string[];
  /** Residue names, such as `ALA`, [count]. */
  residueNames: readonly string[];
  /** Chains; empty where a PDB file has none, [count]. */
  chains: readonly string[];
  /** Residue numbers, [count]. */
  residueNumbers: Int32Array;
  /** Insertion codes; empty for none, [count]. */
  insertionCodes: readonly string[];
  /** Labels of alternate places; empty for none, [count]. */
  alternates: readonly string[];
  /** 1 for atoms outside of polymers (HETATM), [count]. */
  hetero: Uint8Array;
  /** Occupancies, 1 where the file has none, [count]. */
  occupancies: Float64Array;
  /** Index of each atom's residue, counted from 0 through the file, [count]. */
  residues: Int32Array;
  /** The items of `_atom_site` as texts, which files are written with. */
  site: CifTable;
  /** Other categories that are written into mmCIF files: entities, sequences, secondary structure, connections. */
  categories: CifTables;
}

/** Categories that stay true when atoms move. Assemblies and crystal data do not belong to a map. */
const kept = [
  "entry",
  "entity",
  "entity_poly",
  "entity_poly_seq",
  "struct_asym",
  "chem_comp",
  "struct_conf_type",
  "struct_conf",
  "struct_sheet",
  "struct_sheet_order",
  "struct_sheet_range",
  "struct_conn_type",
  "struct_conn",
];

/** Those whose ids are right if they were made from a PDB file. */
const keptOfPdb = ["entity", "chem_comp"];

/** A value of mmCIF, empty for `.` and `?`. */
const present = (value: string | undefined) =>
  value === undefined || value === "." || value === "?" ? "" : value.trim();

/**
 * One of the models of the tables of a file.
 * @param at which of them, from 0
 * @throws InputError naming the atom whose position or residue number is no number
 */
export function modelFromTables(tables: CifTables, file: string, format: AtomFormat, at = 0): AtomModel {
  const all = tables.get("atom_site");
  if (!all || all.rows === 0) throw new InputError(file, "atoms", "none");
  const site = modelOf(all, at);
  const { rows: count, columns } = site;
  const texts = (...items: string[]) => {
    const found = items.map((item) => columns.get(item)).filter((column) => column !== undefined);
    return Array.from(
      { length: count },
      (_, i) => found.map((column) => present(column[i])).find(Boolean) ?? "",
    );
  };
  const where = (i: number) => `${file}: atom ${columns.get("id")?.[i] ?? i + 1}`;
  const names = texts("auth_atom_id", "label_atom_id");
  const residueNames = texts("auth_comp_id", "label_comp_id");
  const insertionCodes = texts("pdbx_PDB_ins_code");
  const chains = texts("auth_asym_id", "label_asym_id");
  const residueNumbers = numbers(texts("auth_seq_id", "label_seq_id"), where);
  const symbols = texts("type_symbol");
  return {
    ...{ file, format, count, names, residueNames, chains, residueNumbers, insertionCodes, site },
    positions: positionsOf(columns, count, where),
    elements: names.map((name, i) => elementSymbol(symbols[i]!, name, residueNames[i]!)),
    alternates: texts("label_alt_id"),
    hetero: Uint8Array.from(texts("group_PDB"), (group) => (group === "HETATM" ? 1 : 0)),
    occupancies: Float64Array.from(texts("occupancy"), (text) => {
      const value = Number(text);
      return text === "" || !Number.isFinite(value) ? 1 : value;
    }),
    residues: residueIndices(
      [texts("label_asym_id"), chains, residueNumbers, insertionCodes, residueNames],
      count,
    ),
    categories: new Map(
      (format === "pdb" ? keptOfPdb : kept).flatMap((name) =>
        tables.has(name) ? [[name, tables.get(name)!]] : [],
      ),
    ),
  };
}

function modelOf({ rows, columns }: CifTable, at: number): CifTable {
  const models = columns.get("pdbx_PDB_model_num");
  const wanted = [...new Set(models)][at];
  const first = Array.from({ length: rows }, (_, i) => i).filter((i) => !models || models[i] === wanted);
  if (first.length === rows) return { rows, columns };
  const picked = [...columns].map(([name, values]) => [name, first.map((i) => values[i]!)] as const);
  return { rows: first.length, columns: new Map(picked) };
}

function positionsOf(
  columns: CifTable["columns"],
  count: number,
  where: (i: number) => string,
): Float64Array {
  const axes = ["Cartn_x", "Cartn_y", "Cartn_z"].map((item) => columns.get(item));
  const positions = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (const [axis, column] of axes.entries()) {
      const text = present(column?.[i]);
      const value = text === "" ? Number.NaN : Number(text);
      if (!(Math.abs(value) < 1e6)) {
        const found = axes.map((each) => shorten((each?.[i] ?? "nothing").trim(), 20)).join(", ");
        throw new InputError(where(i), "a position of three numbers in Å", found);
      }
      positions[3 * i + axis] = value;
    }
  }
  return positions;
}

function numbers(texts: readonly string[], where: (i: number) => string): Int32Array {
  return Int32Array.from(texts, (text, i) => {
    // Atoms of water and ligands have no number in files without `auth_seq_id`.
    const value = text === "" ? 0 : Number(text);
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
    throw new InputError(
      where(i),
      "a whole residue number (mmCIF has room for large ones)",
      shorten(text, 20),
    );
  });
}

/** Counts residues: a new one begins wherever one of the keys changes. */
function residueIndices(keys: readonly ArrayLike<string | number>[], count: number): Int32Array {
  let residue = 0;
  return Int32Array.from({ length: count }, (_, i) => {
    if (i > 0 && keys.some((key) => key[i] !== key[i - 1])) residue++;
    return residue;
  });
}

/**
 * Which atoms belong to polymers, [atoms]: all but hetero atoms, and of those the residues with the backbone of a protein,
 * such as selenomethionine.
 */
export function polymerFlags({ count, hetero, residues, names }: AtomModel): Uint8Array {
  const found = new Map<number, number>();
  const backbone = ["N", "CA", "C"];
  for (let i = 0; i < count; i++) {
    const bit = backbone.indexOf(names[i]!);
    if (bit >= 0) found.set(residues[i]!, (found.get(residues[i]!) ?? 0) | (1 << bit));
  }
  return hetero.map((flag, i) => Number(!flag || found.get(residues[i]!) === 7));
}
