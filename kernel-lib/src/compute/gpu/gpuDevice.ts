import { readFileSync } from "node:fs";
import path from "node:path";
import { dawnAdapter, describe } from "../dawn";
import { notAvailable } from "../optionalPackages";
import { bindGroupEntries, Dispatch, type DispatchSpec, type Pass } from "./dispatch";

/** Sources of the compute kernels, one operation a file. */
const shaders = path.join(__dirname, "../../shaders");

/** Limits that are asked for as large as the adapter has them; by default they are those of a phone. */
const wanted = ["maxStorageBufferBindingSize", "maxBufferSize"] as const;

/** The GPU's own clock, where it has one. */
const clock = "timestamp-query";

/** A part of a device buffer to read, and where to. */
export interface Output {
  buffer: GPUBuffer;
  to: Float32Array;
}

/** The GPU: its buffers and its compute kernels. */
export class GpuDevice {
  /** The first error that no promise reports: a kernel or a buffer that is not valid. */
  private failure: Error | undefined;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private staging: GPUBuffer | undefined;

  private constructor(
    private readonly device: GPUDevice,
    /** What the adapter calls itself. */
    readonly name: string,
  ) {
    device.onuncapturederror = ({ error }) => {
      this.failure ??= new Error(`GPU: ${error.message}`);
    };
    device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") this.failure ??= new Error(`GPU: the device was lost: ${message}`);
    });
  }

  /** Opens the GPU. The caller disposes of it. @throws InputError, with reason and advice, without Dawn or a GPU */
  static async open(): Promise<GpuDevice> {
    const adapter = await dawnAdapter().catch((error: unknown) => {
      throw notAvailable("GPU", error);
    });
    const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
    const requiredFeatures: GPUFeatureName[] = adapter.features.has(clock) ? [clock] : [];
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    return new GpuDevice(device, describe(adapter));
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

  /** Limits of the device, by their names in WebGPU. */
  get limits(): Readonly<Record<string, number>> {
    const limits: Record<string, number> = {};
    for (const name in this.device.limits) limits[name] = this.device.limits[name as "maxBufferSize"];
    return limits;
  }

  /** A buffer of zeros for kernels, copies and `write`. */
  buffer(bytes: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.device.createBuffer({ size: Math.max(16, 4 * Math.ceil(bytes / 4)), usage });
  }

  /** A buffer of zeros that kernels read as one record. */
  uniform(bytes: number): GPUBuffer {
    return this.device.createBuffer({ size: bytes, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
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

  /** A kernel with its buffers. Kernels are compiled once for the same files and constants. */
  async dispatch({ files, constants, buffers, groups }: DispatchSpec): Promise<Dispatch> {
    const key = `${files.join()} ${JSON.stringify(constants)}`;
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      pipeline = this.compile(files, constants);
      this.pipelines.set(key, pipeline);
    }
    const compiled = await pipeline;
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

  /** Waits for everything that was submitted. @throws Error if the GPU fails */
  async idle(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    if (this.failure) throw this.failure;
  }

  /** Runs kernels one after another for a number of particles, then reads buffers. @throws Error if the GPU fails */
  async run(dispatches: readonly Dispatch[], count: number, outputs: readonly Output[]): Promise<void> {
    const encoder = this.recorded([{ dispatches, count }]);
    // Mapped ranges start at multiples of 8 bytes.
    const placed = outputs.map(({ buffer, to }) => ({ buffer, to, at: 0, bytes: to.byteLength }));
    let bytes = 0;
    for (const output of placed) {
      output.at = bytes;
      bytes += 8 * Math.ceil(output.bytes / 8);
    }
    const staging = this.stagingFor(bytes);
    for (const { buffer, at, bytes } of placed) encoder.copyBufferToBuffer(buffer, 0, staging, at, bytes);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ, 0, bytes).catch((error: Error) => {
      throw this.failure ?? error;
    });
    for (const { to, at, bytes } of placed) to.set(new Float32Array(staging.getMappedRange(at, bytes)));
    staging.unmap();
    if (this.failure) throw this.failure;
  }

  /** Milliseconds of a pass, by the GPU's clock if it has one, else by the CPU's. @throws Error if the GPU fails */
  async time(pass: Omit<Pass, "input">): Promise<number> {
    if (!this.hasClock) {
      const start = performance.now();
      this.submit([pass]);
      await this.idle();
      return performance.now() - start;
    }
    const querySet = this.device.createQuerySet({ type: "timestamp", count: 2 });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const times = this.device.createBuffer({ size: 16, usage });
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
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.staging = this.device.createBuffer({ size: bytes, usage });
    return this.staging;
  }

  /** Frees the GPU's memory. The device cannot be used afterwards. */
  dispose(): void {
    this.device.destroy();
  }
}
