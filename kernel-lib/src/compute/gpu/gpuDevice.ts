import { readFileSync } from "node:fs";
import path from "node:path";
import { InputError } from "../../errors";
import { gigabytes } from "../../memoryLimit";
import { dawnAdapter, describe, isSoftwareAdapter } from "../dawn";
import { errorLine, notAvailable } from "../optionalPackages";
import { bindGroupEntries, Dispatch, type DispatchSpec, type Pass } from "./dispatch";
import { GpuFailure } from "./gpuFailure";
import { clock, featuresOf, type ProductForm, productFormOf, subgroups } from "./gpuFeatures";

/** Sources of the compute kernels, one operation a file. */
const shaders = path.join(__dirname, "../../shaders");

/** Limits that are asked for as large as the adapter has them; by default they are those of a phone. */
const wanted = ["maxStorageBufferBindingSize", "maxBufferSize"] as const;

/** A part of a device buffer to read, and where to. */
export interface Output {
  buffer: GPUBuffer;
  to: Float32Array;
  /** Byte of the first number. Default 0. */
  at?: number;
}

/** The GPU: its buffers and its compute kernels. */
export class GpuDevice {
  /** The first failure, after which nothing that the device computes is used. */
  private failure: GpuFailure | undefined;
  private disposed = false;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private staging: GPUBuffer | undefined;
  private lastRun: Promise<unknown> = Promise.resolve();
  private allocated = 0;
  private mostAllocated = 0;
  /** Ends the waits for the device's work when it is lost: that work may never end. */
  private readonly waits = new Set<(failure: GpuFailure) => void>();

  private constructor(
    private readonly device: GPUDevice,
    /** What the adapter calls itself. */
    readonly name: string,
    /** Whether it is a program on the CPU. */
    readonly isSoftware: boolean,
    /** How products share their inputs among threads. */
    readonly productForm: ProductForm,
  ) {
    device.onuncapturederror = ({ error }) => {
      const [fault, what] =
        error instanceof GPUOutOfMemoryError
          ? (["memory", `has not enough memory for ${gigabytes(this.allocated)}`] as const)
          : (["invalid", "refused a command"] as const);
      this.fail(new GpuFailure(fault, `the GPU ${name} ${what}: ${errorLine(error)}`));
    };
    device.lost.then(({ message }) => {
      const how = message ? ` (${errorLine({ message })})` : "";
      this.fail(new GpuFailure("lost", `the GPU ${name} was lost${how}`));
      for (const reject of this.waits) reject(this.failure!);
    });
  }

  /**
   * Opens a GPU. The caller disposes of it.
   * @param gpu its number in `listGpus`. Default: that of `E2GMM_GPU`, else the one for high performance
   * @throws InputError, with reason and advice, without Dawn or a GPU; GpuFailure if the driver does not open it
   */
  static async open(gpu?: number): Promise<GpuDevice> {
    const adapter = await dawnAdapter(gpu).catch((error: unknown) => {
      throw error instanceof InputError ? error : notAvailable("GPU", error);
    });
    const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
    const requiredFeatures = featuresOf(adapter);
    const name = describe(adapter);
    const device = await adapter
      .requestDevice({ requiredLimits, requiredFeatures })
      .catch((error: unknown) => {
        throw new GpuFailure("lost", `the GPU ${name} does not start: ${errorLine(error)}`);
      });
    return new GpuDevice(device, name, isSoftwareAdapter(adapter), productFormOf(adapter));
  }

  private fail(failure: GpuFailure): void {
    this.failure ??= failure;
  }

  /** @throws GpuFailure if the GPU has failed */
  private check(): void {
    if (this.failure && !this.disposed) throw this.failure;
  }

