// Adds the parts of sums that denseBackward.wgsl divided. One thread per four numbers, one row of workgroups per row and layer.

override splits: u32;
override partWidth: u32;

@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
/** See denseBackward.wgsl. */
@group(0) @binding(4) var<storage, read> parts: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let layer = layers[id.z];
  let column = id.x;
  let row = id.y;
  if (column >= layer.inputs) {
    return;
  }
  var sum = vec4f();
  for (var split = 0u; split < splits; split++) {
    sum += parts[((id.z * splits + split) * step.rows + row) * partWidth + column];
  }
  let at = layer.input + row * layer.inputs + column;
  let dead = vec4<bool>(layer.inputRelu == 1u) & !(activations[at] > vec4f());
  gradients[at] = select(sum, vec4f(), dead);
}
