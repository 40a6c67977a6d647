// Outputs of the networks among other numbers, for kernels that also write them.

@group(0) @binding(6) var<storage, read_write> activations: array<f32>;
