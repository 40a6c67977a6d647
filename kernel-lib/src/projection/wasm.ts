import path from "node:path";
import { Worker } from "node:worker_threads";
import { disc } from "../fourier/disc";
import { threadCount } from "../wasm/threadCount";
import {
  type ControlWords,
  control,
  instantiate,
  type KernelExports,
  kernelModule,
  newMemory,
  nextJob,
  pagesOf,
  type SharedWasmMemory,
} from "../wasm/wasmMemory";
import { checkBatch, checkPosedModels, emptyResult, modelStride, variantsOf, weightStride } from "./batch";
import type {
  ImageSize,
  PosedModels,
  ProductsRequest,
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { choosePlan, type Plan } from "./plan";
import { productNumbers, productsOfProjections } from "./products";
import type { PlanInput } from "./spreadPlan";
import { type JobInput, JobMemory } from "./wasmJob";
import { measureWidths } from "./widths";

/** Options of {@link WasmEngine}. */
export interface WasmEngineOptions {
  /** Worker threads. Default: one per core. */
  threads?: number;
  /** Chooses the formulation of a batch; for tests and measurements. Default: the cheapest one. */
  plan?: (input: PlanInput) => Plan;
}

/** Upper limit of the inputs and outputs of a part of a batch in shared memory, in bytes. */
const maxPartBytes = 256 * 2 ** 20;

/**
 * The engine for CPUs: WebAssembly with SIMD (sources in assembly/) in worker threads over one shared memory, in float32.
 * The calling thread only copies inputs and outputs; threads take particles as they become free.
 *
 * Threads start with the first call and do not keep an otherwise idle process alive. The arrays of a batch must not change
 * until the promise settles. All methods throw an Error when a thread has died; the engine cannot be used afterwards.
 */
export class WasmEngine implements ProjectionEngine {
  readonly name = "wasm";
  /** Number of worker threads. */
  readonly threads: number;
  private readonly plan: NonNullable<WasmEngineOptions["plan"]>;
  private memory: SharedWasmMemory | undefined;
  private exports: KernelExports | undefined;
  private workers: Worker[] = [];
  private readonly words: ControlWords;
  private failure: Error | undefined;
  /** Settles the promise of the current job. */
  private settle: ((error?: Error) => void) | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private kept: ProjectionResult | undefined;

  /** @throws RangeError for an invalid number of threads */
  constructor(options: WasmEngineOptions = {}) {
    this.threads = threadCount(options.threads);
    this.words = new Int32Array(new SharedArrayBuffer(4 * (control.scratch + this.threads)));
    this.plan = options.plan ?? choosePlan;
  }

  evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    return this.inTurn(async () => {
      checkBatch(batch, request);
      const result = this.resultFor(batch, request);
      const { gaussians, targetRings } = batch;
      const targetLength = disc(targetRings).samples * 2;
      const gradientLength = request.gradient?.model ? 5 * gaussians : 0;
      const bytes = 4 * (modelStride(batch) + targetLength + gradientLength + 64);
      await this.inParts(batch.count, bytes, async (first, count) => {
        const targets = batch.targets.subarray(first * targetLength, (first + count) * targetLength);
        const own = weightStride(request);
        const weights =
          own === 0 ? request.ringWeights : request.ringWeights.subarray(first * own, (first + count) * own);
        const purpose = { targets, targetRings, weights, result };
        await this.run({ batch: partOf(batch, first, count), size: request, first, purpose });
      });
      return result;
    });
  }

  products(batch: VariantBatch, size: ProductsRequest): Promise<Float32Array> {
    if (size.inside) return productsOfProjections(this, batch, size);
    return this.inTurn(async () => {
      const variants = variantsOf(batch, size);
      const { targetRings, gaussians } = batch;
      const length = (size.rings + 1) * productNumbers(variants);
      const products = new Float32Array(batch.count * length);
      const modelLength = 5 * gaussians * variants;
      const targetLength = disc(targetRings).samples * 2;
      await this.inParts(batch.count, 4 * (modelLength + targetLength + length), async (first, count) => {
        const model = batch.model.subarray(first * modelLength, (first + count) * modelLength);
        const targets = batch.targets.subarray(first * targetLength, (first + count) * targetLength);
        const purpose = { targets, targetRings, products, variants };
        await this.run({ batch: { ...partOf(batch, first, count), model }, size, first, purpose });
      });
      return products;
    });
  }

  project(batch: PosedModels, size: ImageSize): Promise<Float32Array> {
    return this.inTurn(async () => {
      checkPosedModels(batch, size);
      const length = disc(size.rings).samples * 2;
      const images = new Float32Array(batch.count * length);
      await this.inParts(batch.count, 4 * (modelStride(batch) + length), async (first, count) => {
        await this.run({ batch: partOf(batch, first, count), size, first, purpose: { images } });
      });
      return images;
    });
  }

  async dispose(): Promise<void> {
    this.failure = new Error("projection engine: already disposed");
    await this.last;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.workers = [];
    this.memory = undefined;
    this.exports = undefined;
    this.kept = undefined;
  }

  /** Runs a call after the ones before it, since all share one memory. */
  private inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.last.then(call);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async inParts(
    count: number,
    bytesPerParticle: number,
    work: (first: number, count: number) => Promise<void>,
  ): Promise<void> {
    const most = Math.max(this.threads, Math.floor(maxPartBytes / bytesPerParticle));
    for (let first = 0; first < count; first += most) await work(first, Math.min(most, count - first));
  }

  /** The arrays of the last result where their sizes fit, so that training steps do not allocate. */
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

  private async run(input: JobInput): Promise<void> {
    if (this.failure) throw this.failure;
    const { batch, size } = input;
    const { boxSize, rings } = size;
    const { memory, exports } = this.start();
    const widths = measureWidths(batch);
    const job = new JobMemory(input, this.plan({ gaussians: batch.gaussians, boxSize, rings, widths }));
    const scratch = job.takeScratch(exports, Math.min(this.workers.length, batch.count));
    job.write(memory);
    await this.work(job.address, scratch);
    job.read(memory);
  }

  /** Memory and module, and the worker threads at the first call. */
  private start(): { memory: SharedWasmMemory; exports: KernelExports } {
    this.memory ??= newMemory();
    if (!this.exports) {
      const module = kernelModule();
      this.exports = instantiate(module, this.memory);
      this.workers = Array.from({ length: this.threads }, (_, index) => this.startWorker(module, index));
    }
    return { memory: this.memory, exports: this.exports };
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
    // A late message of an earlier job must not settle this one.
    worker.on("message", (job: number) => {
      if (job === Atomics.load(this.words, control.jobs)) this.settle?.();
    });
    // After adding the message listener, which refs the worker.
    worker.unref();
    return worker;
  }

  /** Wakes one thread for each scratch address; resolves when the job is done. */
  private work(job: number, scratch: number[]): Promise<void> {
    const { words } = this;
    return new Promise((resolve, reject) => {
      // An idle engine must not keep the process alive, a busy one must.
      const [worker] = this.workers;
      this.settle = (error) => {
        this.settle = undefined;
        worker?.unref();
        if (error) reject(error);
        else resolve();
      };
      worker?.ref();
      for (const [i, address] of scratch.entries()) Atomics.store(words, control.scratch + i, address);
      Atomics.store(words, control.job, job);
      Atomics.store(words, control.pages, pagesOf(this.memory!));
      Atomics.store(words, control.busy, scratch.length);
      Atomics.store(words, control.jobs, nextJob(Atomics.load(words, control.jobs), scratch.length));
      Atomics.notify(words, control.jobs);
    });
  }
}

function partOf(batch: PosedModels, first: number, count: number): PosedModels {
  const stride = modelStride(batch);
  return {
    count,
    gaussians: batch.gaussians,
    model: stride === 0 ? batch.model : batch.model.subarray(first * stride, (first + count) * stride),
    rotations: batch.rotations.subarray(9 * first, 9 * (first + count)),
    shifts: batch.shifts.subarray(2 * first, 2 * (first + count)),
  };
}
