import { InputError } from "../../errors";

/*
 * Sets of rows of a table, such as particles: indices from 0, ascending, each once.
 */

/** Rows for which `chosen` returns true; it is called once for every row, in order. */
export function rowsWhere(n: number, chosen: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) if (chosen(i)) rows[count++] = i;
  return rows.slice(0, count);
}

/**
 * Rows of each label from 0 to `count` − 1; rows with other labels, such as −1 for noise, are in none.
 * @example
 * ```ts
 * const [first, second] = e2.latent.rowsByLabel([0, 1, 1, -1, 0], 2); // [0, 4] and [1, 2]
 * ```
 */
export function rowsByLabel(labels: ArrayLike<number>, count: number): Uint32Array[] {
  const sizes = new Uint32Array(count);
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0 && labels[i]! < count) sizes[labels[i]!]!++;
  const rows = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label >= 0 && label < count) rows[label]![sizes[label]!++] = i;
  }
  return rows;
}

/**
 * Validates rows of a table of `n`, sorts them and removes duplicates.
 * @throws InputError for an entry that is not a row of the table
 */
export function checkedRows(rows: ArrayLike<number>, n: number): Uint32Array {
  let ascending = true;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= n) {
      throw new InputError(`rows: entry ${i + 1}`, `a row from 0 to ${n - 1}`, String(row));
    }
    if (i > 0 && row <= rows[i - 1]!) ascending = false;
  }
  const out = Uint32Array.from(rows);
  if (ascending) return out;
  const sorted = out.sort();
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}

/**
 * Rows in at least one of two ascending lists.
 * @example
 * ```ts
 * const rows = e2.latent.unionRows(Uint32Array.of(0, 2), Uint32Array.of(2, 3)); // [0, 2, 3]
 * ```
 */
export function unionRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merged(a, b, { onlyA: true, both: true, onlyB: true });
}

/**
 * Rows in both of two ascending lists.
 * @example
 * ```ts
 * const rows = e2.latent.intersectRows(Uint32Array.of(0, 2), Uint32Array.of(2, 3)); // [2]
 * ```
 */
export function intersectRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merged(a, b, { onlyA: false, both: true, onlyB: false });
}

/**
 * Rows of the first of two ascending lists that are not in the second.
 * @example
 * ```ts
 * const rows = e2.latent.subtractRows(Uint32Array.of(0, 2), Uint32Array.of(2, 3)); // [0]
 * ```
 */
export function subtractRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merged(a, b, { onlyA: true, both: false, onlyB: false });
}

/**
 * The complement: all rows of a table of `n` that are not in an ascending list.
 * @example
 * ```ts
 * const rows = e2.latent.otherRows(Uint32Array.of(0, 2), 4); // [1, 3]
 * ```
 */
export function otherRows(rows: Uint32Array, n: number): Uint32Array {
  let at = 0;
  return rowsWhere(n, (i) => {
    if (rows[at] !== i) return true;
    at++;
    return false;
  });
}

/** Which rows of two lists a merge keeps. */
interface Kept {
  onlyA: boolean;
  both: boolean;
  onlyB: boolean;
}

function merged(a: Uint32Array, b: Uint32Array, { onlyA, both, onlyB }: Kept): Uint32Array {
  const out = new Uint32Array(onlyB ? a.length + b.length : a.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [p, q] = [a[i]!, b[j]!];
    if (p === q ? both : p < q ? onlyA : onlyB) out[count++] = Math.min(p, q);
    if (p <= q) i++;
    if (q <= p) j++;
  }
  if (onlyA) while (i < a.length) out[count++] = a[i++]!;
  if (onlyB) while (j < b.length) out[count++] = b[j++]!;
  return out.slice(0, count);
}
