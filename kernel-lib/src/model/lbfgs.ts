import { throwIfStopped } from "../errors";

export interface MinimiseOptions {
  /** Steps at most. */
  iterations: number;
  /** Ends when a run of ten steps has lowered the value by less than this fraction of it. */
  tolerance: number;
  /** Longest first step, in the units of the variables. */
  firstStep: number;
  /** Called after each step; true ends the search. */
  onStep?: (value: number, iteration: number) => boolean;
  signal?: AbortSignal;
}

/** Pairs of steps and gradient changes that the curvature is estimated from. */
const MEMORY = 12;

/**
 * Minimises a smooth function by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) with a
 * backtracking line search.
 * @param x        start, overwritten by the best point found
 * @param evaluate the value at x; writes the gradient
 * @returns the value at the best point
 */
export async function minimise(
  x: Float64Array,
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  options: MinimiseOptions,
): Promise<number> {
  const n = x.length;
  let gradient = new Float64Array(n);
  let value = evaluate(x, gradient);
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  const trace = [value];
  const trial = new Float64Array(n);
  let trialGradient = new Float64Array(n);
  for (let iteration = 1; iteration <= options.iterations; iteration++) {
    throwIfStopped(options.signal);
    // A turn of the event loop, so that signals and progress get through.
    await new Promise(setImmediate);
    let direction = descent(gradient, steps, changes);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      steps.length = 0;
      changes.length = 0;
      direction = gradient.map((g) => -g);
      slope = -dot(gradient, gradient);
      if (slope === 0) break;
    }
    let length = 1;
    if (steps.length === 0) {
      const largest = direction.reduce((most, d) => Math.max(most, Math.abs(d)), 0);
      length = options.firstStep / largest;
    }
    let trialValue = Number.NaN;
    for (let attempt = 0; attempt < 12; attempt++, length /= attempt < 3 ? 2 : 8) {
      for (let i = 0; i < n; i++) trial[i] = x[i]! + length * direction[i]!;
      trialValue = evaluate(trial, trialGradient);
      if (trialValue <= value + 1e-4 * length * slope) break;
    }
    if (!(trialValue < value)) {
      if (steps.length === 0) break;
      steps.length = 0;
      changes.length = 0;
      continue;
    }
    const step = new Float64Array(n);
    const change = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      step[i] = trial[i]! - x[i]!;
      change[i] = trialGradient[i]! - gradient[i]!;
    }
    if (dot(step, change) > 1e-12 * dot(change, change)) {
      steps.push(step);
      changes.push(change);
      if (steps.length > MEMORY) {
        steps.shift();
        changes.shift();
      }
    }
    x.set(trial);
    value = trialValue;
    [gradient, trialGradient] = [trialGradient, gradient];
    trace.push(value);
    if (options.onStep?.(value, iteration)) break;
    if (iteration >= 10 && trace[iteration - 10]! - value < options.tolerance * value) break;
  }
  return value;
}

/** −H·g by the two-loop recursion. */
function descent(gradient: Float64Array, steps: Float64Array[], changes: Float64Array[]): Float64Array {
  const q = gradient.slice();
  const m = steps.length;
  const alpha = new Float64Array(m);
  for (let i = m - 1; i >= 0; i--) {
    alpha[i] = dot(steps[i]!, q) / dot(steps[i]!, changes[i]!);
    addScaled(q, changes[i]!, -alpha[i]!);
  }
  if (m > 0) {
    const scale = dot(steps[m - 1]!, changes[m - 1]!) / dot(changes[m - 1]!, changes[m - 1]!);
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (let i = 0; i < m; i++) {
    const beta = dot(changes[i]!, q) / dot(steps[i]!, changes[i]!);
    addScaled(q, steps[i]!, alpha[i]! - beta);
  }
  for (let i = 0; i < q.length; i++) q[i] = -q[i]!;
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(to: Float64Array, what: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * what[i]!;
}
