import { InputError } from "../errors";
import { eulerFromRotation } from "../optics/pose";
import { categoriesOf } from "./metadata/categories";
import type { Categories } from "./metadata/metadata";
import type { ParticleSet } from "./particleSet";

export type { Categories } from "./metadata/metadata";

/** A column that particles can be plotted over or coloured by. */
export interface ColumnDescription {
  /** Name in the file without leading underscore, or name of a derived column. */
  name: string;
  /** Whether it holds numbers or text. */
  kind: "number" | "category";
  /** Å, ° or rad, if known. */
  unit?: string;
  /** Whether it is a column of the file; otherwise it is derived from poses, CTF and image names. */
  inFile: boolean;
}

/** A numeric column of a set of particles. */
export interface NumberColumn {
  /** As in {@link ColumnDescription}. */
  name: string;
  /** Always `number`. */
  kind: "number";
  /** Å, ° or rad, if known. */
  unit?: string;
  /** Value of each particle; NaN for nan and inf in the file. */
  values: Float64Array;
}

/** A column of categories of a set of particles; `names` holds those that occur, numbers in order before other words. */
export interface CategoryColumn extends Categories {
  /** As in {@link ColumnDescription}. */
  name: string;
  /** Always `category`. */
  kind: "category";
}

/** A column of a set of particles. */
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

/** Columns that files of any program provide in their own ways. */
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
  const { operators } = set;
  if (operators) category("symmetry copy", () => categoriesOf(operators.length, (i) => String(operators[i])));
  category("image stack", (s) => categoriesOf(s.count, (i) => s.image(i).stack));
  return found;
}

/**
 * The columns that particles can be plotted over or coloured by: those derived for files of any program, as far as available
 * (`defocus`, `astigmatism`, `rot`, `tilt`, `psi`, `shift x`, `shift y`, `optics group`, `half set`, `image stack`), then all
 * columns of the file, whose kinds are determined from its first rows.
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * for (const { name, kind, unit } of e2.particles.columns(particles)) console.log(name, kind, unit ?? "");
 * ```
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
 * Reads a column of a set of particles.
 *
 * @param name one of the names of {@link particleColumns}
 * @param kind `category` to read numbers, such as class numbers, as categories. Default: numbers if all values are numeric
 * @throws InputError for an unknown name, and for text if `kind` is `number`
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const tilt = e2.particles.column(particles, "tilt");
 * if (tilt.kind === "number") console.log(Math.max(...tilt.values), tilt.unit);
 * ```
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
    return requireCategories(set, kind, categoryColumn(name, read));
  }
  if (!set.hasColumn(name) && !set.fileColumns().some((column) => column.name === name)) {
    const names = particleColumns(set).map((column) => column.name);
    throw new InputError(set.file, `one of the columns ${names.join(", ")}`, name);
  }
  const values = kind === "category" ? undefined : set.numericColumn(name);
  if (values) return { name, kind: "number", ...unitOf(name), values };
  return requireCategories(set, kind, categoryColumn(name, set.categories(name)));
}

function requireCategories(
  set: ParticleSet,
  kind: "number" | "category" | undefined,
  column: CategoryColumn,
): CategoryColumn {
  if (kind !== "number") return column;
  const found = column.names.find((word) => !Number.isFinite(Number(word))) ?? column.names[0];
  throw new InputError(`${set.file}: column ${column.name}`, "numbers", JSON.stringify(found));
}

/** A column with only the categories that occur, sorted. */
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
    // Numbers come first; equal ones, such as 1 and 01, are compared as text.
    if (Number.isNaN(p)) return 1;
    if (Number.isNaN(q)) return -1;
    if (p !== q) return p - q;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Unit of a RELION label or cryoSPARC field, as far as its name tells. */
function unitOf(name: string): { unit?: string } {
  if (/^rln(Angle(Rot|Tilt|Psi)(Prior)?|DefocusAngle|PhaseShift)$/.test(name)) return { unit: "°" };
  if (/^rln(DefocusU|DefocusV|CtfMaxResolution|CtfAstigmatism)$|Angst(Prior)?$/.test(name))
    return { unit: "Å" };
  if (/_A(\[\d+\])?$/.test(name)) return { unit: "Å" };
  if (/_rad$/.test(name)) return { unit: "rad" };
  return {};
}
