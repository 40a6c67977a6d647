// denseForward.wgsl without workgroup memory and barriers, for GPUs whose subgroups exchange registers faster than they read that memory.
// A thread computes `each` rows of four columns of one layer; all threads of a workgroup have the same rows, and `across` · 4 columns
// beside one another. Lane l of a subgroup holds the four inputs number l, l + lanes, … of each row, and gives them to all lanes in turn:
// sums run over the inputs in the same order as there.

override across: u32;

@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;

@compute @workgroup_size(across)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let layer = layers[tile.z];
  let inner = layer.inputs;
  let columns = layer.outputs;
  let firstRow = each * tile.y;
  if (across * tile.x >= columns) {
    return;
  }
  // A subgroup may be larger than the workgroup.
  let lanes = min(size, across);
  // Threads beyond the last column hold inputs for the others.
  let column = min(across * tile.x + thread, columns - 1u);
  var sum: array<vec4f, each>;
  for (var start = 0u; start < inner; start += lanes) {
    var own: array<vec4f, each>;
    for (var i = 0u; i < each; i++) {
      if (firstRow + i < step.rows && start + lane < inner) {
        own[i] = activations[layer.input + (firstRow + i) * inner + start + lane];
      }
    }
    for (var k = 0u; k < min(lanes, inner - start); k++) {
      let at = layer.weights + 4u * (start + k) * columns + column;
      let b0 = weights[at];
      let b1 = weights[at + columns];
      let b2 = weights[at + 2u * columns];
      let b3 = weights[at + 3u * columns];
      for (var i = 0u; i < each; i++) {
        let a = subgroupShuffle(own[i], k);
        sum[i] += a.x * b0 + a.y * b1 + a.z * b2 + a.w * b3;
      }
    }
  }
  if (across * tile.x + thread >= columns) {
    return;
  }
  let bias = weights[layer.weights + 4u * inner * columns + column];
  for (var i = 0u; i < each; i++) {
    let row = firstRow + i;
    if (row < step.rows) {
      let value = sum[i] + bias;
      activations[layer.output + row * columns + column] = select(value, max(value, vec4f()), layer.relu == 1u);
    }
  }
}
