/** Values on a regular grid in the plane. */
export interface GridValues {
  /** Coordinates of the columns at equal distances, ascending. */
  x: ArrayLike<number>;
  /** Coordinates of the rows at equal distances, ascending. */
  y: ArrayLike<number>;
  /** [rows · columns], x fastest. */
  values: ArrayLike<number>;
}

/**
 * The value above which a fraction of the sum of all values lies: the outline of the densest region that holds so much of a
 * population.
 */
export function levelEnclosing(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort().reverse();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  for (const value of sorted) {
    sum += value;
    if (sum >= fraction * total) return value;
  }
  return 0;
}

/** Crossed edges of a cell that a line joins: bottom 0, right 1, top 2, left 3; by which corners are above the level. */
const joined: readonly (readonly [number, number][])[] = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  // Two opposite corners: as if the middle were below; `segmentsOf` looks.
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[2, 0]],
  [
    [0, 1],
    [2, 3],
  ],
  [[2, 1]],
  [[1, 3]],
  [[1, 0]],
  [[0, 3]],
  [],
];

/**
 * Closed lines along which values on a grid have a level, each [points · 2], the last point as the first. Outside of the grid values
 * count as below the level. Marching squares; between grid points values are linear.
 */
export function contourLines({ x, y, values }: GridValues, level: number): Float64Array[] {
  const [columns, rows] = [x.length, y.length];
  // A frame of values below the level closes all lines. A point of the frame has the index −1 or that behind the last.
  const above = (row: number, column: number) =>
    row >= 0 && row < rows && column >= 0 && column < columns
      ? values[row * columns + column]! - level
      : Number.NEGATIVE_INFINITY;
  const width = columns + 2;
  // Edges to the right of a point have even numbers, those upwards odd ones.
  const edgeOf = (row: number, column: number, side: number) => {
    const [r, c] = [side === 2 ? row + 1 : row, side === 1 ? column + 1 : column];
    return 2 * ((r + 1) * width + c + 1) + (side % 2);
  };
  const next = new Map<number, number[]>();
  const join = (a: number, b: number) => {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const known = next.get(from);
      if (known) known.push(to);
      else next.set(from, [to]);
    }
  };
  for (let row = -1; row < rows; row++) {
    for (let column = -1; column < columns; column++) {
      const corners = [
        above(row, column),
        above(row, column + 1),
        above(row + 1, column + 1),
        above(row + 1, column),
      ];
      for (const [from, to] of segmentsOf(corners)) join(edgeOf(row, column, from), edgeOf(row, column, to));
    }
  }
  const point = (edge: number): [number, number] => {
    const at = Math.floor(edge / 2);
    const [row, column] = [Math.floor(at / width) - 1, (at % width) - 1];
    const upwards = edge % 2 === 1;
    const [a, b] = [above(row, column), upwards ? above(row + 1, column) : above(row, column + 1)];
    // On the frame a line follows the outermost points.
    const part = a === Number.NEGATIVE_INFINITY ? 1 : b === Number.NEGATIVE_INFINITY ? 0 : a / (a - b);
    return [interpolated(x, column + (upwards ? 0 : part)), interpolated(y, row + (upwards ? part : 0))];
  };
  return closedLines(next).map((edges) => Float64Array.from(edges.flatMap(point)));
}

function segmentsOf(corners: readonly number[]): readonly (readonly [number, number])[] {
  const code = corners.reduce((sum, value, k) => sum + (value >= 0 ? 2 ** k : 0), 0);
  const isSaddle = code === 5 || code === 10;
  const middle = corners.reduce((sum, value) => sum + value, 0);
  return joined[isSaddle && middle >= 0 ? 15 - code : code]!;
}

/** The coordinate at an index with a fraction. */
function interpolated(coordinates: ArrayLike<number>, index: number): number {
  const last = coordinates.length - 1;
  const at = Math.min(Math.max(index, 0), last);
  const below = Math.min(Math.floor(at), last - 1);
  const t = at - below;
  return (1 - t) * coordinates[below]! + t * coordinates[below + 1]!;
}

/** Rings of numbers that are joined in pairs; the first one of each again at its end. */
function closedLines(next: Map<number, number[]>): number[][] {
  const lines: number[][] = [];
  const seen = new Set<number>();
  for (const first of next.keys()) {
    if (seen.has(first)) continue;
    const line = [first];
    seen.add(first);
    for (let at = first; ; ) {
      const following = next.get(at)!.find((edge) => !seen.has(edge));
      if (following === undefined) break;
      seen.add(following);
      line.push(following);
      at = following;
    }
    lines.push([...line, first]);
  }
  return lines;
}
