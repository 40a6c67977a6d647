// From places in the latent space to what the networks of the decoder read, without noise and dropout. One thread per row.

@group(0) @binding(2) var<storage, read_write> activations: array<f32>;
/** Latents as the networks read them, [rows · latent]. */
@group(0) @binding(5) var<storage, read> z: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= step.rows) {
    return;
  }
  for (var network = 0u; network < networks; network++) {
    putTerms(id.x, network, vec2u(latent, networks));
  }
}
