import { InputError } from "../../errors";
import { type Pca, pca, pcaTransform } from "../../latent/pca";
import { columnsOf } from "../../latent/selection";
import type { CategoryColumn, ParticleColumn } from "../../particles/particleColumns";
import { histogramHeights } from "./drawnPoints";
import { robustRange } from "./ranges";
import type { ScatterChoice } from "./state";

/** A value for each particle: numbers, or strings as categories. */
export interface ScatterColumn {
  /** Name of the axis or colouring. */
  name: string;
  /** [n], one for each particle. */
  values: ArrayLike<number> | readonly string[];
  /** Shown behind the name. Default none. */
  unit?: string;
}

/** A column in the table. */
export type TableColumn =
  | { name: string; kind: "number"; values: ArrayLike<number>; unit?: string | undefined }
  | CategoryColumn;

/** A column that is read when it is first used. */
export interface OfferedColumn {
  /** Name of the axis or colouring. */
  name: string;
  /** Shown behind the name. Default none. */
  unit?: string;
  /** Reads a number for each particle. */
  read(): ArrayLike<number>;
}

/** A coordinate that is a linear function of the latent vector: weights · z + offset. */
export interface LinearAxis {
  /** [latent]. */
  weights: Float64Array;
  offset: number;
}

/** Name of the axis of row numbers. */
export const rowAxis = "row";
/** Name of the axis that spreads the points of one dimension to a histogram. */
export const histogramAxis = "histogram";
const histogramSeed = 1;
/** Name of the colouring by sets. */
export const setsColumn = "sets";
/** Fraction of the particles on either side that {@link ScatterTable.widest} leaves out. */
const outsideWidest = 0.02;

/** Axes and colourings of particles: latent coordinates, principal components, columns. Owns all three. */
export class ScatterTable {
  private readonly columns = new Map<string, TableColumn>();
  /** Columns of numbers that are read when they are first used. */
  private readonly offered = new Map<string, OfferedColumn>();
  /** Cache of coordinates along axes, by name. */
  private readonly coordinates = new Map<string, Float32Array>();
  private components: Pca | undefined;
  private titles: readonly string[] = [];
  private points: Float32Array;

  /**
   * @param latents [n · latent]
   * @throws InputError if the length does not fit
   */
  constructor(
    latents: Float32Array,
    readonly latent: number,
  ) {
    if (!Number.isInteger(latent) || latent < 1) {
      throw new InputError("latent", "an integer of 1 or more", String(latent));
    }
    this.points = checkedLatents(latents, latent);
  }

  /** Number of particles. */
  get count(): number {
    return this.points.length / this.latent;
  }

  /** Latent coordinates, [count · latent]; replaced only by as many, unless there were none. */
  get latents(): Float32Array {
    return this.points;
  }

  set latents(latents: Float32Array) {
    checkedLatents(latents, this.latent);
    if (this.count > 0 && latents.length !== this.points.length) {
      throw new InputError(
        "latents",
        `${this.count} rows of ${this.latent} numbers, as before`,
        `${latents.length} numbers`,
      );
    }
    this.points = latents;
    this.components = undefined;
    for (const name of this.coordinates.keys()) if (!this.columns.has(name)) this.coordinates.delete(name);
  }

  /** Sets the titles of the latent axes; empty for their names. */
  setAxisTitles(titles: readonly string[]): void {
    this.titles = titles;
  }

  /** Titles of the latent axes; empty for their names. */
  get axisTitles(): readonly string[] {
    return this.titles;
  }

  /** Adds or replaces a column. @throws InputError for a wrong length, and for the name of a built-in axis */
  setColumn(column: ScatterColumn | ParticleColumn): void {
    const { name } = column;
    if (this.isReserved(name))
      throw new InputError("column", "a name that no other axis has", JSON.stringify(name));
    const added = tableColumn(column);
    const { length } = added.kind === "number" ? added.values : added.codes;
    if (length !== this.count) {
      throw new InputError(`column ${name}`, `${this.count} values, one a particle`, String(length));
    }
    this.columns.set(name, added);
    this.offered.delete(name);
    this.coordinates.delete(name);
  }

