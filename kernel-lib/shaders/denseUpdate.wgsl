// A step of Adam for the weights of all layers. Their gradient, inputᵀ · outputGradient, is never stored. A workgroup of
// across × down threads computes a tile of 4·down rows and 4·across columns of the weights of one layer, 4 × 4 per thread, and
// updates them. The bias is a last row, of an input that is 1; it does not decay.

override across: u32;
override down: u32;
/** Layers in the table. */
override layerCount: u32;

@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> weights: array<vec4f>;
/** Moments of each weight. */
@group(0) @binding(5) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> second: array<vec4f>;

/** Rows of the batch. */
const depth = 32u;
var<workgroup> leftTile: array<vec4f, depth * down>;
var<workgroup> rightTile: array<vec4f, depth * across>;

@compute @workgroup_size(across, down)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = group.y * groups.x + group.x;
  var number = 0u;
  for (var l = 1u; l < layerCount; l++) {
    number = select(number, l, index >= layers[l].firstTile);
  }
  let layer = layers[number];
  let columns = layer.outputs;
  let tilesAcross = (columns + across - 1u) / across;
  let firstRow = down * ((index - layer.firstTile) / tilesAcross);
  let firstColumn = across * ((index - layer.firstTile) % tilesAcross);
  if (firstRow > layer.inputs) {
    return;
  }
  var sum: array<vec4f, 4>;
  for (var start = 0u; start < step.rows; start += depth) {
    for (var i = thread; i < depth * down; i += across * down) {
      let k = start + i / down;
      let row = firstRow + i % down;
      var value = vec4f();
      if (k < step.rows && row < layer.inputs) {
        value = activations[layer.input + k * layer.inputs + row];
      } else if (k < step.rows && row == layer.inputs) {
        value.x = 1.0;
      }
      leftTile[i] = value;
    }
    for (var i = thread; i < depth * across; i += across * down) {
      let k = start + i / across;
      let column = firstColumn + i % across;
      var value = vec4f();
      if (k < step.rows && column < columns) {
        value = gradients[layer.output + k * columns + column];
      }
      rightTile[i] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < min(depth, step.rows - start); k++) {
      let a = leftTile[k * down + local.y];
      let b = rightTile[k * across + local.x];
      sum[0] += a.x * b;
      sum[1] += a.y * b;
      sum[2] += a.z * b;
      sum[3] += a.w * b;
    }
    workgroupBarrier();
  }
  let column = firstColumn + local.x;
  if (column >= columns) {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    let row = 4u * (firstRow + local.y) + i;
    if (row <= 4u * layer.inputs) {
      let at = layer.weights + row * columns + column;
      let m = firstMoment(first[at], sum[i]);
      let v = secondMoment(second[at], sum[i]);
      first[at] = m;
      second[at] = v;
      let old = weights[at];
      weights[at] = old - adamStep(m, v) - select(0.0, step.decay, row < 4u * layer.inputs) * old;
    }
  }
}
