// Copies what a step needs of its particles to where the other kernels read it. One thread per number, one row of workgroups per
// particle. Joined to targetsSingle.wgsl or targetsHalf.wgsl, which read the targets of all particles on the device.

/** Encoder input of a particle: its rows, numbers of a row, and from one row to the next where the network reads it. */
override units: u32;
override features: u32;
override featurePitch: u32;
/** Numbers of a particle: ring weights, target. */
override weights: u32;
override targets: u32;
/** Latents of the models that are changed, 0 if that is the neutral model. */
override bases: u32;

/** Where the particles of the epoch are on the device, in the order in which they are trained on. */
@group(0) @binding(1) var<storage, read> order: array<u32>;
/** Encoder input, pose, ring weights and latents of their bases of the particles on the device. */
@group(0) @binding(2) var<storage, read> records: array<f32>;
/** Of the particles of the step. The first of the activations are the encoder's input. */
@group(0) @binding(4) var<storage, read_write> activations: array<f32>;
@group(0) @binding(5) var<storage, read_write> ownPoses: array<f32>;
@group(0) @binding(6) var<storage, read_write> ownWeights: array<f32>;
@group(0) @binding(7) var<storage, read_write> ownTargets: array<f32>;
@group(0) @binding(8) var<storage, read_write> ownBases: array<f32>;

const pose = 11u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let row = id.y;
  let particle = order[step.first + row];
  let inputs = units * features;
  let ofBases = inputs + pose + weights;
  let recordLength = ofBases + bases;
  let source = particle * recordLength + j;
  if (j < inputs) {
    activations[(row * units + j / features) * featurePitch + j % features] = records[source];
  } else if (j < inputs + pose) {
    ownPoses[row * pose + j - inputs] = records[source];
  } else if (j < ofBases) {
    ownWeights[row * weights + j - inputs - pose] = records[source];
  } else if (j < recordLength) {
    ownBases[row * bases + j - ofBases] = records[source];
  } else if (j < recordLength + targets) {
    ownTargets[row * targets + j - recordLength] = targetNumber(particle * targets + j - recordLength);
  }
}
