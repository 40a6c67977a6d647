// A step of Adam (Kingma and Ba, 2015). Joined to kernels that update parameters.

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

/** The new moments of a parameter, and what is subtracted from it. */
fn adam(moments: vec2f, gradient: f32) -> vec3f {
  let first = beta1 * moments.x + (1.0 - beta1) * gradient;
  let second = beta2 * moments.y + (1.0 - beta2) * gradient * gradient;
  return vec3f(first, second, step.rate * first / (sqrt(second) * step.root + epsilon));
}
