// Two vectors that are sums over the members of a body. Joined to rigid.wgsl and rigidBackward.wgsl.

const threads = 64u;
var<workgroup> partial: array<array<vec3f, 2>, threads>;

/** Adds the numbers of all threads in a fixed order. */
fn added(thread: u32) {
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      partial[thread][0] += partial[thread + half][0];
      partial[thread][1] += partial[thread + half][1];
    }
    workgroupBarrier();
  }
}
