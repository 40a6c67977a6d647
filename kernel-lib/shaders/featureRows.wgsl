// Copies the encoder's input of the rows of a step to where the network reads it. One thread per number, one row of workgroups per row.

/** Numbers of a row, and from one row to the next where the network reads it. */
override length: u32;
override pitch: u32;

/** Rows in the order in which they are learned from. */
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> features: array<f32>;
/** The first of the activations are the encoder's input. */
@group(0) @binding(3) var<storage, read_write> activations: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < length) {
    activations[id.y * pitch + id.x] = features[order[step.first + id.y] * length + id.x];
  }
}