  /** Bytes of the largest buffer that a kernel may use. */
  get largestBuffer(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  /** Whether kernels are timed by the GPU's own clock. */
  get hasClock(): boolean {
    return this.device.features.has(clock);
  }

  /** Forms of products that it can compute. */
  get productForms(): ProductForm[] {
    return this.device.features.has(subgroups) ? ["memory", "subgroups"] : ["memory"];
  }

  /** Limits of the device, by their names in WebGPU. */
  get limits(): Readonly<Record<string, number>> {
    const limits: Record<string, number> = {};
    for (const name in this.device.limits) limits[name] = this.device.limits[name as "maxBufferSize"];
    return limits;
  }

  /** The most bytes that buffers have had at a time. */
  get peakBytes(): number {
    return this.mostAllocated;
  }

  /** A buffer of zeros for kernels, copies and `write`. @throws GpuFailure if it is larger than the GPU allows */
  buffer(bytes: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.allocate(Math.max(16, 4 * Math.ceil(bytes / 4)), usage);
  }

  private allocate(size: number, usage: number): GPUBuffer {
    if (size > this.largestBuffer) {
      throw new GpuFailure(
        "size",
        `the GPU ${this.name} allows buffers of ${gigabytes(this.largestBuffer)}, and ${gigabytes(size)} are needed`,
      );
    }
    const buffer = this.device.createBuffer({ size, usage });
    this.allocated += size;
    this.mostAllocated = Math.max(this.mostAllocated, this.allocated);
    const { destroy } = buffer;
    let held = size;
    buffer.destroy = () => {
      this.allocated -= held;
      held = 0;
      return destroy.call(buffer);
    };
    return buffer;
  }

  /** A buffer of zeros that kernels read as one record. */
  uniform(bytes: number): GPUBuffer {
    return this.allocate(bytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  }

  /** A buffer with these numbers. */
  constants(numbers: Float32Array | Uint32Array): GPUBuffer {
    const buffer = this.buffer(numbers.byteLength);
    this.write(buffer, numbers);
    return buffer;
  }

  /** Copies numbers to a buffer, from byte `at` on. Default: to its beginning. */
  write(buffer: GPUBuffer, numbers: Float32Array | Uint32Array, at = 0): void {
    // WebGPU refuses memory that is shared with threads.
    const own = numbers.buffer instanceof SharedArrayBuffer ? numbers.slice() : numbers;
    this.device.queue.writeBuffer(buffer, at, own.buffer, own.byteOffset, own.byteLength);
  }

  /** A kernel with its buffers. Kernels are compiled once for the same files and constants. @throws GpuFailure if the GPU fails */
  async dispatch({ files, constants, buffers, groups }: DispatchSpec): Promise<Dispatch> {
    const key = `${files.join()} ${JSON.stringify(constants)}`;
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      pipeline = this.compile(files, constants);
      this.pipelines.set(key, pipeline);
    }
    const compiled = await this.waitFor(pipeline, `its kernel ${files.join("+")} does not compile`);
    const entries = bindGroupEntries(buffers);
    const bindGroup = this.device.createBindGroup({ layout: compiled.getBindGroupLayout(0), entries });
    return new Dispatch(files.join("+"), compiled, bindGroup, groups);
  }

  private compile(files: readonly string[], constants: Record<string, number>): Promise<GPUComputePipeline> {
    const code = files.map((file) => readFileSync(path.join(shaders, `${file}.wgsl`), "utf8")).join("\n");
    const label = files.join("+");
    const module = this.device.createShaderModule({ code, label });
    return this.device.createComputePipelineAsync({
      label,
      layout: "auto",
      compute: { module, entryPoint: "main", constants },
    });
  }

  /** The result of the device's work. @throws GpuFailure if the device has failed by then */
  private async waitFor<T>(work: Promise<T>, what: string): Promise<T> {
    let onLoss: ((failure: GpuFailure) => void) | undefined;
    const done = new Promise<T>((resolve, reject) => {
      onLoss = reject;
      this.waits.add(reject);
      work.then(resolve, reject);
    });
    const result = await done
      .catch((error: unknown) => {
        // A refused command has said nothing about what it was for.
        if (this.failure && this.failure.fault !== "invalid") throw this.failure;
        throw new GpuFailure("invalid", `the GPU ${this.name} failed, ${what}: ${errorLine(error)}`);
      })
      .finally(() => this.waits.delete(onLoss!));
    this.check();
    return result;
  }

  /** Runs passes one after another, without waiting for them. */
  submit(passes: readonly Pass[]): void {
    this.device.queue.submit([this.recorded(passes).finish()]);
  }

  private recorded(passes: readonly Pass[]): GPUCommandEncoder {
    const encoder = this.device.createCommandEncoder();
    for (const { dispatches, count, input } of passes) {
      if (input) encoder.copyBufferToBuffer(input.from, input.at, input.to, 0, input.bytes);
      const pass = encoder.beginComputePass();
      for (const dispatch of dispatches) dispatch.record(pass, count);
      pass.end();
    }
    return encoder;
  }

  /** Waits for everything that was submitted. @throws GpuFailure if the GPU fails */
  async idle(): Promise<void> {
    await this.waitFor(this.device.queue.onSubmittedWorkDone(), "its work does not end");
  }

  /** Runs kernels one after another for a number of particles, then reads buffers. @throws GpuFailure if the GPU fails */
  run(dispatches: readonly Dispatch[], count: number, outputs: readonly Output[]): Promise<void> {
    // All runs read through the same memory.
    const turn = this.lastRun.catch(() => undefined).then(() => this.runNow(dispatches, count, outputs));
    this.lastRun = turn;
    return turn;
  }

  private async runNow(
    dispatches: readonly Dispatch[],
    count: number,
    outputs: readonly Output[],
  ): Promise<void> {
    const encoder = this.recorded([{ dispatches, count }]);
    // Mapped ranges start at multiples of 8 bytes.
    const placed = outputs.map(({ buffer, to, at = 0 }) => ({
      ...{ buffer, to, from: at, at: 0, bytes: to.byteLength },
    }));
    let bytes = 0;
    for (const output of placed) {
      output.at = bytes;
      bytes += 8 * Math.ceil(output.bytes / 8);
    }
    const staging = this.stagingFor(bytes);
    for (const { buffer, from, at, bytes } of placed) {
      encoder.copyBufferToBuffer(buffer, from, staging, at, bytes);
    }
    this.device.queue.submit([encoder.finish()]);
    await this.waitFor(staging.mapAsync(GPUMapMode.READ, 0, bytes), "its results cannot be read");
    for (const { to, at, bytes } of placed) to.set(new Float32Array(staging.getMappedRange(at, bytes)));
    staging.unmap();
  }

  /** Milliseconds of a pass, by the GPU's clock if it has one, else by the CPU's. @throws GpuFailure if the GPU fails */
  async time(pass: Omit<Pass, "input">): Promise<number> {
    if (!this.hasClock) {
      const start = performance.now();
      this.submit([pass]);
      await this.idle();
      return performance.now() - start;
    }
    const querySet = this.device.createQuerySet({ type: "timestamp", count: 2 });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const times = this.allocate(16, usage);
    const encoder = this.device.createCommandEncoder();
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const recorded = encoder.beginComputePass({ timestampWrites });
    for (const dispatch of pass.dispatches) dispatch.record(recorded, pass.count);
    recorded.end();
    encoder.resolveQuerySet(querySet, 0, 2, times, 0);
    this.device.queue.submit([encoder.finish()]);
    const read = new Float32Array(4);
    await this.run([], 0, [{ buffer: times, to: read }]);
    querySet.destroy();
    times.destroy();
    const [from, to] = new BigUint64Array(read.buffer) as unknown as [bigint, bigint];
    return Number(to - from) / 1e6;
  }

  private stagingFor(bytes: number): GPUBuffer {
    if (this.staging && this.staging.size >= bytes) return this.staging;
    this.staging?.destroy();
    this.staging = this.allocate(bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    return this.staging;
  }

  /** Frees the GPU's memory. The device cannot be used afterwards. */
  dispose(): void {
    this.disposed = true;
    this.device.destroy();
  }
}
