import { throwIfStopped } from "../errors";

/** Options of {@link minimize}. */
export interface MinimizeOptions {
  /** Upper limit of the number of steps. */
  maxIterations: number;
  /** Stops when the last ten steps have lowered the value by less than this fraction of it. */
  tolerance: number;
  /** Longest first step, in the units of the variables. */
  firstStep: number;
  /** Called after each step with the value and the step's number; true stops. */
  onStep?: (value: number, iteration: number) => boolean;
  /** Stops with `StoppedError`. */
  signal?: AbortSignal | undefined;
}

/** A function to be minimized: its value at x; writes its gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Pairs of steps and gradient changes that approximate the curvature. */
const memory = 12;
/** Steps over which the tolerance is measured. */
const toleranceSteps = 10;

/**
 * Minimizes a smooth function by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) with a
 * backtracking line search.
 * @param x start; overwritten by the best point found
 * @returns the value at the best point
 * @throws StoppedError
 */
export async function minimize(
  x: Float64Array,
  evaluate: Objective,
  options: MinimizeOptions,
): Promise<number> {
  let gradient = new Float64Array(x.length);
  let value = evaluate(x, gradient);
  const history = new History();
  const trace = [value];
  const trial = { x: new Float64Array(x.length), gradient: new Float64Array(x.length), value };
  for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
    throwIfStopped(options.signal);
    // Yields to the event loop, so that signals and progress get through.
    await new Promise(setImmediate);
    const direction = history.descentDirection(gradient);
    if (!direction) break;
    const length = history.isEmpty ? options.firstStep / largestOf(direction) : 1;
    lineSearch(evaluate, { x, value, gradient, direction, length }, trial);
    if (!(trial.value < value)) {
      if (history.isEmpty) break;
      history.clear();
      continue;
    }
    history.add(difference(trial.x, x), difference(trial.gradient, gradient));
    x.set(trial.x);
    value = trial.value;
    [gradient, trial.gradient] = [trial.gradient, gradient];
    trace.push(value);
    if (options.onStep?.(value, iteration)) break;
    if (iteration < toleranceSteps) continue;
    if (trace[iteration - toleranceSteps]! - value < options.tolerance * value) break;
  }
  return value;
}

/** A point that the line search tries. */
interface Trial {
  x: Float64Array;
  gradient: Float64Array;
  value: number;
}

/** Start, direction and first step of a line search. */
interface SearchStart {
  x: Float64Array;
  value: number;
  gradient: Float64Array;
  direction: Float64Array;
  length: number;
}

/** Shortens the step until the value falls enough (Armijo's condition), at most 12 times; the last point is in `trial`. */
function lineSearch(evaluate: Objective, start: SearchStart, trial: Trial): void {
  const { x, value, gradient, direction } = start;
  const derivative = dot(direction, gradient);
  let { length } = start;
  for (let attempt = 0; attempt < 12; attempt++, length /= attempt < 3 ? 2 : 8) {
    for (let i = 0; i < x.length; i++) trial.x[i] = x[i]! + length * direction[i]!;
    trial.value = evaluate(trial.x, trial.gradient);
    if (trial.value <= value + 1e-4 * length * derivative) break;
  }
}

/** The last steps and gradient changes, which approximate the inverse Hessian H. */
class History {
  private readonly steps: Float64Array[] = [];
  private readonly changes: Float64Array[] = [];

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  clear(): void {
    this.steps.length = 0;
    this.changes.length = 0;
  }

  /** Adds a pair, unless its curvature is not clearly positive. */
  add(step: Float64Array, change: Float64Array): void {
    if (!(dot(step, change) > 1e-12 * dot(change, change))) return;
    this.steps.push(step);
    this.changes.push(change);
    if (this.steps.length <= memory) return;
    this.steps.shift();
    this.changes.shift();
  }

  /** −H·g, or −g (and an empty history) where that does not descend; undefined if the gradient is 0. */
  descentDirection(gradient: Float64Array): Float64Array | undefined {
    const direction = this.twoLoop(gradient);
    if (dot(direction, gradient) < 0) return direction;
    this.clear();
    return dot(gradient, gradient) === 0 ? undefined : gradient.map((g) => -g);
  }

  /** −H·g by the two-loop recursion. */
  private twoLoop(gradient: Float64Array): Float64Array {
    const { steps, changes } = this;
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
}

function largestOf(values: Float64Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(to: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * values[i]!;
}
