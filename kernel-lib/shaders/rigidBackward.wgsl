// From the gradients in the centres of the members of each rigid body to that in its shift, divided by their number, and the torque from
// which those in the members' displacements follow; they take the places of shift and rotation vector among the gradients. Also the
// gradient in the shape. A workgroup per body and row, as in rigid.wgsl.

@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;

/** The gradient in a rotation vector from the torque in the frame of the body, see `leftJacobianProduct` of rigidBodies.ts. */
fn inTurn(turn: vec3f, torque: vec3f) -> vec3f {
  let angle = length(turn);
  let small = angle < 1e-2;
  let safe = max(angle, 1e-2);
  let b = select((1.0 - cos(safe)) / (safe * safe), 0.5, small);
  let c = select((safe - sin(safe)) / (safe * safe * safe), 1.0 / 6.0, small);
  let once = cross(turn, torque);
  return torque + b * once + c * cross(turn, once);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let body = group.x;
  let row = group.y;
  let first = u32(neutral[bodyTable(body)]);
  let count = u32(neutral[bodyTable(body) + 1u]);
  let turn = turnVector(row, body);
  for (var k = thread; k < count; k += threads) {
    let i = gaussianOf(first + k);
    let gradient = inCentre(row, i);
    let own = turnedBy(-turn, gradient);
    partial[thread][0] += gradient;
    partial[thread][1] += cross(shapedArm(row, body, i), own);
    let at = shapeAt + row * shapePitch + 3u * (first + k);
    for (var axis = 0u; axis < 3u; axis++) {
      gradients[at + axis] = step.scale * gain * own[axis];
    }
  }
  added(thread);
  if (thread == 0u) {
    let torque = timesInverseInertia(body, inTurn(turn, partial[0][1]));
    let shift = partial[0][0] / f32(count);
    let at = motionAt(row, body);
    for (var axis = 0u; axis < 3u; axis++) {
      gradients[at + axis] = torque[axis];
      gradients[at + 3u + axis] = shift[axis];
    }
  }
}
