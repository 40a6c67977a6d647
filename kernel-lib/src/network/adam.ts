import type { DenseNetwork } from "./denseNetwork";
import type { AdamStep, NamedArray } from "./parameters";

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Step size. */
  learningRate: number;
  /** Decay of the weight matrices per step, as a fraction of the learning rate (Loshchilov and Hutter, 2019). */
  weightDecay: number;
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

/**
 * Adam (Kingma and Ba, 2015) with decoupled weight decay for one or more networks, which store the moments of their
 * weights and apply the step in their backward pass.
 */
export class Adam {
  private steps = 0;

  /** Sets the moments of the networks to 0. */
  constructor(
    private readonly networks: readonly DenseNetwork[],
    readonly options: AdamOptions,
  ) {
    for (const network of networks) network.resetMoments();
  }

  /** The next step, to be passed to the backward pass of each network. */
  next(learningRate = this.options.learningRate): AdamStep {
    this.steps++;
    return {
      beta1,
      beta2,
      epsilon,
      rate: learningRate / (1 - beta1 ** this.steps),
      root: 1 / Math.sqrt(1 - beta2 ** this.steps),
      decay: learningRate * this.options.weightDecay,
    };
  }

  /** The optimizer's state for a checkpoint, without the networks' weights. */
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

  /** Restores what {@link save} returned. @throws RangeError if an array is missing or has another length */
  load(arrays: readonly NamedArray[]): void {
    const find = (name: string, length: number): Float32Array => {
      const array = arrays.find((a) => a.name === name);
      if (array?.data.length !== length) {
        throw new RangeError(
          `optimizer state ${name}: expected ${length} numbers, found ${array?.data.length ?? "nothing"}`,
        );
      }
      return array.data;
    };
    const steps = find("steps", 1)[0]!;
    if (!Number.isInteger(steps) || steps < 0) {
      throw new RangeError(`optimizer state steps: expected a whole number, found ${steps}`);
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
