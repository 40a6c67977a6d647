import { availableParallelism } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { disc } from "../fourier/disc";
import { twiddles } from "../fourier/twiddles";
import {
  Arena,
  type ControlWords,
  control,
  discTables,
  instantiate,
  type Job,
  jobFields,
  type KernelExports,
  kernelModule,
  maxThreads,
  newMemory,
  nextJob,
  pagesOf,
  type SharedWasmMemory,
} from "../wasm/wasmMemory";
import {
  checkBatch,
  checkModelsAndPoses,
  emptyResult,
  type ModelsAndPoses,
  modelStride,
  variantsOf,
  weightStride,
} from "./batch";
import type {
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { choosePlan, type Plan, planTable, type Widths, widths } from "./plan";
import { productNumbers } from "./products";

export interface WasmEngineOptions {
  /** Worker threads. Default: one per core. */
  threads?: number;
  /** Fixes the formulation instead of choosing it for each batch; for tests and measurements. */
  plan?: (gaussians: number, boxSize: number, rings: number, sigma: Widths) => Plan;
}

/** Bytes of inputs and outputs that are laid in shared memory at a time; a larger batch is worked off in parts. */
const PART_BYTES = 256 * 2 ** 20;

const PROJECT = 0;
const SCORE = 1;
const DIFFERENTIATE = 2;
const MULTIPLY = 3;

/** What a job is to do with the projections, and where that goes. */
type Purpose =
  | { images: Float32Array }
  | { targets: Float32Array; targetRings: number; weights: Float32Array; result: ProjectionResult }
  | { targets: Float32Array; targetRings: number; products: Float32Array; variants: number };

/**
 * The engine for CPUs: WebAssembly with SIMD (sources in assembly/) in worker threads over one shared memory. Float32.
 * The calling thread only copies inputs and outputs; particles are divided among the threads as they become free.
 *
 * Threads start with the first call and keep no process alive that has nothing else to do. The arrays of a batch must
 * stay as they are until the promise settles.
 *
 * @throws Error from `evaluate` and `project` when a thread died; the engine is then of no further use.
 */
export class WasmEngine implements ProjectionEngine {
  readonly name = "wasm";
  readonly threads: number;
  private readonly plan: NonNullable<WasmEngineOptions["plan"]>;
  private memory: SharedWasmMemory | undefined;
  private exports: KernelExports | undefined;
  private workers: Worker[] = [];
  private readonly words: ControlWords;
  private failure: Error | undefined;
  /** Ends the wait for the job that is being worked on. */
  private settle: ((error?: Error) => void) | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private kept: ProjectionResult | undefined;

  constructor(options: WasmEngineOptions = {}) {
    const threads = options.threads ?? Math.min(availableParallelism(), maxThreads - 1);
    if (!Number.isInteger(threads) || threads < 1 || threads >= maxThreads) {
      throw new RangeError(`threads: expected an integer from 1 to ${maxThreads - 1}, found ${threads}`);
    }
    this.threads = threads;
    this.words = new Int32Array(new SharedArrayBuffer(4 * (control.scratch + threads)));
    this.plan = options.plan ?? choosePlan;
  }

  evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    return this.inTurn(async () => {
      checkBatch(batch, request);
      const result = this.resultFor(batch, request);
      const { gaussians } = batch;
      const targetNumbers = disc(batch.targetRings).samples * 2;
      const bytes =
        4 * (modelStride(batch) + targetNumbers + (request.gradient?.model ? 5 * gaussians : 0) + 64);
      await this.inParts(batch.count, bytes, async (first, count) => {
        const targets = batch.targets.subarray(first * targetNumbers, (first + count) * targetNumbers);
        const own = weightStride(request);
        const weights =
          own === 0 ? request.ringWeights : request.ringWeights.subarray(first * own, (first + count) * own);
        const { targetRings } = batch;
        await this.run(part(batch, first, count), request, first, { targets, targetRings, weights, result });
      });
      return result;
    });
  }

  products(batch: VariantBatch, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    return this.inTurn(async () => {
      const variants = variantsOf(batch, request);
      const { targetRings, gaussians } = batch;
      const numbers = (request.rings + 1) * productNumbers(variants);
      const products = new Float32Array(batch.count * numbers);
      const models = 5 * gaussians * variants;
      const targetNumbers = disc(targetRings).samples * 2;
      await this.inParts(batch.count, 4 * (models + targetNumbers + numbers), async (first, count) => {
        const own = {
          count,
          gaussians,
          model: batch.model.subarray(first * models, (first + count) * models),
          rotations: batch.rotations.subarray(9 * first, 9 * (first + count)),
          shifts: batch.shifts.subarray(2 * first, 2 * (first + count)),
        };
        const targets = batch.targets.subarray(first * targetNumbers, (first + count) * targetNumbers);
        await this.run(own, request, first, { targets, targetRings, products, variants });
      });
      return products;
    });
  }

  project(batch: ModelsAndPoses, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    return this.inTurn(async () => {
      checkModelsAndPoses(batch, request.boxSize, request.rings);
      const numbers = disc(request.rings).samples * 2;
      const images = new Float32Array(batch.count * numbers);
      await this.inParts(batch.count, 4 * (modelStride(batch) + numbers), async (first, count) => {
        await this.run(part(batch, first, count), request, first, { images });
      });
      return images;
    });
  }

  async dispose(): Promise<void> {
    this.failure = new Error("projection engine: it has been disposed of");
    await this.last;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.workers = [];
    this.memory = undefined;
    this.exports = undefined;
    this.kept = undefined;
  }

  /** Calls share one memory, so each waits for the one before. */
  private inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.last.then(call);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async inParts(
    count: number,
    bytesEach: number,
    work: (first: number, count: number) => Promise<void>,
  ): Promise<void> {
    const most = Math.max(this.threads, Math.floor(PART_BYTES / bytesEach));
    for (let first = 0; first < count; first += most) await work(first, Math.min(most, count - first));
  }

  /** The arrays of the last result, where they have the right size, so that a step of training allocates nothing. */
  private resultFor(batch: ProjectionBatch, request: ProjectionRequest): ProjectionResult {
    const kept = this.kept;
    const fits =
      kept !== undefined &&
      kept.frc.length === batch.count * (request.rings + 1) &&
      kept.score.length === batch.count &&
      (kept.modelGradient?.length ?? 0) ===
        (request.gradient?.model ? 5 * batch.count * batch.gaussians : 0) &&
      (kept.rotationGradient === undefined) === !request.gradient?.pose;
    if (!fits) this.kept = emptyResult(batch, request);
    return this.kept!;
  }

  private async run(
    batch: ModelsAndPoses,
    request: { boxSize: number; rings: number },
    first: number,
    purpose: Purpose,
  ): Promise<void> {
    if (this.failure) throw this.failure;
    const { count, gaussians } = batch;
    const { boxSize, rings } = request;
    this.memory ??= newMemory();
    const memory = this.memory;
    if (!this.exports) {
      const module = kernelModule();
      this.exports = instantiate(module, memory);
      this.workers = Array.from({ length: this.threads }, (_, index) => this.startWorker(module, index));
    }
    const tables = discTables(rings);
    const plan = this.plan(gaussians, boxSize, rings, widths(batch));
    const spread = plan.method === "spread" ? plan : undefined;
    const arena = new Arena();
    const jobAt = arena.take(4 * jobFields.length);
    const inputs: [address: number, data: Float32Array | Int32Array][] = [];
    const outputs: [address: number, data: Float32Array][] = [];
    const put = (data: Float32Array | Int32Array): number => {
      const address = arena.take(4 * data.length);
      inputs.push([address, data]);
      return address;
    };
    const get = (data: Float32Array | undefined, each: number): number => {
      if (!data) return 0;
      const address = arena.take(4 * each * count);
      outputs.push([address, data.subarray(first * each, (first + count) * each)]);
      return address;
    };
    const result = "result" in purpose ? purpose.result : undefined;
    const gradient = result?.modelGradient !== undefined || result?.rotationGradient !== undefined;
    const variants = "variants" in purpose ? purpose.variants : 0;
    const task =
      "images" in purpose ? PROJECT : "products" in purpose ? MULTIPLY : gradient ? DIFFERENTIATE : SCORE;
    const weights = "weights" in purpose ? purpose.weights : undefined;
    const job: Job = {
      next: 0,
      count,
      gaussians,
      boxSize,
      rings,
      targetRings: "targets" in purpose ? purpose.targetRings : rings,
      task,
      method: spread ? 1 : 0,
      modelStride: variants > 0 ? 5 * gaussians : modelStride(batch),
      weightStride: weights && weights.length > rings + 1 ? rings + 1 : 0,
      grid: spread?.grid ?? 0,
      margin: spread?.margin ?? 0,
      model: put(batch.model),
      rotations: put(batch.rotations),
      shifts: put(batch.shifts),
      targets: "targets" in purpose ? put(purpose.targets) : 0,
      weights: weights ? put(weights) : 0,
      images: "images" in purpose ? get(purpose.images, 2 * disc(rings).samples) : 0,
      frc: get(result?.frc, rings + 1),
      score: get(result?.score, 1),
      modelGradient: get(result?.modelGradient, 5 * gaussians),
      rotationGradient: get(result?.rotationGradient, 9),
      shiftGradient: get(result?.shiftGradient, 2),
      extent: put(tables.extent),
      ring: put(tables.ring),
      twiddles: spread ? put(twiddles(spread.grid)) : 0,
      plan: spread ? put(planTable(spread, boxSize, rings)) : 0,
      classes: spread?.classes.length ?? 0,
      variants,
      products: "products" in purpose ? get(purpose.products, (rings + 1) * productNumbers(variants)) : 0,
    };
    const busy = this.workers.slice(0, count);
    const scratch = busy.map(() =>
      arena.take(this.exports!.scratchBytes(gaussians, rings, job.grid, job.margin, variants)),
    );
    arena.fit(memory);
    const buffer = memory.buffer;
    new Int32Array(buffer, jobAt, jobFields.length).set(jobFields.map((field) => job[field]));
    for (const [address, data] of inputs) {
      if (data instanceof Int32Array) new Int32Array(buffer, address, data.length).set(data);
      else new Float32Array(buffer, address, data.length).set(data);
    }
    await this.work(jobAt, scratch);
    for (const [address, data] of outputs) data.set(new Float32Array(buffer, address, data.length));
  }

  private startWorker(module: object, index: number): Worker {
    const { memory, words } = this;
    const workerData = { module, memory, words, index };
    const worker = new Worker(path.join(__dirname, "wasmWorker.js"), { workerData });
    const fail = (reason: string) => {
      this.failure ??= new Error(`projection engine: a worker thread ended, ${reason}`);
      this.settle?.(this.failure);
    };
    worker.on("error", (error) => fail(error.message));
    worker.on("exit", (code) => fail(`exit code ${code}`));
    // An earlier job's last word must not pass for this one's.
    worker.on("message", (job: number) => {
      if (job === Atomics.load(this.words, control.jobs)) this.settle?.();
    });
    // After the listener for messages, which would keep the process alive.
    worker.unref();
    return worker;
  }

  /** Lets as many threads as there are scratches work on the job. */
  private work(job: number, scratch: number[]): Promise<void> {
    const { words } = this;
    return new Promise((resolve, reject) => {
      // An idle engine must not keep the process alive, a busy one must.
      const [awake] = this.workers;
      this.settle = (error) => {
        this.settle = undefined;
        awake?.unref();
        if (error) reject(error);
        else resolve();
      };
      awake?.ref();
      for (const [i, address] of scratch.entries()) Atomics.store(words, control.scratch + i, address);
      Atomics.store(words, control.job, job);
      Atomics.store(words, control.pages, pagesOf(this.memory!));
      Atomics.store(words, control.busy, scratch.length);
      Atomics.store(words, control.jobs, nextJob(Atomics.load(words, control.jobs), scratch.length));
      Atomics.notify(words, control.jobs);
    });
  }
}

function part(batch: ModelsAndPoses, first: number, count: number): ModelsAndPoses {
  const stride = modelStride(batch);
  return {
    count,
    gaussians: batch.gaussians,
    model: stride === 0 ? batch.model : batch.model.subarray(first * stride, (first + count) * stride),
    rotations: batch.rotations.subarray(9 * first, 9 * (first + count)),
    shifts: batch.shifts.subarray(2 * first, 2 * (first + count)),
  };
}
