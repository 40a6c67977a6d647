// Outputs of the networks among other numbers, for kernels that only read them.

@group(0) @binding(6) var<storage, read> activations: array<f32>;
