// Copies what a step needs of its particles to where the other kernels read it. One thread per number, one row of workgroups per
// particle.

/** Numbers of a particle: encoder input, ring weights, target. */
override features: u32;
override weights: u32;
override targets: u32;

/** Encoder input, pose and ring weights of the particles of several steps, in their order. */
@group(0) @binding(1) var<storage, read> records: array<f32>;
/** Their targets. */
@group(0) @binding(2) var<storage, read> allTargets: array<f32>;
/** Of the particles of the step. */
@group(0) @binding(3) var<storage, read_write> ownFeatures: array<f32>;
@group(0) @binding(4) var<storage, read_write> ownPoses: array<f32>;
@group(0) @binding(5) var<storage, read_write> ownWeights: array<f32>;
@group(0) @binding(6) var<storage, read_write> ownTargets: array<f32>;

const pose = 11u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let row = id.y;
  let particle = step.first + row;
  let recordLength = features + pose + weights;
  let source = particle * recordLength + j;
  if (j < features) {
    ownFeatures[row * features + j] = records[source];
  } else if (j < features + pose) {
    ownPoses[row * pose + j - features] = records[source];
  } else if (j < recordLength) {
    ownWeights[row * weights + j - features - pose] = records[source];
  } else if (j < recordLength + targets) {
    ownTargets[row * targets + j - recordLength] = allTargets[particle * targets + j - recordLength];
  }
}
