// The rate of multiplications and additions in registers, which no product can exceed: each thread has 32 independent chains.

override rounds: u32;

@group(0) @binding(0) var<storage, read_write> numbers: array<vec4f>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  // Not known to the compiler.
  let factor = numbers[id.x];
  var sums: array<vec4f, 8>;
  for (var i = 0u; i < 8u; i++) {
    sums[i] = factor + vec4f(f32(i));
  }
  for (var round = 0u; round < rounds; round++) {
    sums[0] = fma(sums[0], factor, factor);
    sums[1] = fma(sums[1], factor, factor);
    sums[2] = fma(sums[2], factor, factor);
    sums[3] = fma(sums[3], factor, factor);
    sums[4] = fma(sums[4], factor, factor);
    sums[5] = fma(sums[5], factor, factor);
    sums[6] = fma(sums[6], factor, factor);
    sums[7] = fma(sums[7], factor, factor);
  }
  numbers[id.x] = sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}
