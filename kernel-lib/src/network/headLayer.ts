import { type GaussianHead, reach } from "./head";
import type { NetworkCompute } from "./networkCompute";
import type { Rows } from "./rows";

/** Words of the head's task record after the first, in the order of assembly/head.ts. */
const words = [
  "chunks",
  "task",
  "outputs",
  "pitch",
  "gaussians",
  "firstAmplitude",
  "firstWidth",
  "slots",
  "neutral",
  "raw",
  "derivatives",
  "models",
  "gradient",
] as const;

const task = { decode: 3, backward: 4 } as const;
/** Cost of one raw output, in multiplications of a layer. */
const workPerOutput = 64;

/** How a gradient of the score in the Gaussians becomes the gradient of the loss. */
export interface LossScaling {
  /** Factor on the gradient of the score. */
  scale: number;
  /**
   * Weight of the penalty Σ (value/neutral − 1)² / N over the amplitudes and widths of a particle. Without it a Gaussian
   * may vanish while another one grows, where the images do not distinguish them.
   */
  penalty: number;
}

/** What a decoding for training leaves for the backward pass. */
interface Tape {
  rows: number;
  derivatives: number;
  gradient: number;
  /** Rotation vectors of rigid bodies, see `RigidBodies.apply`. */
  bodies: Float64Array;
  /** Offsets of their members, box units. */
  shape: Float32Array;
}

/** The head's formulas, computed by the threads of the networks: the models of a batch, and the gradient backwards. */
export class HeadLayer {
  private readonly slotsAt: number;
  private readonly neutralAt: number;
  private models: { rows: number; at: number; values: Float32Array } | undefined;
  /** For training: addresses of the derivatives at the last {@link decode}, and of the incoming gradient. */
  private tape: Tape | undefined;

  constructor(
    private readonly threads: NetworkCompute,
    private readonly head: GaussianHead,
  ) {
    const { slots, neutral } = head;
    this.slotsAt = threads.take(4 * slots.length);
    threads.integers(this.slotsAt, slots.length).set(slots);
    this.neutralAt = threads.take(4 * neutral.params.length);
    threads.view(this.neutralAt, neutral.params.length).set(neutral.params);
  }

  /** Memory for the models of all rows, filled with the neutral model for parameters that do not vary. */
  private modelsFor({ rows }: Rows): NonNullable<HeadLayer["models"]> {
    if (this.models && this.models.rows >= rows) return this.models;
    const { params } = this.head.neutral;
    const at = this.threads.take(4 * rows * params.length);
    const values = this.threads.view(at, rows * params.length);
    for (let b = 0; b < rows; b++) values.set(params, b * params.length);
    this.models = { rows, at, values };
    return this.models;
  }

  private tapeFor({ rows, pitch }: Rows): NonNullable<HeadLayer["tape"]> {
    if (this.tape && this.tape.rows >= rows) return this.tape;
    const { threads } = this;
    const derivatives = threads.take(4 * rows * pitch);
    const gradient = threads.take(4 * rows * this.head.neutral.params.length);
    const bodies = new Float64Array(rows * (this.head.bodies?.tapeLength ?? 0));
    this.tape = { rows, derivatives, gradient, bodies, shape: new Float32Array(0) };
    return this.tape;
  }

  private run(
    kind: number,
    raw: Rows,
    count: number,
    rest: { models: number; derivatives: number; gradient?: number; scaling?: LossScaling },
  ): void {
    const { threads, head } = this;
    const { outputs, neutral } = head;
    const { scaling = { scale: 0, penalty: 0 }, ...addresses } = rest;
    const record: Record<(typeof words)[number], number> = {
      chunks: threads.kernels.headChunks(count, outputs),
      task: kind,
      outputs,
      pitch: 4 * raw.pitch,
      gaussians: neutral.count,
      firstAmplitude: head.positions,
      firstWidth: head.firstWidth,
      slots: this.slotsAt,
      neutral: this.neutralAt,
      raw: raw.address,
      gradient: 0,
      ...addresses,
    };
    threads.run({
      words: words.map((name) => record[name]),
      floats: [reach, head.gain, scaling.scale, scaling.penalty],
      work: workPerOutput * count * outputs,
    });
  }

  /**
   * Gaussians [B · 5N] from rows of raw outputs, valid until the next call.
   * @param training whether {@link backward} follows
   * @param shape    of rigid bodies, raw outputs [members · 3]. Default: that of the neutral model
   */
  decode(raw: Rows, count: number, training = false, shape?: Float32Array): Float32Array {
    const { at, values } = this.modelsFor(raw);
    const tape = training ? this.tapeFor(raw) : undefined;
    this.run(task.decode, raw, count, { models: at, derivatives: tape?.derivatives ?? 0 });
    const models = values.subarray(0, count * this.head.neutral.params.length);
    const { bodies, gain } = this.head;
    if (!bodies) return models;
    const offsets = shape ? shape.map((x) => gain * x) : new Float32Array(3 * bodies.members);
    bodies.apply(models, offsets, tape?.bodies);
    if (tape) tape.shape = offsets;
    return models;
  }

  /**
   * Replaces raw outputs, just decoded for training, by the gradient of the loss in them.
   * @param gradient of the score in the Gaussians, [B · 5N]
   * @returns that in the raw outputs of the shape of rigid bodies, if there are any
   */
  backward(
    raw: Rows,
    count: number,
    gradient: Float32Array,
    { scale, penalty }: LossScaling,
  ): Float32Array | undefined {
    const { derivatives, gradient: gradientAt, bodies, shape } = this.tape!;
    const own = this.threads.view(gradientAt, gradient.length);
    own.set(gradient);
    const inShape = this.head.bodies?.backward(own, shape, bodies);
    const { at: models } = this.models!;
    const scaling = { scale, penalty: (2 * penalty) / this.head.neutral.count };
    this.run(task.backward, raw, count, { models, derivatives, gradient: gradientAt, scaling });
    return inShape && Float32Array.from(inShape, (g) => scale * this.head.gain * g);
  }
}
