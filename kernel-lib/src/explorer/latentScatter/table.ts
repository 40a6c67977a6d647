import { InputError } from "../../errors";
import { type Pca, pca, pcaTransform } from "../../latent/pca";
import { columnsOf } from "../../latent/selection";
import type { ParticleColumn } from "../../particles/particleColumns";
import { histogramHeights, robustRange } from "./drawn";
import type { ScatterChoice } from "./state";

/** A column of the particle table, or anything else that each particle has: numbers, or texts as categories. */
export interface ScatterColumn {
  name: string;
  values: ArrayLike<number> | readonly string[];
  unit?: string;
}

/** A coordinate that is a linear function of the latent vector: weights · z + offset. */
export interface LinearAxis {
  weights: Float64Array;
  offset: number;
}

/** Categories of every particle. */
export interface CategoryColumn {
  codes: ArrayLike<number>;
  names: readonly string[];
}

type KnownColumn = { unit?: string } & ({ numbers: ArrayLike<number> } | { categories: CategoryColumn });

/** Name of the axis that is a particle's place in the file. */
export const ROW = "row";
/** Name of the axis that makes a histogram of the points of one dimension. */
const HISTOGRAM = "histogram";
/** Particles on either side that {@link ScatterTable.widest} leaves out. */
const WIDEST_OUTSIDE = 0.02;
const HISTOGRAM_SEED = 1;
/** Name of the colouring by sets. */
export const SETS = "sets";

/** All that particles can be drawn over and coloured by: latent axes, principal components, columns. */
export class ScatterTable {
  private readonly columns = new Map<string, KnownColumn>();
  private readonly drawn = new Map<string, Float32Array>();
  private components: Pca | undefined;
  private points: Float32Array;

  /** @param latents [n · latent] */
  constructor(
    latents: Float32Array,
    readonly latent: number,
  ) {
    if (!Number.isInteger(latent) || latent < 1) {
      throw new InputError("latent", "an integer of 1 or more", String(latent));
    }
    this.points = checkedLatents(latents, latent);
  }