  private isReserved(name: string): boolean {
    return (
      name === "" ||
      name === setsColumn ||
      this.spreads(name) ||
      this.latentIndex(name) >= 0 ||
      this.componentIndex(name) >= 0
    );
  }

  /** Offers columns that are read when they are first used. Names that are taken are left out. */
  offerColumns(columns: readonly OfferedColumn[]): void {
    for (const column of columns) {
      const { name } = column;
      if (!this.isReserved(name) && !this.columns.has(name)) this.offered.set(name, column);
    }
  }

  /** @throws InputError for an unknown name */
  removeColumn(name: string): void {
    const wasOffered = this.offered.delete(name);
    if (!this.columns.delete(name) && !wasOffered) {
      throw new InputError("column", "the name of a column", JSON.stringify(name));
    }
    this.coordinates.delete(name);
  }

  /** Available axes. */
  axes(): ScatterChoice[] {
    const { latent, count } = this;
    const numbered = (prefix: string, kind: ScatterChoice["kind"]) =>
      Array.from({ length: latent }, (_, i): ScatterChoice => ({ name: `${prefix}${i + 1}`, kind }));
    return [
      ...numbered("z", "latent"),
      ...(latent > 1 && count > 1 ? numbered("PC ", "component") : []),
      ...(latent === 1 ? [{ name: histogramAxis, kind: "number" } as const] : []),
      ...this.columnChoices("number"),
      { name: rowAxis, kind: "number" },
    ];
  }

  /** Available colourings, except sets. */
  colours(): ScatterChoice[] {
    const axes = this.axes().filter(({ name }) => this.latent > 1 || name !== histogramAxis);
    return [...axes, ...this.columnChoices("category")];
  }

  private columnChoices(kind: TableColumn["kind"]): ScatterChoice[] {
    const known = [...this.columns.values()]
      .filter((column) => column.kind === kind && !this.offered.has(column.name))
      .map((column) => ({
        name: column.name,
        kind,
        ...(column.kind === "number" && column.unit && { unit: column.unit }),
      }));
    if (kind === "category") return known;
    const others = [...this.offered.values()].map(({ name, unit }) => ({
      name,
      kind,
      ...(unit && { unit }),
    }));
    return [...known, ...others];
  }

  /** Names of the columns that are read, in the order in which they were added. */
  columnNames(): string[] {
    return [...this.columns.keys()];
  }

  /** The column of a name; undefined for built-in axes. */
  column(name: string): TableColumn | undefined {
    const offered = this.offered.get(name);
    // The offer stays, so that the order of the choices does
    if (offered && !this.columns.has(name)) {
      const { unit, read } = offered;
      const values = read();
      if (values.length !== this.count)
        throw new InputError(`column ${name}`, `${this.count} values, one a particle`, String(values.length));
      this.columns.set(name, { name, kind: "number", values, unit });
    }
    return this.columns.get(name);
  }

  /** Coordinates of all particles along an axis. @throws InputError for a name that is no axis */
  values(name: string): Float32Array {
    const known = this.coordinates.get(name);
    if (known) return known;
    const values = this.computed(name);
    this.coordinates.set(name, values);
    return values;
  }

  private computed(name: string): Float32Array {
    const d = this.latentIndex(name);
    if (d >= 0) return columnsOf(this.points, this.latent, [d])[0]!;
    const c = this.componentIndex(name);
    if (c >= 0) return pcaTransform({ ...this.pca(), axes: this.componentAxis(c) }, this.points, 1);
    if (name === rowAxis) return Float32Array.from({ length: this.count }, (_, i) => i);
    if (this.spreads(name)) return histogramHeights(this.points, histogramSeed);
    const column = this.column(name);
    if (column?.kind === "number") return new Float32Array(column.values);
    throw new InputError("axis", "a column of numbers", JSON.stringify(name));
  }

  /** Latent coordinates, one array for each dimension. */
  latentColumns(): Float32Array[] {
    return Array.from({ length: this.latent }, (_, d) => this.values(`z${d + 1}`));
  }

