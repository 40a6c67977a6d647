const cache = new Map<number, Float32Array>();

/** cos and −sin of 2πj/n for j = 0 … n − 1, interleaved (cached). */
export function twiddles(n: number): Float32Array {
  const cached = cache.get(n);
  if (cached) return cached;
  const table = new Float32Array(2 * n);
  for (let j = 0; j < n; j++) {
    table[2 * j] = Math.cos((2 * Math.PI * j) / n);
    table[2 * j + 1] = -Math.sin((2 * Math.PI * j) / n);
  }
  cache.set(n, table);
  return table;
}
