/**
 * Squared distance in voxels of each voxel from the nearest one that is set, [z][y][x], exact
 * (Felzenszwalb and Huttenlocher, Theory of Computing 8, 415, 2012).
 * @param inside 1 for voxels that are set, else 0
 * @param size   nx, ny, nz
 */
export function squaredDistances(inside: Uint8Array, size: readonly [number, number, number]): Float64Array {
  const [nx, ny, nz] = size;
  // Larger than any distance in the box, and finite, so that differences of two such values are 0 and not NaN.
  const far = nx * nx + ny * ny + nz * nz + 1;
  const squared = Float64Array.from(inside, (set) => (set ? 0 : far));
  const transform = new LowerEnvelope(Math.max(nx, ny, nz));
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) transform.apply(squared, nx * (y + ny * z), 1, nx);
    for (let x = 0; x < nx; x++) transform.apply(squared, x + nx * ny * z, nx, ny);
  }
  for (let i = 0; i < nx * ny; i++) transform.apply(squared, i, nx * ny, nz);
  return squared;
}

/** d(p) = min over q of (p − q)² + f(q) along one line: the lower envelope of parabolas standing at each q. */
class LowerEnvelope {
  private readonly values: Float64Array;
  private readonly at: Int32Array;
  private readonly from: Float64Array;

  constructor(longest: number) {
    this.values = new Float64Array(longest);
    this.at = new Int32Array(longest);
    this.from = new Float64Array(longest + 1);
  }

  apply(data: Float64Array, start: number, stride: number, n: number): void {
    const { values, at, from } = this;
    for (let q = 0; q < n; q++) values[q] = data[start + q * stride]!;
    let last = 0;
    at[0] = 0;
    from[0] = Number.NEGATIVE_INFINITY;
    from[1] = Number.POSITIVE_INFINITY;
    for (let q = 1; q < n; q++) {
      let crossing = this.crossing(q, at[last]!);
      while (crossing <= from[last]!) {
        last--;
        crossing = this.crossing(q, at[last]!);
      }
      last++;
      at[last] = q;
      from[last] = crossing;
      from[last + 1] = Number.POSITIVE_INFINITY;
    }
    for (let p = 0, k = 0; p < n; p++) {
      while (from[k + 1]! < p) k++;
      data[start + p * stride] = (p - at[k]!) ** 2 + values[at[k]!]!;
    }
  }

  private crossing(q: number, p: number): number {
    return (this.values[q]! + q * q - this.values[p]! - p * p) / (2 * (q - p));
  }
}
