// Networks of the decoder and the polynomials of the latents that they read. Joined to latents.wgsl and latentsBackward.wgsl.

/** Axes of the latent space, and networks of the decoder. */
override latent: u32;
override networks: u32;

struct Part {
  /** Number of its axes, and degree of its polynomials. */
  axisCount: u32,
  degree: u32,
  axes: array<u32, 8>,
  /** Where its terms start among the activations, and from one row to the next. */
  input: u32,
  inputPitch: u32,
  /** Its first layer: where its weights and its outputs start, numbers of a row of both. */
  weights: u32,
  output: u32,
  outputPitch: u32,
}

@group(0) @binding(1) var<storage, read> parts: array<Part>;

/** The last layer of the encoder: its inputs, where they, its weights and its outputs start, numbers of a row of outputs. */
override inputs: u32;
override inputPitch: u32;
override input: u32;
override weightsAt: u32;
override output: u32;
override outputPitch: u32;

/** Factor on the products of latents, as in src/network/polynomial.ts. */
const productScale = 0.5;

fn isQuadratic(network: u32) -> bool {
  return parts[network].degree == 2u;
}

/** Terms of a network's polynomials; without axes a single 0. */
fn termCount(network: u32) -> u32 {
  let n = parts[network].axisCount;
  return max(1u, select(n, n + n * (n + 1u) / 2u, isQuadratic(network)));
}

/** Axes that nested dropout leaves to a row, and the network that it leaves out, or `networks` for none. */
fn kept(row: u32) -> vec2u {
  var result = vec2u(latent, networks);
  let first = 0x40000000u + 4u * row;
  if (latent > 1u && fraction(first) < step.axes) {
    result.x = 1u + u32(fraction(first + 1u) * f32(latent - 1u));
  }
  if (networks > 1u && fraction(first + 2u) < step.kinds) {
    result.y = min(networks - 1u, u32(fraction(first + 3u) * f32(networks)));
  }
  return result;
}

/** Factor on an axis that a network reads. */
fn mask(kept: vec2u, network: u32, axis: u32) -> f32 {
  return select(0.0, 1.0, axis < kept.x && kept.y != network);
}
