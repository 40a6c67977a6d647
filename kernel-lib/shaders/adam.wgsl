// A step of Adam (Kingma and Ba, 2015). Joined to kernels that update parameters.

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

/** The new first moments of four parameters. */
fn firstMoment(before: vec4f, gradient: vec4f) -> vec4f {
  return beta1 * before + (1.0 - beta1) * gradient;
}

/** The new second moments of four parameters. */
fn secondMoment(before: vec4f, gradient: vec4f) -> vec4f {
  return beta2 * before + (1.0 - beta2) * gradient * gradient;
}

/** What is subtracted from four parameters. */
fn adamStep(first: vec4f, second: vec4f) -> vec4f {
  return step.rate * first / (sqrt(second) * step.root + vec4f(epsilon));
}
