// From the grids' transforms along x to the projections, as a product of matrices (product.wgsl):
// P(kx, ky) = Σ over classes of c(kx)·c(ky)·Σ_y H(kx, y)·e^{−2πi ky·y/M}, where the corrections c divide the extra variance of the
// class out again. Batch: model. The inner index runs over the classes and y.

/** M, cells along an edge of the grid. */
override grid: u32;
/** K, the outermost ring. */
override rings: u32;
/** Classes of widths. */
override classes: u32;
/** Numbers of a class in `plan`. */
override classStride: u32;
override rows: u32 = rings + 1u;
override columns: u32 = 2u * rings + 1u;
override inner: u32 = classes * grid;

/** cos and sin of 2πj/M. */
@group(0) @binding(0) var<storage, read> circle: array<vec2f>;
/** See place.wgsl. */
@group(0) @binding(1) var<storage, read> plan: array<f32>;
/** From transformX.wgsl. */
@group(0) @binding(2) var<storage, read> half: array<vec2f>;
/** Ring of each sample of the disc; 0 outside and at the origin. */
@group(0) @binding(3) var<storage, read> ringOf: array<u32>;
/** Projections in the layout of the disc. */
@group(0) @binding(4) var<storage, read_write> images: array<vec2f>;

fn correction(widthClass: u32, k: u32) -> f32 {
  return plan[3u + widthClass * classStride + k];
}

fn left(batch: u32, kx: u32, k: u32) -> vec2f {
  let widthClass = k / grid;
  return correction(widthClass, kx) * half[((batch * classes + widthClass) * rows + kx) * grid + k % grid];
}

fn right(batch: u32, k: u32, column: u32) -> vec2f {
  let distance = u32(abs(i32(column) - i32(rings)));
  let e = circle[(distance * (k % grid)) % grid];
  let sine = select(e.y, -e.y, column >= rings);
  return correction(k / grid, distance) * vec2f(e.x, sine);
}

fn put(batch: u32, kx: u32, column: u32, value: vec2f) {
  let sample = kx * columns + column;
  images[batch * rows * columns + sample] = select(vec2f(), value, ringOf[sample] > 0u);
}
