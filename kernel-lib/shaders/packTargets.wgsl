// Stores targets in half precision: two numbers, real and imaginary part, in a word. One thread per complex number, one row of
// workgroups per particle. The rings of a target have norm 1: no number is too large, and those that are too small for half precision
// are far below the noise.

/** Complex numbers of a target. */
override samples: u32;

/** Targets that were sent, from the first of them on. */
@group(0) @binding(1) var<storage, read> sent: array<vec2f>;
/** All targets; those that were sent begin with particle `step.first`. */
@group(0) @binding(2) var<storage, read_write> packed: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < samples) {
    packed[(step.first + id.y) * samples + id.x] = pack2x16float(sent[id.y * samples + id.x]);
  }
}
