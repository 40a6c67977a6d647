// The gradient G of the score in the projection, transformed back along y with the corrections of each class, as a product of
// matrices (product.wgsl): F(kx, y) = c(kx)·Σ_ky c(ky)·G(kx, ky)·e^{2πi ky·y/M}, with G = m·w/|P|·(I − FRC/|P|·P) and m = 2 for
// kx > 0. Batch: particle and class.

/** M, cells along an edge of the grid. */
override grid: u32;
/** K, the outermost ring of the projections, and of the targets. */
override rings: u32;
override targetRings: u32;
/** Classes of widths. */
override classes: u32;
/** Numbers of a class in `plan`. */
override classStride: u32;
override rows: u32 = rings + 1u;
override columns: u32 = grid;
override inner: u32 = 2u * rings + 1u;

/** cos and sin of 2πj/M. */
@group(0) @binding(0) var<storage, read> circle: array<vec2f>;
/** See place.wgsl. */
@group(0) @binding(1) var<storage, read> plan: array<f32>;
/** Ring of each sample of the disc; 0 outside and at the origin. */
@group(0) @binding(2) var<storage, read> ringOf: array<u32>;
/** From score.wgsl. */
@group(0) @binding(3) var<storage, read> factors: array<vec2f>;
@group(0) @binding(4) var<storage, read> images: array<vec2f>;
@group(0) @binding(5) var<storage, read> targets: array<vec2f>;
/** [batch · (K + 1) · M], y fastest. */
@group(0) @binding(6) var<storage, read_write> half: array<vec2f>;

fn correction(widthClass: u32, k: u32) -> f32 {
  return plan[3u + widthClass * classStride + k];
}

fn left(batch: u32, kx: u32, column: u32) -> vec2f {
  let particle = batch / classes;
  let sample = kx * inner + column;
  let ring = ringOf[sample];
  let factor = factors[particle * (rings + 1u) + ring];
  if (ring == 0u) {
    return vec2f();
  }
  let width = 2u * targetRings + 1u;
  let i = targets[particle * (targetRings + 1u) * width + kx * width + column + targetRings - rings];
  let p = images[particle * rows * inner + sample];
  return select(2.0, 1.0, kx == 0u) * correction(batch % classes, kx) * factor.x * (i - factor.y * p);
}

fn right(batch: u32, column: u32, y: u32) -> vec2f {
  let distance = u32(abs(i32(column) - i32(rings)));
  let e = circle[(distance * y) % grid];
  return correction(batch % classes, distance) * vec2f(e.x, select(-e.y, e.y, column >= rings));
}

fn put(batch: u32, kx: u32, y: u32, value: vec2f) {
  half[(batch * rows + kx) * grid + y] = value;
}
