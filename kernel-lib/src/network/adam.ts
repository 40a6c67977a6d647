import type { DenseNetwork } from "./denseNetwork";
import type { AdamStep, NamedArray } from "./parameters";

export interface AdamOptions {
  learningRate: number;
  /** Decay of the weight matrices per step, as a fraction of the learning rate (Loshchilov and Hutter, 2019). */
  weightDecay: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

/**
 * Adam (Kingma and Ba, 2015) with decoupled weight decay for one or more networks, which hold the moments of their weights
 * and update them in their backward pass.
 */
export class Adam {
  private steps = 0;

  /** The networks' moments begin at zero. */
  constructor(
    private readonly networks: readonly DenseNetwork[],
    readonly options: AdamOptions,
  ) {
    for (const network of networks) network.startLearning();
  }

  /** Begins a step: what to hand to the `learn` of each network. */
  next(learningRate = this.options.learningRate): AdamStep {
    this.steps++;
    return {
      beta1: BETA1,
      beta2: BETA2,
      epsilon: EPSILON,
      rate: learningRate / (1 - BETA1 ** this.steps),
      root: 1 / Math.sqrt(1 - BETA2 ** this.steps),
      decay: learningRate * this.options.weightDecay,
    };
  }

  /** The state to be stored beside the networks' own values. */
  save(): NamedArray[] {
    const arrays: NamedArray[] = [{ name: "steps", shape: [1], data: Float32Array.of(this.steps) }];
    let slot = 0;
    for (const network of this.networks) {
      for (const { first, second } of network.moments()) {
        arrays.push({ name: `first${slot}`, shape: [first.length], data: first });
        arrays.push({ name: `second${slot}`, shape: [second.length], data: second });
        slot++;
      }
    }
    return arrays;
  }

  /** Takes over what {@link save} stored. @throws RangeError where something is missing or of another size */
  load(arrays: readonly NamedArray[]): void {
    const find = (name: string, length: number): Float32Array => {
      const array = arrays.find((a) => a.name === name);
      if (array?.data.length !== length) {
        throw new RangeError(
          `optimiser state ${name}: expected ${length} numbers, found ${array?.data.length ?? "nothing"}`,
        );
      }
      return array.data;
    };
    const steps = find("steps", 1)[0]!;
    if (!Number.isInteger(steps) || steps < 0) {
      throw new RangeError(`optimiser state steps: expected a whole number, found ${steps}`);
    }
    this.steps = steps;
    let slot = 0;
    for (const network of this.networks) {
      network.setMoments(
        network.moments().map(({ first: { length } }) => {
          const pair = { first: find(`first${slot}`, length), second: find(`second${slot}`, length) };
          slot++;
          return pair;
        }),
      );
    }
  }
}
