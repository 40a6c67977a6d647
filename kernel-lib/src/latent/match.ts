import { InputError } from "../errors";

/**
 * Solves the assignment problem: matches rows to columns one to one with the smallest sum of costs (Kuhn, 1955; by shortest
 * augmenting paths, Jonker and Volgenant, 1987).
 *
 * @param cost [rows · columns], finite; pass negatives to maximize
 * @returns the column of each row, [rows]; −1 for unmatched rows if there are fewer columns
 * @throws InputError for a matrix of another size, and costs that are not finite
 * @example
 * ```ts
 * const columns = e2.latent.assignment([1, 5, 2, 9], 2, 2); // [1, 0]
 * ```
 */
export function assignment(cost: ArrayLike<number>, rows: number, columns: number): Int32Array {
  if (cost.length !== rows * columns || !Array.from(cost).every(Number.isFinite)) {
    throw new InputError("cost", `${rows}×${columns} finite numbers`, `${cost.length} numbers`);
  }
  const columnOf = new Int32Array(rows).fill(-1);
  if (rows <= columns) {
    const rowOf = assignAll((i, j) => cost[i * columns + j]!, rows, columns);
    rowOf.forEach((i, j) => {
      if (i >= 0) columnOf[i] = j;
    });
  } else {
    assignAll((j, i) => cost[i * columns + j]!, columns, rows).forEach((j, i) => {
      columnOf[i] = j;
    });
  }
  return columnOf;
}

type Cost = (row: number, column: number) => number;

/** State of the assignment. */
interface Assignment {
  /** Row of each column, −1 for none. */
  rowOf: Int32Array;
  /** Column of each row, −1 for none. */
  columnOf: Int32Array;
  /** Dual variables: reduced costs, cost − rowPrice − columnPrice, stay ≥ 0, and 0 for assigned pairs. */
  rowPrice: Float64Array;
  columnPrice: Float64Array;
}

/** The row of each column, −1 for none. Expects at most as many rows as columns. */
function assignAll(cost: Cost, rows: number, columns: number): Int32Array {
  const assignment: Assignment = {
    rowOf: new Int32Array(columns).fill(-1),
    columnOf: new Int32Array(rows).fill(-1),
    rowPrice: new Float64Array(rows),
    columnPrice: new Float64Array(columns),
  };
  for (let row = 0; row < rows; row++) augment(assignment, row, cost);
  return assignment.rowOf;
}

/** Assigns one more row: Dijkstra's search for the nearest free column, then an augmentation along that path. */
function augment({ rowOf, columnOf, rowPrice, columnPrice }: Assignment, start: number, cost: Cost): void {
  const columns = rowOf.length;
  const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const via = new Int32Array(columns).fill(-1);
  const reached = new Uint8Array(columns);
  let row = start;
  let walked = 0;
  let end = -1;
  while (end < 0) {
    let next = -1;
    for (let j = 0; j < columns; j++) {
      if (reached[j]) continue;
      const length = walked + cost(row, j) - rowPrice[row]! - columnPrice[j]!;
      if (length < distance[j]!) {
        distance[j] = length;
        via[j] = row;
      }
      if (next < 0 || distance[j]! < distance[next]!) next = j;
    }
    walked = distance[next]!;
    reached[next] = 1;
    if (rowOf[next]! < 0) end = next;
    else row = rowOf[next]!;
  }
  rowPrice[start]! += walked;
  for (let j = 0; j < columns; j++) {
    if (!reached[j] || j === end) continue;
    rowPrice[rowOf[j]!]! += walked - distance[j]!;
    columnPrice[j]! -= walked - distance[j]!;
  }
  for (let j = end; j >= 0; ) {
    const owner = via[j]!;
    const before = columnOf[owner]!;
    columnOf[owner] = j;
    rowOf[j] = owner;
    j = before;
  }
}

/** One-to-one correspondence of two labellings of the same points. */
export interface MatchedLabels {
  /** For each label of the first the corresponding label of the second, −1 for none. */
  match: Int32Array;
  /** For each label of the first the number of points with both labels of the pair. */
  shared: Int32Array;
  /** Fraction of the points with a label in both whose labels correspond. */
  agreement: number;
}

/**
 * Matches the clusters of two labellings of the same points one to one, so that as many points as possible have
 * corresponding labels. Negative labels, such as −1 for noise, are ignored.
 *
 * @throws InputError for labellings of different lengths, and labels that are not integers
 * @example
 * ```ts
 * const { match, agreement } = e2.latent.matchLabels([0, 0, 1, 1], [1, 1, 0, 0]); // [1, 0] and 1
 * ```
 */
export function matchLabels(first: ArrayLike<number>, second: ArrayLike<number>): MatchedLabels {
  if (first.length !== second.length) {
    throw new InputError("labels", `labels of the same points, ${first.length}`, String(second.length));
  }
  let rows = 0;
  let columns = 0;
  for (let i = 0; i < first.length; i++) {
    if (!Number.isInteger(first[i]) || !Number.isInteger(second[i])) {
      throw new InputError(`point ${i}`, "integers as labels", `${first[i]} and ${second[i]}`);
    }
    rows = Math.max(rows, first[i]! + 1);
    columns = Math.max(columns, second[i]! + 1);
  }
  const both = new Int32Array(rows * columns);
  let counted = 0;
  for (let i = 0; i < first.length; i++) {
    if (first[i]! < 0 || second[i]! < 0) continue;
    both[first[i]! * columns + second[i]!]!++;
    counted++;
  }
  const match = assignment(
    both.map((count) => -count),
    rows,
    columns,
  );
  const shared = match.map((column, row) => (column < 0 ? 0 : both[row * columns + column]!));
  return { match, shared, agreement: counted > 0 ? shared.reduce((a, b) => a + b, 0) / counted : 0 };
}

/**
 * Adjusted Rand index of two labellings of the same points (Hubert and Arabie, J. Classif. 2, 193, 1985): 1 if they are the
 * same but for the names of the labels, 0 on average for independent ones.
 * @throws InputError for labellings of different lengths, and fewer than two points
 * @example
 * ```ts
 * const index = e2.latent.adjustedRandIndex([0, 0, 1, 1], [1, 1, 0, 0]); // 1
 * ```
 */
export function adjustedRandIndex(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const n = first.length;
  if (n !== second.length || n < 2) {
    throw new InputError("labels", `labels of the same points, at least two`, `${n} and ${second.length}`);
  }
  const counts = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()] as const;
  for (let i = 0; i < n; i++) {
    const keys = [`${first[i]} ${second[i]}`, `${first[i]}`, `${second[i]}`];
    for (const [c, count] of counts.entries()) count.set(keys[c]!, (count.get(keys[c]!) ?? 0) + 1);
  }
  const pairsOf = (m: number) => (m * (m - 1)) / 2;
  const [both, a, b] = counts.map((count) => [...count.values()].reduce((sum, m) => sum + pairsOf(m), 0)) as [
    number,
    number,
    number,
  ];
  const expected = (a * b) / pairsOf(n);
  const most = (a + b) / 2;
  // One label for all, or one for each, in both.
  return most === expected ? 1 : (both - expected) / (most - expected);
}
