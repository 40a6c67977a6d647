// Outputs of dense layers, input · weights + bias, optionally followed by a ReLU, for all layers of a level: those that do not wait
// for each other. A workgroup of across × down threads computes a tile of each·down rows and 4·across columns of one layer, each × 4
// numbers per thread in registers (tile4.wgsl, tile8.wgsl), from tiles of both factors in workgroup memory that are 32 numbers deep.
// Sums run over the inputs in a fixed order, the same for all tiles.

override across: u32;
override down: u32;

@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;

/** In vec4f. */
const depth = 8u;
/** Row by row, with a gap that keeps rows in different banks. */
var<workgroup> leftTile: array<vec4f, each * down * (depth + 1u)>;
var<workgroup> rightTile: array<vec4f, 4u * depth * across>;

@compute @workgroup_size(across, down)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let layer = layers[tile.z];
  let inner = layer.inputs;
  let columns = layer.outputs;
  let firstRow = each * down * tile.y;
  let firstColumn = across * tile.x;
  if (firstColumn >= columns) {
    return;
  }
  var sum: array<vec4f, each>;
  for (var start = 0u; start < inner; start += depth) {
    for (var i = thread; i < each * down * depth; i += across * down) {
      let row = i / depth;
      let k = i % depth;
      var value = vec4f();
      if (firstRow + row < step.rows && start + k < inner) {
        value = activations[layer.input + (firstRow + row) * inner + start + k];
      }
      leftTile[row * (depth + 1u) + k] = value;
    }
    for (var i = thread; i < 4u * depth * across; i += across * down) {
      let k = 4u * start + i / across;
      let column = firstColumn + i % across;
      var value = vec4f();
      if (k < 4u * inner && column < columns) {
        value = weights[layer.weights + k * columns + column];
      }
      rightTile[i] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let at = 4u * k * across + local.x;
      let b0 = rightTile[at];
      let b1 = rightTile[at + across];
      let b2 = rightTile[at + 2u * across];
      let b3 = rightTile[at + 3u * across];
      for (var i = 0u; i < each; i++) {
        let a = leftTile[(local.y + i * down) * (depth + 1u) + k];
        sum[i] += a.x * b0 + a.y * b1 + a.z * b2 + a.w * b3;
      }
    }
    workgroupBarrier();
  }
  let column = firstColumn + local.x;
  if (column >= columns) {
    return;
  }
  let bias = weights[layer.weights + 4u * inner * columns + column];
  for (var i = 0u; i < each; i++) {
    let row = firstRow + local.y + i * down;
    if (row < step.rows) {
      let value = sum[i] + bias;
      activations[layer.output + row * columns + column] = select(value, max(value, vec4f()), layer.relu == 1u);
    }
  }
}
