// Places Gaussians on the grid of their class: position in the image, width and weight. One thread per Gaussian, one row of
// workgroups per model. The arithmetic is that of assembly/spreadPlacement.ts.

/** N, Gaussians of a model. */
override gaussians: u32;
/** Numbers from one model to the next: 0 if all particles share one. */
override modelStride: u32;
/** Models of a particle, which are projected in the same pose. */
override variants: u32;
/** S, pixels of the training box. */
override boxSize: f32;
/** M, cells along an edge of the grid. */
override grid: f32;
/** Classes of widths, each with a grid of its own. */
override classes: u32;
/** Numbers of a class in `plan`. */
override classStride: u32;

/** Five runs of N numbers per model: x, y, z in box units, amplitude, sigma in pixels. */
@group(0) @binding(0) var<storage, read> models: array<f32>;
/** Rotation, row by row, and shift in box units: 11 numbers per particle. */
@group(0) @binding(1) var<storage, read> poses: array<f32>;
/** Radius in standard deviations; for each class its smallest variance, extra variance and corrections; factor on amplitudes. */
@group(0) @binding(2) var<storage, read> plan: array<f32>;
/** Position in cells, 1/2σ² in cells, weight of its transform at the origin. */
@group(0) @binding(3) var<storage, read_write> placed: array<vec4f>;
/** Radius in cells, index of its class. */
@group(0) @binding(4) var<storage, read_write> reach: array<vec2f>;

const perWidth = 15.749609945722419; // (2π)^(3/2)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= gaussians) {
    return;
  }
  let at = id.y * modelStride + i;
  let centre = vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
  let amplitude = models[at + 3u * gaussians];
  let sigma = models[at + 4u * gaussians];
  let pose = 11u * (id.y / variants);
  let u = vec2f(
    dot(vec3f(poses[pose], poses[pose + 1u], poses[pose + 2u]), centre) + poses[pose + 9u],
    dot(vec3f(poses[pose + 3u], poses[pose + 4u], poses[pose + 5u]), centre) + poses[pose + 10u],
  );
  // In training, a width may leave the range that the plan was made for: none may be narrower than what its class is narrowed by.
  let own = max(sigma * sigma, plan[1]);
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
  let index = id.y * gaussians + i;
  placed[index] = vec4f((u - floor(u)) * grid, 0.5 / variance, weight);
  reach[index] = vec2f(min(plan[0] * sqrt(variance), 0.5 * grid - 1.0), f32(widthClass));
}
