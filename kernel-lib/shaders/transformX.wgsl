// Fourier transform of the grids along x, only the frequencies that are used, as a product of matrices (product.wgsl):
// H(kx, y) = Σ_x g(y, x)·e^{−2πi kx·x/M}. Few frequencies of a grid are used, so that a fast Fourier transform would not be faster.
// Batch: model and class.

/** M, cells along an edge of the grid. */
override grid: u32;
/** K, the outermost ring. */
override rings: u32;
override rows: u32 = rings + 1u;
override columns: u32 = grid;
override inner: u32 = grid;

/** cos and sin of 2πj/M. */
@group(0) @binding(0) var<storage, read> circle: array<vec2f>;
@group(0) @binding(1) var<storage, read> grids: array<f32>;
/** [batch · (K + 1) · M], y fastest. */
@group(0) @binding(2) var<storage, read_write> half: array<vec2f>;

fn left(batch: u32, kx: u32, x: u32) -> vec2f {
  let e = circle[(kx * x) % grid];
  return vec2f(e.x, -e.y);
}

fn right(batch: u32, x: u32, y: u32) -> vec2f {
  return vec2f(grids[(batch * grid + y) * grid + x], 0.0);
}

fn put(batch: u32, kx: u32, y: u32, value: vec2f) {
  half[(batch * rows + kx) * grid + y] = value;
}
