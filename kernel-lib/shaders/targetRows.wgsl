// Copies the targets of some particles of a batch to where the other kernels read them. One thread per number, one row of workgroups
// per particle.

/** Numbers of a target. */
override length: u32;

/** Rows of the batch. */
@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> batch: array<f32>;
@group(0) @binding(2) var<storage, read_write> targets: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < length) {
    targets[id.y * length + id.x] = batch[rows[id.y] * length + id.x];
  }
}
