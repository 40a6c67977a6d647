// Places the Gaussians of given models on the grid of their class. One thread per Gaussian, one row of workgroups per model.

/** N, Gaussians of a model. */
override gaussians: u32;
/** Numbers from one model to the next: 0 if all particles share one. */
override modelStride: u32;
/** Models of a particle that are projected, and those of them that are given; the others are the first one again. */
override variants: u32;
override given: u32;
/** 1 if each of them has a pose of its own, 0 if all of a particle have the same. */
override ownPoses: u32;

/** Five runs of N numbers per model: x, y, z in box units, amplitude, sigma in pixels. */
@group(0) @binding(5) var<storage, read> models: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= gaussians) {
    return;
  }
  let particle = id.y / variants;
  let variant = id.y % variants;
  let at = (particle * given + select(0u, variant, variant < given)) * modelStride + i;
  let centre = vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
  let index = id.y * gaussians + i;
  putGaussian(index, select(particle, id.y, ownPoses == 1u), centre, models[at + 3u * gaussians], models[at + 4u * gaussians]);
}
