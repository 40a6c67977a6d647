// Rotation vector and shift of each rigid body from the displacements that the networks give its members. A workgroup per body and
// row: its threads add every 64th member, then each other's sums in a fixed order.

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let body = group.x;
  let row = group.y;
  let first = u32(neutral[bodyTable(body)]);
  let count = u32(neutral[bodyTable(body) + 1u]);
  for (var k = thread; k < count; k += threads) {
    let i = gaussianOf(first + k);
    let offset = displacement(row, i);
    partial[thread][0] += offset;
    partial[thread][1] += cross(armOf(body, i), offset);
  }
  added(thread);
  if (thread == 0u) {
    let turn = timesInverseInertia(body, partial[0][1]);
    let shift = partial[0][0] / f32(count);
    let at = motionAt(row, body);
    for (var axis = 0u; axis < 3u; axis++) {
      activations[at + axis] = turn[axis];
      activations[at + 3u + axis] = shift[axis];
    }
  }
}
