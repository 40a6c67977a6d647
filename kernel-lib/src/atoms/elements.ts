/** What is needed of a chemical element. */
export interface Element {
  /** Atomic number. */
  number: number;
  /** Single-bond covalent radius in Å (Cordero et al., Dalton Trans. 2832, 2008). */
  radius: number;
}

const e = (number: number, radius: number): Element => ({ number, radius });

/** Elements of biological molecules and of the ions, ligands and heavy atoms found with them. */
const elements: Readonly<Record<string, Element>> = {
  H: e(1, 0.31),
  D: e(1, 0.31),
  He: e(2, 0.28),
  Li: e(3, 1.28),
  Be: e(4, 0.96),
  B: e(5, 0.84),
  C: e(6, 0.76),
  N: e(7, 0.71),
  O: e(8, 0.66),
  F: e(9, 0.57),
  Ne: e(10, 0.58),
  Na: e(11, 1.66),
  Mg: e(12, 1.41),
  Al: e(13, 1.21),
  Si: e(14, 1.11),
  P: e(15, 1.07),
  S: e(16, 1.05),
  Cl: e(17, 1.02),
  Ar: e(18, 1.06),
  K: e(19, 2.03),
  Ca: e(20, 1.76),
  V: e(23, 1.53),
  Cr: e(24, 1.39),
  Mn: e(25, 1.5),
  Fe: e(26, 1.42),
  Co: e(27, 1.38),
  Ni: e(28, 1.24),
  Cu: e(29, 1.32),
  Zn: e(30, 1.22),
  Ga: e(31, 1.22),
  As: e(33, 1.19),
  Se: e(34, 1.2),
  Br: e(35, 1.2),
  Rb: e(37, 2.2),
  Sr: e(38, 1.95),
  Mo: e(42, 1.54),
  Ru: e(44, 1.46),
  Pd: e(46, 1.39),
  Ag: e(47, 1.45),
  Cd: e(48, 1.44),
  I: e(53, 1.39),
  Xe: e(54, 1.4),
  Cs: e(55, 2.44),
  Ba: e(56, 2.15),
  Gd: e(64, 1.96),
  W: e(74, 1.62),
  Pt: e(78, 1.36),
  Au: e(79, 1.36),
  Hg: e(80, 1.32),
  Pb: e(82, 1.46),
  U: e(92, 1.96),
};

/** Carbon stands for what the table does not have. */
const other = elements["C"]!;

/** Ions without directed bonds: alkali and alkaline earth metals. */
const ions = new Set(["Li", "Na", "Mg", "K", "Ca", "Rb", "Sr", "Cs", "Ba"]);

/** Number and radius of an element by its symbol; those of carbon if it is unknown. */
export const elementOf = (symbol: string): Element => elements[symbol] ?? other;

/** Whether atoms of an element form bonds. */
export const formsBonds = (symbol: string): boolean => !ions.has(symbol);

/** Whether an element is hydrogen or deuterium. */
export const isHydrogen = (symbol: string): boolean => symbol === "H" || symbol === "D";

/**
 * The symbol of an element as in the periodic table (`ZN` becomes `Zn`), guessed from the atom's and the residue's name
 * where a file has none.
 */
export function elementSymbol(given: string, name: string, residueName: string): string {
  const known = capitalized(given.replace(/[^A-Za-z]/g, ""));
  if (known !== "") return known;
  const letters = name.replace(/[^A-Za-z]/g, "");
  // Ions are residues of the name of their atom.
  const whole = capitalized(letters);
  if (name === residueName && elements[whole]) return whole;
  return elements[letters.slice(0, 1).toUpperCase()] ? letters.slice(0, 1).toUpperCase() : "C";
}

const capitalized = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