  get count(): number {
    return this.points.length / this.latent;
  }

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
    for (const name of [...this.drawn.keys()]) if (!this.columns.has(name)) this.drawn.delete(name);
  }

  /** @throws InputError for a column of another length, or with the name of an axis that is there already */
  setColumn(column: ScatterColumn | ParticleColumn): void {
    const { name } = column;
    if (
      name === ROW ||
      (this.latent === 1 && name === HISTOGRAM) ||
      name === SETS ||
      name === "" ||
      this.latentIndex(name) >= 0 ||
      this.componentIndex(name) >= 0
    ) {
      throw new InputError("column", "a name that no other axis has", JSON.stringify(name));
    }
    const known = knownColumn(column);
    const length = "numbers" in known ? known.numbers.length : known.categories.codes.length;
    if (length !== this.count) {
      throw new InputError(`column ${name}`, `${this.count} values, one a particle`, String(length));
    }
    this.columns.set(name, known);
    this.drawn.delete(name);
  }

  removeColumn(name: string): void {
    if (!this.columns.delete(name))
      throw new InputError("column", "the name of a column", JSON.stringify(name));
    this.drawn.delete(name);
  }

  /** What can be an axis. */
  axes(): ScatterChoice[] {
    const { latent, count } = this;
    return [
      ...Array.from({ length: latent }, (_, d): ScatterChoice => ({ name: `z${d + 1}`, kind: "latent" })),
      ...(latent > 1 && count > 1
        ? Array.from(
            { length: latent },
            (_, c): ScatterChoice => ({ name: `PC ${c + 1}`, kind: "component" }),
          )
        : []),
      ...(latent === 1 ? [{ name: HISTOGRAM, kind: "number" } as const] : []),
      ...this.columnChoices().filter(({ kind }) => kind === "number"),
      { name: ROW, kind: "number" },
    ];
  }

  /** What can colour the points, sets aside. */
  colours(): ScatterChoice[] {
    return [
      ...this.axes().filter(({ name }) => this.latent > 1 || name !== HISTOGRAM),
      ...this.columnChoices().filter(({ kind }) => kind === "category"),
    ];
  }

  private columnChoices(): ScatterChoice[] {
    return Array.from(this.columns, ([name, column]) => ({
      name,
      kind: "numbers" in column ? "number" : "category",
      ...(column.unit ? { unit: column.unit } : {}),
    }));
  }

  columnNames(): string[] {
    return [...this.columns.keys()];
  }

  /** The column as it was given. */
  column(name: string): { numbers: ArrayLike<number> } | { categories: CategoryColumn } | undefined {
    return this.columns.get(name);
  }

  /** Coordinates of all particles along an axis, as they are drawn and selected on. */
  values(name: string): Float32Array {
    const known = this.drawn.get(name);
    if (known) return known;
    const values = this.made(name);
    this.drawn.set(name, values);
    return values;
  }

  private made(name: string): Float32Array {
    const d = this.latentIndex(name);
    if (d >= 0) return columnsOf(this.points, this.latent, [d])[0]!;
    const c = this.componentIndex(name);
    if (c >= 0) {
      const { axes, mean } = this.pca();
      const axis = axes.slice(c * this.latent, (c + 1) * this.latent);
      return pcaTransform({ ...this.pca(), axes: axis, mean }, this.points, 1);
    }
    if (name === ROW) return Float32Array.from({ length: this.count }, (_, i) => i);
    if (this.latent === 1 && name === HISTOGRAM) return histogramHeights(this.points, HISTOGRAM_SEED);
    const column = this.columns.get(name);
    if (!column || !("numbers" in column))
      throw new InputError("axis", "a column of numbers", JSON.stringify(name));
    return new Float32Array(column.numbers);
  }

  private pca(): Pca {
    this.components ??= pca(this.points, this.latent);
    return this.components;
  }

  /**
   * Where the particles spread most: two latent vectors between which 96 % of them lie. In one dimension from the 2nd to
   * the 98th percentile of z; in more, along the first principal component through the mean, between these percentiles.
   * @returns an empty array for fewer than two particles
   */
  widest(): number[][] {
    if (this.count < 2) return [];
    const { low, high } = robustRange(this.values(this.latent > 1 ? "PC 1" : "z1"), WIDEST_OUTSIDE);
    if (this.latent === 1) return [[low], [high]];
    const { axes, mean } = this.pca();
    return [low, high].map((along) => Array.from(mean, (middle, d) => middle + along * axes[d]!));
  }

  /** The name with what belongs beside it: the unit, a component's part of the whole variance. */
  title(name: string): string {
    const c = this.componentIndex(name);
    if (c >= 0) return `${name} (${(100 * this.pca().explained[c]!).toFixed(0)} % of the variance)`;
    if (this.latent === 1 && name === HISTOGRAM) return "particles (histogram)";
    const unit = this.columns.get(name)?.unit;
    return unit ? `${name} (${unit})` : name;
  }

  /** Whether a place along the axis says nothing of the latent vector: it only spreads the particles out. */
  spreads(name: string): boolean {
    return name === ROW || (this.latent === 1 && name === HISTOGRAM);
  }

  /**
   * The axis as a function of the latent vector, where it is a linear one. One that only spreads the particles out is 0
   * everywhere, so that probe and path lie at its foot and are moved along the other axes alone.
   */
  linear(name: string): LinearAxis | undefined {
    if (this.spreads(name)) return { weights: new Float64Array(this.latent), offset: 0 };
    const d = this.latentIndex(name);
    if (d >= 0)
      return { weights: Float64Array.from({ length: this.latent }, (_, e) => (e === d ? 1 : 0)), offset: 0 };
    const c = this.componentIndex(name);
    if (c < 0) return undefined;
    const { axes, mean } = this.pca();
    const weights = axes.slice(c * this.latent, (c + 1) * this.latent);
    return { weights, offset: -weights.reduce((sum, w, e) => sum + w * mean[e]!, 0) };
  }

  /** z of a particle. */
  latentOf(row: number): number[] {
    return Array.from(this.points.subarray(row * this.latent, (row + 1) * this.latent));
  }

  private latentIndex(name: string): number {
    return numbered(name, "z", this.latent);
  }

  private componentIndex(name: string): number {
    return this.latent > 1 ? numbered(name, "PC ", this.latent) : -1;
  }
}

function numbered(name: string, prefix: string, count: number): number {
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

function knownColumn(column: ScatterColumn | ParticleColumn): KnownColumn {
  if ("codes" in column) return { categories: { codes: column.codes, names: column.names } };
  const unit = column.unit === undefined ? {} : { unit: column.unit };
  if (typeof column.values[0] !== "string") return { ...unit, numbers: column.values as ArrayLike<number> };
  const known = new Map<string, number>();
  const codes = Uint32Array.from(column.values as readonly string[], (word) => {
    const code = known.get(word) ?? known.size;
    known.set(word, code);
    return code;
  });
  return { ...unit, categories: { codes, names: [...known.keys()] } };
}
