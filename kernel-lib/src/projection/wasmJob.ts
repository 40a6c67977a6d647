import { disc } from "../fourier/disc";
import { twiddles } from "../fourier/twiddles";
import { Arena } from "../wasm/arena";
import {
  discTables,
  type Job,
  jobFields,
  type KernelExports,
  type SharedWasmMemory,
} from "../wasm/wasmMemory";
import { modelStride } from "./batch";
import type { ImageSize, PosedModels, ProjectionResult } from "./engine";
import { type Plan, planTable } from "./plan";
import { productNumbers } from "./products";

/** What a job does with the projections, as in assembly/job.ts. */
const task = { project: 0, score: 1, differentiate: 2, multiply: 3 } as const;

/** What a job computes from the projections, and the arrays of the whole batch that receive it. */
export type Purpose =
  | { images: Float32Array }
  | { targets: Float32Array; targetRings: number; weights: Float32Array; result: ProjectionResult }
  | { targets: Float32Array; targetRings: number; products: Float32Array; variants: number };

/** A part of a batch. */
export interface JobInput {
  /** Models and poses of the part. */
  batch: PosedModels;
  /** Size of the transforms. */
  size: ImageSize;
  /** Index in the whole batch of the first particle of the part. */
  first: number;
  /** What to compute. */
  purpose: Purpose;
}

/** A job in the shared memory: lays out inputs and outputs, and copies them. */
export class JobMemory {
  /** Address of the job record. */
  readonly address: number;
  private readonly arena = new Arena();
  private readonly inputs: [address: number, data: Float32Array | Int32Array][] = [];
  private readonly outputs: [address: number, data: Float32Array][] = [];
  private readonly job: Job;

  constructor(
    private readonly input: JobInput,
    plan: Plan,
  ) {
    this.address = this.arena.take(4 * jobFields.length);
    const { batch, size, purpose } = input;
    const { gaussians } = batch;
    const { boxSize, rings } = size;
    const tables = discTables(rings);
    const spread = plan.method === "spread" ? plan : undefined;
    const result = "result" in purpose ? purpose.result : undefined;
    const weights = "weights" in purpose ? purpose.weights : undefined;
    const variants = "variants" in purpose ? purpose.variants : 0;
    this.job = {
      next: 0,
      count: batch.count,
      gaussians,
      boxSize,
      rings,
      targetRings: "targets" in purpose ? purpose.targetRings : rings,
      task: taskOf(purpose),
      method: spread ? 1 : 0,
      modelStride: variants > 0 ? 5 * gaussians : modelStride(batch),
      weightStride: weights && weights.length > rings + 1 ? rings + 1 : 0,
      grid: spread?.grid ?? 0,
      margin: spread?.margin ?? 0,
      model: this.put(batch.model),
      rotations: this.put(batch.rotations),
      shifts: this.put(batch.shifts),
      targets: "targets" in purpose ? this.put(purpose.targets) : 0,
      weights: weights ? this.put(weights) : 0,
      images: "images" in purpose ? this.get(purpose.images, 2 * disc(rings).samples) : 0,
      frc: this.get(result?.frc, rings + 1),
      score: this.get(result?.score, 1),
      modelGradient: this.get(result?.modelGradient, 5 * gaussians),
      rotationGradient: this.get(result?.rotationGradient, 9),
      shiftGradient: this.get(result?.shiftGradient, 2),
      extent: this.put(tables.extent),
      ring: this.put(tables.ring),
      twiddles: spread ? this.put(twiddles(spread.grid)) : 0,
      plan: spread ? this.put(planTable(spread, boxSize, rings)) : 0,
      classes: spread?.classes.length ?? 0,
      variants,
      products:
        "products" in purpose ? this.get(purpose.products, (rings + 1) * productNumbers(variants)) : 0,
    };
  }

  /** Allocates scratch for each of `threads` threads; returns the addresses. */
  takeScratch(exports: KernelExports, threads: number): number[] {
    const { gaussians, rings, grid, margin, variants } = this.job;
    const bytes = exports.scratchBytes(gaussians, rings, grid, margin, variants);
    return Array.from({ length: threads }, () => this.arena.take(bytes));
  }

  /** Copies record and inputs to the memory, which grows as needed. @throws RangeError if it cannot */
  write(memory: SharedWasmMemory): void {
    this.arena.fit(memory);
    const { buffer } = memory;
    new Int32Array(buffer, this.address, jobFields.length).set(jobFields.map((field) => this.job[field]));
    for (const [address, data] of this.inputs) {
      if (data instanceof Int32Array) new Int32Array(buffer, address, data.length).set(data);
      else new Float32Array(buffer, address, data.length).set(data);
    }
  }

  /** Copies the outputs from the memory. */
  read({ buffer }: SharedWasmMemory): void {
    for (const [address, data] of this.outputs) data.set(new Float32Array(buffer, address, data.length));
  }

  private put(data: Float32Array | Int32Array): number {
    const address = this.arena.take(4 * data.length);
    this.inputs.push([address, data]);
    return address;
  }

  /** @param length numbers per particle */
  private get(data: Float32Array | undefined, length: number): number {
    if (!data) return 0;
    const { batch, first } = this.input;
    const address = this.arena.take(4 * length * batch.count);
    this.outputs.push([address, data.subarray(first * length, (first + batch.count) * length)]);
    return address;
  }
}

function taskOf(purpose: Purpose): number {
  if ("images" in purpose) return task.project;
  if ("products" in purpose) return task.multiply;
  const { modelGradient, rotationGradient } = purpose.result;
  return modelGradient || rotationGradient ? task.differentiate : task.score;
}
