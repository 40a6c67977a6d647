// Places the Gaussians of given models on the grid of their class. One thread per Gaussian, one row of workgroups per model.

/** N, Gaussians of a model. */
override gaussians: u32;
/** Numbers from one model to the next: 0 if all particles share one. */
override modelStride: u32;
/** Models of a particle, which are projected in the same pose. */
override variants: u32;

/** Five runs of N numbers per model: x, y, z in box units, amplitude, sigma in pixels. */
@group(0) @binding(5) var<storage, read> models: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= gaussians) {
    return;
  }
  let at = id.y * modelStride + i;
  let centre = vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
  let index = id.y * gaussians + i;
  putGaussian(index, id.y / variants, centre, models[at + 3u * gaussians], models[at + 4u * gaussians]);
}
