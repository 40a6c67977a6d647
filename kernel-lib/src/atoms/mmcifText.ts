import { type AtomModel, polymerFlags } from "./atomModel";
import type { CifTable } from "./molstarReader";

/** Items of `_atom_site` in the order in which they are written. */
const items = [
  "group_PDB",
  "id",
  "type_symbol",
  "label_atom_id",
  "label_alt_id",
  "label_comp_id",
  "label_asym_id",
  "label_entity_id",
  "label_seq_id",
  "pdbx_PDB_ins_code",
  "Cartn_x",
  "Cartn_y",
  "Cartn_z",
  "occupancy",
  "B_iso_or_equiv",
  "pdbx_formal_charge",
  "auth_seq_id",
  "auth_comp_id",
  "auth_asym_id",
  "auth_atom_id",
  "pdbx_PDB_model_num",
];

/** The head of an mmCIF file: its name and the categories other than the atoms. */
export function mmcifHead({ file, categories }: AtomModel): string {
  const name = file.replace(/^.*[/\\]/, "").replace(/[^A-Za-z0-9_-]+/g, "_");
  const parts = [...categories].map(([category, table]) => loop(category, table));
  return `data_${name || "model"}\n#\n${parts.join("")}`;
}

/** A category as a loop; nothing for an empty one. */
function loop(category: string, { rows, columns }: CifTable): string {
  const used = [...columns].filter(([, values]) => values.some((value) => value !== "." && value !== "?"));
  if (rows === 0 || used.length === 0) return "";
  const lines = Array.from({ length: rows }, (_, row) =>
    joined(used.map(([, values]) => quoted(values[row]!))),
  );
  return `loop_\n${used.map(([item]) => `_${category}.${item}\n`).join("")}${lines.join("\n")}\n#\n`;
}

/** Values of a row; a value in several lines begins and ends with a line of its own. */
const joined = (values: readonly string[]) => values.join(" ").replaceAll("\n; ", "\n;\n");

/** A value as CIF 1.1 wants it. */
export function quoted(value: string): string {
  if (value === "") return ".";
  if (/[\r\n]/.test(value)) return `\n;${value.replace(/\r\n?/g, "\n").replace(/\n;/g, "\n ;")}\n;`;
  const plain = /^[^\s"'#$_;[\]][^\s]*$/.test(value) && !/^(data_|save_|loop_|stop_|global_)/i.test(value);
  if (plain) return value;
  if (!/'(\s|$)/.test(value)) return `'${value}'`;
  return /"(\s|$)/.test(value) ? `\n;${value}\n;` : `"${value}"`;
}

/** Names the items of `_atom_site` that {@link MmcifAtoms} writes. */
export const mmcifAtomHead = `loop_\n${items.map((item) => `_atom_site.${item}\n`).join("")}`;

/** The rows of `_atom_site`, but for positions and numbers of atom and model. */
export class MmcifAtoms {
  private readonly before: string[];
  private readonly symbols: string[];
  private readonly after: string[];

  constructor(private readonly model: AtomModel) {
    const columns = writtenColumns(model);
    const text = (names: readonly string[], i: number) =>
      names.map((name) => quoted(columns.get(name)?.[i] ?? "?")).join(" ");
    const rows = Array.from({ length: model.count }, (_, i) => i);
    this.before = rows.map((i) => quoted(columns.get("group_PDB")![i]!));
    this.symbols = rows.map((i) => text(items.slice(2, 10), i));
    this.after = rows.map((i) => text(items.slice(13, -1), i));
  }

  /**
   * The rows of one model.
   * @param number of the model, from 1
   */
  rows(positions: Float64Array, number: number): string {
    const { count } = this.model;
    const lines = Array.from({ length: count }, (_, i) => {
      const place = [0, 1, 2].map((axis) => positions[3 * i + axis]!.toFixed(3)).join(" ");
      const id = (number - 1) * count + i + 1;
      return `${this.before[i]} ${id} ${this.symbols[i]} ${place} ${this.after[i]} ${number}\n`;
    });
    return lines.join("");
  }
}

/** The columns of the file, completed where it lacks what mmCIF demands, as PDB files do. */
function writtenColumns(model: AtomModel): Map<string, readonly string[]> {
  const { site, names, residueNames, chains, residueNumbers, hetero, elements } = model;
  const chainNames = namedChains(chains);
  const columns = new Map<string, readonly string[]>([
    ["group_PDB", Array.from(hetero, (flag) => (flag ? "HETATM" : "ATOM"))],
    ["label_comp_id", residueNames],
    ["label_asym_id", chainNames],
    ["occupancy", Array.from(model.occupancies, (value) => value.toFixed(2))],
    ["auth_seq_id", Array.from(residueNumbers, String)],
    ["auth_comp_id", residueNames],
    ["auth_atom_id", names],
    ...site.columns,
    ["type_symbol", elements.map((symbol) => symbol.toUpperCase())],
    ["auth_asym_id", chainNames],
  ]);
  if (model.format === "pdb") {
    // Mol* numbers the alternate places of an atom; label_seq_id is the place in the sequence.
    columns.set("label_atom_id", names);
    columns.set("label_seq_id", sequenceNumbers(model));
    columns.set("label_asym_id", namedChains(site.columns.get("label_asym_id")!.map((name) => name.trim())));
  }
  if (!columns.has("label_atom_id")) columns.set("label_atom_id", names);
  return columns;
}

/** Names a chain without a name by a letter that no other has. */
function namedChains(chains: readonly string[]): readonly string[] {
  if (!chains.includes("")) return chains;
  const used = new Set(chains);
  const letter = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((each) => !used.has(each)) ?? "AA";
  return chains.map((chain) => (chain === "" ? letter : chain));
}

/** Numbers residues along each polymer from 1, with gaps where residue numbers have them; `.` outside of polymers. */
function sequenceNumbers(model: AtomModel): string[] {
  const { chains, residueNumbers, residues, count } = model;
  const polymer = polymerFlags(model);
  const last = new Map<string, { residue: number; given: number; number: number }>();
  return Array.from({ length: count }, (_, i) => {
    if (!polymer[i]) return ".";
    const before = last.get(chains[i]!);
    if (before?.residue === residues[i]) return String(before.number);
    const given = residueNumbers[i]!;
    const number = before ? before.number + Math.max(given - before.given, 1) : 1;
    last.set(chains[i]!, { residue: residues[i]!, given, number });
    return String(number);
  });
}
