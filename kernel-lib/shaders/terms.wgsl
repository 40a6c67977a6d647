// The polynomials of the latents that a network of the decoder reads, as in src/network/polynomial.ts. Joined to the kernels that have
// latents: they declare `z`, [rows · latent], and `activations`.

/** Writes the terms of a row. @param kept see `kept` of parts.wgsl */
fn putTerms(row: u32, network: u32, kept: vec2u) {
  let n = parts[network].axisCount;
  var to = parts[network].input + row * parts[network].inputPitch;
  if (n == 0u) {
    activations[to] = 0.0;
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = parts[network].axes[i];
    activations[to] = z[row * latent + axis] * mask(kept, network, axis);
    to++;
  }
  if (!isQuadratic(network)) {
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = parts[network].axes[i];
    let x = z[row * latent + axis] * mask(kept, network, axis);
    activations[to] = productScale * (x * x - 1.0) / sqrt(2.0);
    to++;
    for (var j = i + 1u; j < n; j++) {
      let other = parts[network].axes[j];
      activations[to] = productScale * x * z[row * latent + other] * mask(kept, network, other);
      to++;
    }
  }
}
