import { Row } from "../model/gaussianModel";
import type { Rows } from "./denseLayer";
import { GAIN, type GaussianHead, REACH } from "./head";
import type { NetworkThreads } from "./networkThreads";

/** Words of the head's task after the first, in the order of assembly/head.ts, and the floats that follow them. */
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
  "slopes",
  "models",
  "gradient",
] as const;

const DECODE = 3;
const BACK = 4;
/** What one raw number costs, counted in multiplications of a layer. */
const WORK = 64;

/** How a slope in the Gaussians becomes that of the loss. */
export interface HeadSlope {
  /** Factor on the slope. */
  scale: number;
  /**
   * Factor on the slope of the penalty Σ (value/neutral − 1)² / N over the amplitudes and widths of a particle: without it a
   * Gaussian may vanish and another swell where the images cannot tell.
   */
  penalty: number;
}

/** The head's formulas in the memory of the threads that compute the networks: models of a batch, and the way back. */
export class HeadLayer {
  private readonly slotsAt: number;
  private readonly neutralAt: number;
  private readonly firstAmplitude: number;
  private readonly firstWidth: number;
  private models: { rows: number; at: number; values: Float32Array } | undefined;
  /** For learning: derivatives of the models of the last {@link decode}, and the slopes that come in. */
  private tape: { rows: number; slopes: number; gradient: number } | undefined;

  constructor(
    private readonly threads: NetworkThreads,
    private readonly head: GaussianHead,
  ) {
    const { slots, neutral } = head;
    this.slotsAt = threads.take(4 * slots.length);
    threads.integers(this.slotsAt, slots.length).set(slots);
    this.neutralAt = threads.take(4 * neutral.params.length);
    threads.view(this.neutralAt, neutral.params.length).set(neutral.params);
    const before = (end: number) => slots.reduce((count, slot) => count + Number(slot < end), 0);
    this.firstAmplitude = before(Row.amplitude * neutral.count);
    this.firstWidth = before(Row.sigma * neutral.count);
  }

  /** Room for the models of all rows. What is not varied is there already. */
  private room({ rows }: Rows): NonNullable<HeadLayer["models"]> {
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
    const slopes = threads.take(4 * rows * pitch);
    const gradient = threads.take(4 * rows * this.head.neutral.params.length);
    this.tape = { rows, slopes, gradient };
    return this.tape;
  }

  private run(
    task: number,
    raw: Rows,
    count: number,
    rest: { models: number; slopes: number; gradient?: number },
    slope: HeadSlope,
  ): void {
    const { threads, head } = this;
    const { outputs, neutral } = head;
    const record: Record<(typeof words)[number], number> = {
      chunks: threads.kernels.headChunks(count, outputs),
      task,
      outputs,
      pitch: 4 * raw.pitch,
      gaussians: neutral.count,
      firstAmplitude: this.firstAmplitude,
      firstWidth: this.firstWidth,
      slots: this.slotsAt,
      neutral: this.neutralAt,
      raw: raw.address,
      gradient: 0,
      ...rest,
    };
    threads.run({
      words: words.map((name) => record[name]),
      floats: [REACH, GAIN, slope.scale, slope.penalty],
      work: WORK * count * outputs,
    });
  }

  /**
   * Gaussians [B · 5N] of rows of raw numbers, valid until the next call.
   * @param learning whether {@link back} follows
   */
  decode(raw: Rows, count: number, learning = false): Float32Array {
    const { at, values } = this.room(raw);
    const slopes = learning ? this.tapeFor(raw).slopes : 0;
    this.run(DECODE, raw, count, { models: at, slopes }, { scale: 0, penalty: 0 });
    return values.subarray(0, count * this.head.neutral.params.length);
  }

  /** Puts the slopes in raw numbers, decoded for learning just before, in their place, from slopes in the Gaussians [B · 5N]. */
  back(raw: Rows, count: number, gradient: Float32Array, slope: HeadSlope): void {
    const { slopes, gradient: at } = this.tape!;
    this.threads.view(at, gradient.length).set(gradient);
    const penalty = (2 * slope.penalty) / this.head.neutral.count;
    const { at: models } = this.models!;
    this.run(BACK, raw, count, { models, slopes, gradient: at }, { ...slope, penalty });
  }
}
