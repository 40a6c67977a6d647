import * as tf from "@tensorflow/tfjs-core";
import type { Mlp, NamedArray } from "./mlp";

export interface AdamOptions {
  learningRate: number;
  /** Decay of the weight matrices per step, as a fraction of the learning rate (Loshchilov and Hutter, 2019). */
  weightDecay: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

/**
 * Adam (Kingma and Ba, 2015) with decoupled weight decay for the variables of one or more networks.
 *
 * On backends whose memory is the processor's own (`wasm`, `tensorflow`, `cpu`) an update made of tensor operations
 * passes ten times over three million weights and costs more than the products of a step; there the moments stay in
 * typed arrays and one loop does it all. On a device they stay on the device.
 */
export class Adam {
  private steps = 0;
  private readonly onDevice: boolean;
  private readonly moments: Array<{ first: Float32Array; second: Float32Array }> = [];
  private readonly deviceMoments: Array<{ first: tf.Tensor; second: tf.Tensor }> = [];
  private readonly values: Float32Array[] = [];

  constructor(
    private readonly networks: readonly Mlp[],
    readonly options: AdamOptions,
  ) {
    this.onDevice = !["wasm", "tensorflow", "cpu"].includes(tf.getBackend());
    for (const network of networks) {
      for (const variable of network.variables) {
        if (this.onDevice) {
          this.deviceMoments.push({ first: tf.zerosLike(variable), second: tf.zerosLike(variable) });
        } else {
          this.moments.push({
            first: new Float32Array(variable.size),
            second: new Float32Array(variable.size),
          });
          this.values.push(Float32Array.from(variable.dataSync() as Float32Array));
        }
      }
    }
  }

  /** One update; `gradients[n]` belongs to the variables of network n, in their order, and is disposed of. */
  step(gradients: readonly tf.Tensor[][], learningRate = this.options.learningRate): void {
    this.steps++;
    const first = 1 - BETA1 ** this.steps;
    const second = 1 - BETA2 ** this.steps;
    let slot = 0;
    for (let n = 0; n < this.networks.length; n++) {
      const network = this.networks[n]!;
      for (let i = 0; i < network.variables.length; i++, slot++) {
        const decay = network.decays[i] ? learningRate * this.options.weightDecay : 0;
        const gradient = gradients[n]![i]!;
        const update = this.onDevice ? this.updateOnDevice : this.updateInPlace;
        network.assign(
          i,
          update.call(this, slot, network.variables[i]!, gradient, learningRate, decay, first, second),
        );
        gradient.dispose();
      }
    }
  }

  private updateInPlace(
    slot: number,
    variable: tf.Tensor,
    gradient: tf.Tensor,
    rate: number,
    decay: number,
    correction1: number,
    correction2: number,
  ): tf.Tensor {
    const { first: m, second: v } = this.moments[slot]!;
    const value = this.values[slot]!;
    const g = gradient.dataSync() as Float32Array;
    const scale = rate / correction1;
    const root = 1 / Math.sqrt(correction2);
    for (let i = 0; i < value.length; i++) {
      const gi = g[i]!;
      const mi = BETA1 * m[i]! + (1 - BETA1) * gi;
      const vi = BETA2 * v[i]! + (1 - BETA2) * gi * gi;
      m[i] = mi;
      v[i] = vi;
      value[i] = value[i]! * (1 - decay) - (scale * mi) / (Math.sqrt(vi) * root + EPSILON);
    }
    // The tensor takes a copy: a backend may keep the array that it is given.
    return tf.tensor(value.slice(), variable.shape);
  }

  private updateOnDevice(
    slot: number,
    variable: tf.Tensor,
    gradient: tf.Tensor,
    rate: number,
    decay: number,
    correction1: number,
    correction2: number,
  ): tf.Tensor {
    const old = this.deviceMoments[slot]!;
    const [value, first, second] = tf.tidy(() => {
      const first = tf.add(tf.mul(old.first, BETA1), tf.mul(gradient, 1 - BETA1));
      const second = tf.add(tf.mul(old.second, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const step = tf.div(
        tf.mul(first, rate / correction1),
        tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(correction2)), EPSILON),
      );
      return [tf.sub(tf.mul(variable, 1 - decay), step), first, second];
    });
    tf.dispose([old.first, old.second]);
    this.deviceMoments[slot] = { first, second };
    return value;
  }

  /** The state to be stored beside the networks' own values. */
  async save(): Promise<NamedArray[]> {
    const arrays: NamedArray[] = [{ name: "steps", shape: [1], data: Float32Array.of(this.steps) }];
    const slots = this.onDevice ? this.deviceMoments.length : this.moments.length;
    for (let slot = 0; slot < slots; slot++) {
      for (const kind of ["first", "second"] as const) {
        const data = this.onDevice
          ? ((await this.deviceMoments[slot]![kind].data()) as Float32Array)
          : this.moments[slot]![kind];
        arrays.push({ name: `${kind}${slot}`, shape: [data.length], data: Float32Array.from(data) });
      }
    }
    return arrays;
  }

  /** Takes over what {@link save} stored, and the networks' present values, which must be loaded before. */
  load(arrays: readonly NamedArray[]): void {
    const find = (name: string): Float32Array => {
      const array = arrays.find((a) => a.name === name);
      if (!array) throw new RangeError(`optimiser state: expected ${name}, found nothing`);
      return array.data;
    };
    this.steps = find("steps")[0]!;
    let slot = 0;
    for (const network of this.networks) {
      for (const variable of network.variables) {
        if (this.onDevice) {
          const old = this.deviceMoments[slot]!;
          tf.dispose([old.first, old.second]);
          this.deviceMoments[slot] = {
            first: tf.tensor(find(`first${slot}`), variable.shape),
            second: tf.tensor(find(`second${slot}`), variable.shape),
          };
        } else {
          this.moments[slot]!.first.set(find(`first${slot}`));
          this.moments[slot]!.second.set(find(`second${slot}`));
          this.values[slot]!.set(variable.dataSync() as Float32Array);
        }
        slot++;
      }
    }
  }

  dispose(): void {
    for (const { first, second } of this.deviceMoments) tf.dispose([first, second]);
  }
}