  private pca(): Pca {
    this.components ??= pca(this.points, this.latent);
    return this.components;
  }

  private componentAxis(c: number): Float64Array {
    return this.pca().axes.slice(c * this.latent, (c + 1) * this.latent);
  }

  /**
   * Two latent vectors between which 96 % of the particles lie where they spread most: the 2nd and 98th percentile of z in one
   * dimension, in more those along the first principal component through the mean.
   * @returns an empty array for fewer than two particles
   */
  widest(): number[][] {
    if (this.count < 2) return [];
    const { low, high } = robustRange(this.values(this.latent > 1 ? "PC 1" : "z1"), outsideWidest);
    if (this.latent === 1) return [[low], [high]];
    const { axes, mean } = this.pca();
    return [low, high].map((along) => Array.from(mean, (middle, d) => middle + along * axes[d]!));
  }

  /** The title of an axis: that of a latent axis, or its name with the unit, or with the fraction of the variance that a component explains. */
  title(name: string): string {
    const d = this.latentIndex(name);
    if (d >= 0) return this.axisTitles[d] ?? name;
    const c = this.componentIndex(name);
    if (c >= 0) return `${name} (${(100 * this.pca().explained[c]!).toFixed(0)} % of the variance)`;
    if (this.latent === 1 && name === histogramAxis) return "particles (histogram)";
    const column = this.column(name);
    return column?.kind === "number" && column.unit ? `${name} (${column.unit})` : name;
  }

  /** Whether an axis does not depend on the latent vector, but only spreads the particles. */
  spreads(name: string): boolean {
    return name === rowAxis || (this.latent === 1 && name === histogramAxis);
  }

  /**
   * An axis as a linear function of the latent vector; undefined if it is nonlinear. One that only spreads the particles is 0
   * everywhere, so that probe and path stay at 0 along it.
   */
  linear(name: string): LinearAxis | undefined {
    const { latent } = this;
    if (this.spreads(name)) return { weights: new Float64Array(latent), offset: 0 };
    const d = this.latentIndex(name);
    if (d >= 0) {
      return { weights: Float64Array.from({ length: latent }, (_, e) => (e === d ? 1 : 0)), offset: 0 };
    }
    const c = this.componentIndex(name);
    if (c < 0) return undefined;
    const { mean } = this.pca();
    const weights = this.componentAxis(c);
    return { weights, offset: -weights.reduce((sum, w, e) => sum + w * mean[e]!, 0) };
  }

  /** Latent vector of a particle. */
  latentOf(row: number): number[] {
    return Array.from(this.points.subarray(row * this.latent, (row + 1) * this.latent));
  }

  /** Index from 0 of the latent axis of a name; −1 for other names. */
  latentIndex(name: string): number {
    return numberedIndex(name, "z", this.latent);
  }

  private componentIndex(name: string): number {
    return this.latent > 1 ? numberedIndex(name, "PC ", this.latent) : -1;
  }
}

/** Index from 0 of names such as `z1`; −1 for other names. */
function numberedIndex(name: string, prefix: string, count: number): number {
  if (!name.startsWith(prefix)) return -1;
  const rest = name.slice(prefix.length);
  return /^[1-9]\d*$/.test(rest) && Number(rest) <= count ? Number(rest) - 1 : -1;
}

function checkedLatents(latents: Float32Array, latent: number): Float32Array {
  if (latents.length % latent !== 0) {
    throw new InputError("latents", `rows of ${latent} numbers`, `${latents.length} numbers`);
  }
  return latents;
}

function tableColumn(column: ScatterColumn | ParticleColumn): TableColumn {
  if ("codes" in column) return column;
  const { name, unit, values } = column;
  if (typeof values[0] !== "string") {
    return { name, kind: "number", values: values as ArrayLike<number>, unit };
  }
  const known = new Map<string, number>();
  const codes = Uint32Array.from(values as readonly string[], (word) => {
    const code = known.get(word) ?? known.size;
    known.set(word, code);
    return code;
  });
  return { name, kind: "category", codes, names: [...known.keys()] };
}
