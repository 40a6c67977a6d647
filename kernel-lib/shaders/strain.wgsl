// Takes the gradient of the penalty on strain away from that of the score in the centres, see src/training/strain. One thread per
// Gaussian, which adds the pulls of all its neighbours; one row of workgroups per particle.

/** N, Gaussians of a model. */
override gaussians: u32;

/** Where the neighbours of each Gaussian start in `neighbours`, [N + 1]. */
@group(0) @binding(1) var<storage, read> starts: array<u32>;
/** Index of a neighbour. */
@group(0) @binding(2) var<storage, read> neighbours: array<u32>;
/** Distance in the neutral model, and stiffness, of each of them. */
@group(0) @binding(3) var<storage, read> pairs: array<vec2f>;
@group(0) @binding(4) var<storage, read> models: array<f32>;
/** From strainForce.wgsl. */
@group(0) @binding(5) var<storage, read> force: array<f32>;
/** [count · 5N] */
@group(0) @binding(6) var<storage, read_write> gradient: array<f32>;

fn centre(row: u32, i: u32) -> vec3f {
  let at = row * 5u * gaussians + i;
  return vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let row = id.y;
  if (i >= gaussians || row >= step.strained) {
    return;
  }
  let own = centre(row, i);
  var sum = vec3f();
  for (var p = starts[i]; p < starts[i + 1u]; p++) {
    let apart = own - centre(row, neighbours[p]);
    let distance = length(apart);
    if (distance > 0.0) {
      sum += clamp((distance - pairs[p].x) * pairs[p].y, -1.0, 1.0) / distance * apart;
    }
  }
  sum *= step.strain * force[0];
  let at = row * 5u * gaussians + i;
  gradient[at] -= sum.x;
  gradient[at + gaussians] -= sum.y;
  gradient[at + 2u * gaussians] -= sum.z;
}
