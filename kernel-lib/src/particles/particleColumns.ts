import { InputError } from "../errors";
import { eulerFromRotation } from "../optics/pose";
import type { Categories } from "./metadata/metadata";
import type { ParticleSet } from "./particleSet";

/** A column that axes and colours can be made of. */
export interface ColumnDescription {
  /** As the file has it, without a leading underscore, or the name of one that is worked out for files of any kind. */
  name: string;
  kind: "number" | "category";
  /** Where it is known: Å, °. */
  unit?: string;
  /** Whether it stands in the file; else it follows from poses, CTF and image names. */
  inFile: boolean;
}

/** The numbers of the particles of a set, in its order; NaN where the file has none. */
export interface NumberColumn {
  name: string;
  kind: "number";
  unit?: string;
  values: Float64Array;
}

/** The categories of the particles of a set, in its order. */
export interface CategoryColumn {
  name: string;
  kind: "category";
  /** Index into `names` of each particle. */
  codes: Uint32Array;
  /** Those that occur, numbers in their order before other words in theirs. */
  names: string[];
}

export type ParticleColumn = NumberColumn | CategoryColumn;

interface Derived extends ColumnDescription {
  read: (set: ParticleSet) => Float64Array | Categories;
}

const numbersOf = (set: ParticleSet, value: (i: number) => number) =>
  Float64Array.from({ length: set.count }, (_, i) => value(i));

const angles = (set: ParticleSet, which: "rot" | "tilt" | "psi") => {
  const rotations = set.rotations();
  return numbersOf(set, (i) => eulerFromRotation(rotations, 9 * i)[which]);
};

const shift = (set: ParticleSet, axis: 0 | 1) => {
  const shifts = set.shifts();
  return numbersOf(set, (i) => shifts[2 * i + axis]!);
};

/** What every file says in its own way, where it says it. */
function derivedColumns(set: ParticleSet): Derived[] {
  const found: Derived[] = [];
  const number = (name: string, unit: string, read: Derived["read"]) =>
    found.push({ name, kind: "number", unit, inFile: false, read });
  const category = (name: string, read: Derived["read"]) =>
    found.push({ name, kind: "category", inFile: false, read });
  if (set.hasCtf) {
    number("defocus", "Å", (s) => numbersOf(s, (i) => (s.ctf(i)!.defocusU + s.ctf(i)!.defocusV) / 2));
    number("astigmatism", "Å", (s) => numbersOf(s, (i) => Math.abs(s.ctf(i)!.defocusU - s.ctf(i)!.defocusV)));
  }
  if (set.hasPoses) {
    for (const name of ["rot", "tilt", "psi"] as const) number(name, "°", (s) => angles(s, name));
    number("shift x", "Å", (s) => shift(s, 0));
    number("shift y", "Å", (s) => shift(s, 1));
  }
  category("optics group", (s) => categoriesOf(s.count, (i) => s.opticsGroup(i).name));
  const halves = set.randomSubset;
  if (halves) category("half set", () => categoriesOf(halves.length, (i) => String(halves[i])));
  category("image stack", (s) => categoriesOf(s.count, (i) => s.image(i).stack));
  return found;
}

/**
 * What particles can be coloured by, or drawn over: columns that are worked out for files of any kind (`defocus` and
 * `astigmatism` of the CTF, the angles `rot`, `tilt` and `psi`, `shift x` and `shift y`, `optics group`, `half set`, `image
 * stack`), as far as the file says them, then all of the file. Only its first rows are looked at for the kinds.
 */
export function particleColumns(set: ParticleSet): ColumnDescription[] {
  return [
    ...derivedColumns(set).map(({ read: _, ...description }) => description),
    ...set.fileColumns().map(
      ({ name, kind }): ColumnDescription => ({
        name,
        kind: kind === "number" ? "number" : "category",
        ...unitOf(name),
        inFile: true,
      }),
    ),
  ];
}

/**
 * One column of the particles of a set, read now; nothing of it is kept. Words among numbers make it one of categories.
 *
 * @param kind `category` takes numbers, such as a class number, as categories
 * @throws InputError for a name that is not among the {@link particleColumns}, and for text where `kind` is `number`
 */
export function particleColumn(set: ParticleSet, name: string, kind?: "number" | "category"): ParticleColumn {
  const derived = derivedColumns(set).find((column) => column.name === name);
  if (derived) {
    const read = derived.read(set);
    if (read instanceof Float64Array) {
      return kind === "category"
        ? categoryColumn(
            name,
            categoriesOf(read.length, (i) => String(read[i])),
          )
        : { name, kind: "number", unit: derived.unit!, values: read };
    }
    return asked(set, kind, categoryColumn(name, read));
  }
  if (!set.hasColumn(name) && !set.fileColumns().some((column) => column.name === name)) {
    const names = particleColumns(set).map((column) => column.name);
    throw new InputError(set.file, `one of the columns ${names.join(", ")}`, name);
  }
  const values = kind === "category" ? undefined : set.numericColumn(name);
  if (values) return { name, kind: "number", ...unitOf(name), values };
  return asked(set, kind, categoryColumn(name, set.categories(name)));
}

function asked(
  set: ParticleSet,
  kind: "number" | "category" | undefined,
  column: CategoryColumn,
): CategoryColumn {
  if (kind !== "number") return column;
  const found = column.names.find((word) => !Number.isFinite(Number(word))) ?? column.names[0];
  throw new InputError(`${set.file}: column ${column.name}`, "numbers", JSON.stringify(found));
}

function categoriesOf(count: number, word: (i: number) => string): Categories {
  const known = new Map<string, number>();
  const codes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const name = word(i);
    const code = known.get(name) ?? known.size;
    known.set(name, code);
    codes[i] = code;
  }
  return { codes, names: [...known.keys()] };
}

/** Categories that occur, in order. */
function categoryColumn(name: string, { codes, names }: Categories): CategoryColumn {
  const occurs = new Uint8Array(names.length);
  for (let i = 0; i < codes.length; i++) occurs[codes[i]!] = 1;
  const numeric = (word: string) => (word === "" ? Number.NaN : Number(word));
  const order = Array.from(names.keys())
    .filter((code) => occurs[code] === 1)
    .sort((a, b) => compare(names[a]!, names[b]!, numeric));
  const rank = new Uint32Array(names.length);
  order.forEach((code, place) => {
    rank[code] = place;
  });
  return {
    name,
    kind: "category",
    codes: codes.map((code) => rank[code]!),
    names: order.map((c) => names[c]!),
  };
}

function compare(a: string, b: string, numeric: (word: string) => number): number {
  const [p, q] = [numeric(a), numeric(b)];
  if (!Number.isNaN(p) || !Number.isNaN(q)) {
    // Numbers come first; those of equal value, such as 1 and 01, as words.
    if (Number.isNaN(p)) return 1;
    if (Number.isNaN(q)) return -1;
    if (p !== q) return p - q;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Units of RELION's labels and of cryoSPARC's fields, as far as their names tell. */
function unitOf(name: string): { unit?: string } {
  if (/^rln(Angle(Rot|Tilt|Psi)(Prior)?|DefocusAngle|PhaseShift)$/.test(name)) return { unit: "°" };
  if (/^rln(DefocusU|DefocusV|CtfMaxResolution|CtfAstigmatism)$|Angst(Prior)?$/.test(name))
    return { unit: "Å" };
  if (/_A(\[\d+\])?$/.test(name)) return { unit: "Å" };
  if (/_rad$/.test(name)) return { unit: "rad" };
  return {};
}
