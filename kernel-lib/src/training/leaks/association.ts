/*
 * How strongly places are associated with a nuisance, as a function of an assignment of nuisances to places, so that the same
 * number is found for the true assignment and for permuted ones.
 */

/** Places as they are compared with nuisances. */
export interface ComparedPlaces {
  latent: number;
  /** Each axis centred and of length 1, by row: [n · latent]. */
  values: Float64Array;
  /** Cell of each place. */
  cells: Int32Array;
}

/** A nuisance as it is compared with places. */
export interface Compared {
  /** Columns of length 1, orthogonal to each other and to a constant; undefined for groups. */
  columns?: Float64Array[];
  /** Cell of each particle; the groups themselves for groups. */
  cells: Int32Array;
}

/** Measures associations of one nuisance. */
export class AssociationMeter {
  private readonly table: Int32Array;
  private readonly placeCells: number;
  private readonly cells: number;
  /** Entropy-like sum of the margins, which no permutation changes. */
  private readonly margins: number;
  private readonly logs: Float64Array;
  /** Products or sums of each axis with the columns or groups, [latent · width]. */
  private readonly sums: Float64Array;
  private readonly width: number;
  /** 1 for a column, 1/n for a group. */
  private readonly scale: Float64Array;
  /** Columns by row, [n · width]. */
  private readonly byRow: Float64Array;

  constructor(
    private readonly places: ComparedPlaces,
    nuisance: Compared,
  ) {
    const { latent, cells: placeCells } = places;
    const n = placeCells.length;
    const { columns, cells } = nuisance;
    this.ownCells = cells;
    this.placeCells = 1 + placeCells.reduce((most, cell) => Math.max(most, cell), 0);
    this.cells = 1 + cells.reduce((most, cell) => Math.max(most, cell), 0);
    this.table = new Int32Array(this.placeCells * this.cells);
    this.logs = Float64Array.from({ length: n + 1 }, (_, c) => (c === 0 ? 0 : c * Math.log(c)));
    const [rowCounts, counts] = [countsOf(placeCells, this.placeCells), countsOf(cells, this.cells)];
    this.margins = this.sumOfLogs(rowCounts) + this.sumOfLogs(counts);
    this.width = columns ? columns.length : this.cells;
    this.scale = columns ? new Float64Array(this.width).fill(1) : Float64Array.from(counts, (c) => 1 / c);
    this.byRow = new Float64Array(columns ? n * this.width : 0);
    columns?.forEach((column, k) => {
      for (let i = 0; i < n; i++) this.byRow[i * this.width + k] = column[i]!;
    });
    this.grouped = !columns;
    this.sums = new Float64Array(latent * this.width);
  }

  private readonly ownCells: Int32Array;
  private readonly grouped: boolean;

  /** Correlation of each axis with the first column, after {@link explained}, [latent]. */
  correlations(): Float64Array {
    return Float64Array.from({ length: this.places.latent }, (_, d) => this.sums[d * this.width]!);
  }

  /**
   * Fraction of the variance of each axis that the nuisance explains (R²; η² for groups), where place i belongs to the nuisance
   * of row `order[i]`, [latent].
   */
  explained(order: Int32Array): Float64Array {
    const { sums, width, grouped, byRow, ownCells, scale } = this;
    const { latent, values } = this.places;
    sums.fill(0);
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      for (let d = 0; d < latent; d++) {
        const z = values[i * latent + d]!;
        const at = d * width;
        if (grouped) sums[at + ownCells[row]!]! += z;
        else for (let k = 0; k < width; k++) sums[at + k]! += z * byRow[row * width + k]!;
      }
    }
    return Float64Array.from({ length: latent }, (_, d) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += sums[d * width + k]! ** 2 * scale[k]!;
      return sum;
    });
  }

  /** Mutual information of place and nuisance, in nats: Σ p log(p / (p_place · p_nuisance)), p being fractions of particles. */
  information(order: Int32Array): number {
    const { table, cells, ownCells } = this;
    const { cells: placeCells } = this.places;
    table.fill(0);
    for (let i = 0; i < order.length; i++) table[placeCells[i]! * cells + ownCells[order[i]!]!]!++;
    return Math.max(0, (this.sumOfLogs(table) - this.margins) / order.length + Math.log(order.length));
  }

  private sumOfLogs(counts: Int32Array): number {
    let sum = 0;
    for (let c = 0; c < counts.length; c++) sum += this.logs[counts[c]!]!;
    return sum;
  }
}

function countsOf(cells: Int32Array, count: number): Int32Array {
  const counts = new Int32Array(count);
  for (const cell of cells) counts[cell]!++;
  return counts;
}

/**
 * Cells of places with equally many particles each: halved along one axis after the other.
 * @param places [n · latent]
 * @param count of cells, a power of 2
 */
export function placeCells(places: ArrayLike<number>, latent: number, count: number): Int32Array {
  const n = places.length / latent;
  const cells = new Int32Array(n);
  for (let parts = 1, axis = 0; parts < count; parts *= 2, axis = (axis + 1) % latent) {
    for (let part = parts - 1; part >= 0; part--) {
      const rows: number[] = [];
      for (let i = 0; i < n; i++) if (cells[i] === part) rows.push(i);
      rows.sort((a, b) => places[a * latent + axis]! - places[b * latent + axis]!);
      // From the last part on, so that the doubled numbers are free.
      rows.forEach((row, at) => {
        cells[row] = -1 - (2 * part + (2 * at < rows.length ? 0 : 1));
      });
    }
    for (let i = 0; i < n; i++) cells[i] = -1 - cells[i]!;
  }
  return cells;
}
