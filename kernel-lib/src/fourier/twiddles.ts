const knownTwiddles = new Map<number, Float32Array>();

/** cos and −sin of 2πj/M, interleaved (cached). */
export function twiddles(grid: number): Float32Array {
  const cached = knownTwiddles.get(grid);
  if (cached) return cached;
  const table = new Float32Array(2 * grid);
  for (let j = 0; j < grid; j++) {
    table[2 * j] = Math.cos((2 * Math.PI * j) / grid);
    table[2 * j + 1] = -Math.sin((2 * Math.PI * j) / grid);
  }
  knownTwiddles.set(grid, table);
  return table;
}
