// Networks of the decoder, at most two, and the polynomials of the latents that they read. Joined to latents.wgsl and
// latentsBackward.wgsl.

/** Axes of the latent space, and networks of the decoder. */
override latent: u32;
override networks: u32;

/** For each network the number of its axes, the degree of its polynomials, then its axes, in 10 numbers. */
@group(0) @binding(1) var<storage, read> parts: array<u32>;

/** Factor on the products of latents, as in src/network/polynomial.ts. */
const productScale = 0.5;

fn axisCount(network: u32) -> u32 {
  return parts[10u * network];
}

fn isQuadratic(network: u32) -> bool {
  return parts[10u * network + 1u] == 2u;
}

fn axisOf(network: u32, i: u32) -> u32 {
  return parts[10u * network + 2u + i];
}

/** Terms of a network's polynomials; without axes a single 0. */
fn termCount(network: u32) -> u32 {
  let n = axisCount(network);
  return max(1u, select(n, n + n * (n + 1u) / 2u, isQuadratic(network)));
}

/** Axes that nested dropout leaves to a particle, and the only network that it leaves, or `networks` for all of them. */
fn kept(row: u32) -> vec2u {
  var result = vec2u(latent, networks);
  let first = 0x40000000u + 4u * row;
  if (latent > 1u && uniform(first) < step.axes) {
    result.x = 1u + u32(uniform(first + 1u) * f32(latent - 1u));
  }
  if (networks > 1u && uniform(first + 2u) < step.kinds) {
    result.y = 1u - min(1u, u32(uniform(first + 3u) * 2.0));
  }
  return result;
}

/** Factor on an axis that a network reads. */
fn mask(kept: vec2u, network: u32, axis: u32) -> f32 {
  return select(0.0, 1.0, axis < kept.x && (kept.y == networks || kept.y == network));
}
