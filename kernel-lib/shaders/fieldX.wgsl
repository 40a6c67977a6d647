// From fieldY.wgsl to the field on the grid, as a product of matrices (product.wgsl): f(y, x) = Re Σ_kx F(kx, y)·e^{2πi kx·x/M}.
// Batch: particle and class.

/** M, cells along an edge of the grid. */
override grid: u32;
/** K, the outermost ring. */
override rings: u32;
override rows: u32 = grid;
override columns: u32 = grid;
override inner: u32 = rings + 1u;

/** cos and sin of 2πj/M. */
@group(0) @binding(0) var<storage, read> circle: array<vec2f>;
/** From fieldY.wgsl. */
@group(0) @binding(1) var<storage, read> half: array<vec2f>;
/** One field of M² per particle and class, row by row. */
@group(0) @binding(2) var<storage, read_write> fields: array<f32>;

fn left(batch: u32, y: u32, kx: u32) -> vec2f {
  return half[(batch * inner + kx) * grid + y];
}

fn right(batch: u32, kx: u32, x: u32) -> vec2f {
  return circle[(kx * x) % grid];
}

fn put(batch: u32, y: u32, x: u32, value: vec2f) {
  fields[(batch * grid + y) * grid + x] = value.x;
}
