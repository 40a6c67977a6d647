// A dense layer in the packed memory of all networks. Joined to the kernels of layers. Places and lengths are in vec4f: rows are
// padded with zeros to whole ones, so that every load is one of 16 bytes.

struct Layer {
  /** Inputs and outputs of the layer. */
  inputs: u32,
  outputs: u32,
  /** Where its weights start: a row of outputs for each input, padded ones too, then the bias. */
  weights: u32,
  /** Where its input and its output start among the activations, and the gradients in them among the gradients. */
  input: u32,
  output: u32,
  /** 1 if a ReLU follows the layer; 1 if its input comes from one. */
  relu: u32,
  inputRelu: u32,
  /** Of denseUpdate.wgsl: number of its first tile. */
  firstTile: u32,
}
