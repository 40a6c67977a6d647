import { InputError } from "../errors";

/**
 * Gives every row a column of its own so that the sum of the costs is least (the assignment problem: Kuhn, 1955; by
 * shortest augmenting paths, Jonker and Volgenant, 1987).
 *
 * @param cost [rows · columns], finite; for the largest sum give their negatives
 * @returns the column of each row, −1 for rows left over where there are fewer columns, [rows]
 * @throws InputError for a matrix of another size or costs that are not finite
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

/** The row of each column, −1 for none; there are no more rows than columns. */
function assignAll(cost: (row: number, column: number) => number, rows: number, columns: number): Int32Array {
  // Prices keep every reduced cost, cost − rowPrice − columnPrice, at 0 or more, and at 0 for what is assigned.
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  const columnOf = new Int32Array(rows).fill(-1);
  for (let start = 0; start < rows; start++) {
    // Dijkstra's search from a row without a column to the nearest column without a row.
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
    // The columns along the way change hands.
    for (let j = end; j >= 0; ) {
      const owner = via[j]!;
      const before = columnOf[owner]!;
      columnOf[owner] = j;
      rowOf[j] = owner;
      j = before;
    }
  }
  return rowOf;
}

export interface MatchedLabels {
  /** The label in the second that each of the first corresponds to, −1 for none. */
  match: Int32Array;
  /** Points that have both labels of a pair, for each label of the first. */
  shared: Int32Array;
  /** Fraction of the points with a label in both whose labels correspond. */
  agreement: number;
}

/**
 * Matches the clusters of two divisions of the same points one to one, so that as many points as can be have corresponding
 * labels. Negative labels, such as noise, are left out.
 *
 * @throws InputError for divisions of different points, and for labels that are no integers
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
