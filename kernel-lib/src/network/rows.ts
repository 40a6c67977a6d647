import type { NetworkCompute } from "./networkCompute";

/** Rows of a batch in the memory of the threads: `columns` numbers each, `pitch` numbers apart, padded with zeros. */
export class Rows {
  /** Numbers from one row to the next. */
  readonly pitch: number;
  /** Address of the first row in bytes. */
  readonly address: number;
  /** All rows with their padding, [rows · pitch]. */
  readonly values: Float32Array;

  /** @param rows a multiple of 4 */
  constructor(
    threads: NetworkCompute,
    readonly rows: number,
    readonly columns: number,
  ) {
    // An odd number of cache lines, so that rows do not compete for the same cache sets.
    this.pitch = 16 * (Math.ceil(columns / 16) | 1);
    this.address = threads.take(4 * rows * this.pitch);
    this.values = threads.view(this.address, rows * this.pitch);
  }

  /** Fills the first rows with `count` dense rows from row `first` of `data` on. */
  put(data: Float32Array, first: number, count: number): void {
    const { columns, pitch } = this;
    for (let b = 0; b < count; b++) {
      const from = (first + b) * columns;
      this.values.set(data.subarray(from, from + columns), b * pitch);
    }
  }

  /** Copies the first `count` rows to `data` as dense rows, from row `first` on. */
  take(data: Float32Array, first: number, count: number): void {
    const { columns, pitch } = this;
    for (let b = 0; b < count; b++) {
      data.set(this.values.subarray(b * pitch, b * pitch + columns), (first + b) * columns);
    }
  }

  /** A dense copy of the first `count` rows, [count · columns]. */
  dense(count: number): Float32Array {
    const out = new Float32Array(count * this.columns);
    this.take(out, 0, count);
    return out;
  }
}
