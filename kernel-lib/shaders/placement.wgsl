// Places a Gaussian on the grid of its class: position in the image, width and weight. Joined to place.wgsl and decode.wgsl. The
// arithmetic is that of assembly/spreadPlacement.ts.

/** S, pixels of the training box. */
override boxSize: f32;
/** M, cells along an edge of the grid. */
override grid: f32;
/** Classes of widths, each with a grid of its own. */
override classes: u32;
/** Numbers of a class in `plan`. */
override classStride: u32;

/** Rotation, row by row, and shift in box units: 11 numbers per pose. */
@group(0) @binding(1) var<storage, read> poses: array<f32>;
/** Radius in standard deviations; for each class its smallest variance, extra variance and corrections; factor on amplitudes. */
@group(0) @binding(2) var<storage, read> plan: array<f32>;
/**
 * Position in cells, 1/2σ² in cells, weight of its transform at the origin. The last element is for numbers that are not of a
 * Gaussian: its first one becomes 1 if a width was narrower than what the plan was made for.
 */
@group(0) @binding(3) var<storage, read_write> placed: array<vec4f>;
/** Radius in cells, index of its class. */
@group(0) @binding(4) var<storage, read_write> reach: array<vec2f>;

const perWidth = 15.749609945722419; // (2π)^(3/2)

/** How much narrower a width may be than the smallest variance of the plan, by rounding. */
const rounding = 0.9999;

/** Writes Gaussian number `index` of all in pose number `posed`. */
fn putGaussian(index: u32, posed: u32, centre: vec3f, amplitude: f32, sigma: f32) {
  let pose = 11u * posed;
  let u = vec2f(
    dot(vec3f(poses[pose], poses[pose + 1u], poses[pose + 2u]), centre) + poses[pose + 9u],
    dot(vec3f(poses[pose + 3u], poses[pose + 4u], poses[pose + 5u]), centre) + poses[pose + 10u],
  );
  // In training, a width may leave the range that the plan was made for: none may be narrower than what its class is narrowed by.
  let own = max(sigma * sigma, plan[1]);
  if (sigma * sigma < rounding * plan[1]) {
    placed[arrayLength(&placed) - 1u].x = 1.0;
  }
  var extra = plan[2];
  var widthClass = 0u;
  for (var c = 1u; c < classes; c++) {
    if (own >= plan[1u + c * classStride]) {
      extra = plan[2u + c * classStride];
      widthClass = c;
    }
  }
  let variance = (own + extra) * (grid / boxSize) * (grid / boxSize);
  let weight = amplitude * plan[1u + classes * classStride] * perWidth * sigma * sigma * sigma;
  placed[index] = vec4f((u - floor(u)) * grid, 0.5 / variance, weight);
  reach[index] = vec2f(min(plan[0] * sqrt(variance), 0.5 * grid - 1.0), f32(widthClass));
}
