// Gradient of the loss in the inputs of dense layers from that in their outputs, outputGradient · weightsᵀ, for all layers of a
// level; where the input came from a ReLU, that in the ReLU's input. Tiles are those of denseForward.wgsl. Layers with many outputs
// and few inputs would keep few workgroups busy: their sums are divided among `splits` workgroups, and added by denseReduce.wgsl.

override across: u32;
override down: u32;
/** Parts of each sum. */
override splits: u32;
/** Numbers of a row of `parts`, in vec4f: the most inputs of a layer. */
override partWidth: u32;

@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read> weights: array<vec4f>;
/** Parts of sums, [layers · splits · rows · partWidth]; not used without splits. */
@group(0) @binding(5) var<storage, read_write> parts: array<vec4f>;

/** In vec4f. */
const depth = 8u;
var<workgroup> leftTile: array<vec4f, each * down * (depth + 1u)>;
/** For each k the columns 0, 4, 8, … then 1, 5, 9, …, so that neighbouring threads read neighbouring places. */
var<workgroup> rightTile: array<vec4f, 4u * depth * across>;

@compute @workgroup_size(across, down)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let layer = layers[tile.z / splits];
  let inner = layer.outputs;
  let columns = layer.inputs;
  let share = (inner + splits - 1u) / splits;
  let begin = share * (tile.z % splits);
  let end = min(inner, begin + share);
  let firstRow = each * down * tile.y;
  let firstColumn = across * tile.x;
  if (firstColumn >= columns) {
    return;
  }
  var sum: array<vec4f, each>;
  for (var start = begin; start < end; start += depth) {
    for (var i = thread; i < each * down * depth; i += across * down) {
      let row = i / depth;
      let k = i % depth;
      var value = vec4f();
      if (firstRow + row < step.rows && start + k < end) {
        value = gradients[layer.output + (firstRow + row) * inner + start + k];
      }
      leftTile[row * (depth + 1u) + k] = value;
    }
    for (var i = thread; i < 4u * depth * across; i += across * down) {
      let column = i / depth;
      let k = i % depth;
      var value = vec4f();
      if (column < 4u * (columns - firstColumn) && start + k < end) {
        value = weights[layer.weights + (4u * firstColumn + column) * inner + start + k];
      }
      rightTile[(4u * k + column % 4u) * across + column / 4u] = value;
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
        sum[i] += vec4f(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
      }
    }
    workgroupBarrier();
  }
  let column = firstColumn + local.x;
  if (column >= columns) {
    return;
  }
  for (var i = 0u; i < each; i++) {
    let row = firstRow + local.y + i * down;
    if (row < step.rows) {
      let at = layer.input + row * columns + column;
      if (splits > 1u) {
        parts[(tile.z * step.rows + row) * partWidth + column] = sum[i];
      } else {
        let dead = vec4<bool>(layer.inputRelu == 1u) & !(activations[at] > vec4f());
        gradients[at] = select(sum[i], vec4f(), dead);
      }
    }
  }
}
