import { InputError } from "../errors";
import { type AtomModel, polymerFlags } from "./atomModel";

/** Largest serial number of a PDB file. */
const mostAtoms = 99_999;
/** Largest number of a MODEL record. */
const mostModels = 9999;

/**
 * Checks that a model fits the columns of PDB.
 * @param models how many of it are written
 * @throws InputError that names what does not fit, and mmCIF as the way out
 */
export function requirePdb(model: AtomModel, models: number, file: string): void {
  const { count, chains, residueNames, names, residueNumbers } = model;
  const refuse = (expected: string, found: string): never => {
    throw new InputError(
      file,
      `${expected} in PDB format (a name that ends in .cif has room for more)`,
      found,
    );
  };
  if (count > mostAtoms) refuse(`at most ${mostAtoms} atoms`, String(count));
  if (models > mostModels) refuse(`at most ${mostModels} models`, String(models));
  const longer = (texts: readonly string[], length: number) => texts.find((text) => text.length > length);
  const chain = longer(chains, 1);
  if (chain !== undefined) refuse("chains of one character", `"${chain}"`);
  const residue = longer(residueNames, 3);
  if (residue !== undefined) refuse("residue names of three characters", `"${residue}"`);
  const name = longer(names, 4);
  if (name !== undefined) refuse("atom names of four characters", `"${name}"`);
  const number = residueNumbers.find((value) => value < -999 || value > 9999);
  if (number !== undefined) refuse("residue numbers from -999 to 9999", String(number));
}

/** ATOM, HETATM and TER records of one model. @throws InputError for a position beyond the columns */
export function pdbAtoms(model: AtomModel, positions: Float64Array, file: string): string {
  const { count, chains } = model;
  const ends = new Map<string, number>();
  polymerFlags(model).forEach((polymer, i) => {
    if (polymer) ends.set(chains[i]!, i);
  });
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    lines.push(atomRecord(model, positions, i, file));
    if (ends.get(chains[i]!) === i) lines.push("TER");
  }
  return `${lines.join("\n")}\n`;
}

function atomRecord(model: AtomModel, positions: Float64Array, i: number, file: string): string {
  const { hetero, names, elements, alternates, residueNames, chains, residueNumbers, insertionCodes } = model;
  const { occupancies, site } = model;
  const place = [0, 1, 2].map((axis) => {
    const text = positions[3 * i + axis]!.toFixed(3);
    if (text.length <= 8) return text.padStart(8);
    throw new InputError(file, "positions from -999.999 to 9999.999 Å in PDB format (use .cif)", text);
  });
  const b = Number(site.columns.get("B_iso_or_equiv")?.[i]);
  return [
    hetero[i] ? "HETATM" : "ATOM  ",
    String(i + 1).padStart(5),
    " ",
    atomName(names[i]!, elements[i]!),
    alternates[i] || " ",
    residueNames[i]!.padStart(3),
    " ",
    chains[i] || " ",
    String(residueNumbers[i]).padStart(4),
    insertionCodes[i] || " ",
    "   ",
    ...place,
    occupancies[i]!.toFixed(2).slice(0, 6).padStart(6),
    (Number.isFinite(b) ? Math.min(b, 999.99).toFixed(2) : "0.00").slice(0, 6).padStart(6),
    " ".repeat(10),
    elements[i]!.toUpperCase().padStart(2),
  ].join("");
}

/** An atom name in its four columns: the element's symbol ends in the second. */
function atomName(name: string, element: string): string {
  const wide =
    name.length === 4 || (element.length === 2 && name.toUpperCase().startsWith(element.toUpperCase()));
  return (wide ? name : ` ${name}`).padEnd(4);
}
