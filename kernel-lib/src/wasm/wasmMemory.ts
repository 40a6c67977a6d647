import { readFileSync } from "node:fs";
import path from "node:path";
import { disc } from "../fourier/disc";

/** The shared memory and the compiled module of the WebAssembly kernels (assembly/), and how threads wait for jobs in it. */

/** A `WebAssembly.Memory` in shared memory; Node's type declarations do not include it. */
export interface SharedWasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** Grows the memory by pages of 64 KiB and returns the previous number of pages. */
  grow(pages: number): number;
}

/** The functions of the module. */
export interface KernelExports {
  /** Size of the memory in pages, as known to this instance. */
  memoryPages(): number;
  /** Bytes of scratch that one thread needs for such a job. */
  scratchBytes(gaussians: number, rings: number, grid: number, margin: number, variants: number): number;
  /** Processes particles of the job at `address` until none is left. */
  work(address: number, scratch: number): void;
  /** Processes chunks of the network task (a layer or the head) at `address` until none is left. */
  network(address: number): void;
  /** Number of chunks of a layer's task (0 forward, 1 backward, 2 update). */
  denseChunks(task: number, inputs: number, outputs: number): number;
  /** Number of chunks for `rows` rows of the head's raw outputs. */
  headChunks(rows: number, outputs: number): number;
  /** Bytes of scratch for an image of `size` × `size` pixels. */
  imageScratchBytes(size: number, rings: number): number;
  /** Transforms the image of the record at `address`. */
  transformImage(address: number): void;
  /** Mean CTF² of the rings, of the record at `address`. */
  ringPower(address: number): void;
  /** Computes the weighted samples of the image of the `Samples` record at `address`. */
  sampleImage(address: number): void;
  /** Adds samples to the planes of the `Planes` record at `address`. */
  distribute(address: number): void;
  /**
   * Transforms four complex signals of `size` samples at `x`, [size][re4, im4]; `y` is a second buffer. Returns the address of the
   * result, `x` or `y`.
   */
  transformLines(x: number, y: number, size: number, table: number): number;
}
interface WasmInterface {
  Memory: new (options: { initial: number; maximum: number; shared: true }) => SharedWasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: KernelExports };
}
const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;

let compiled: object | undefined;

/** The compiled module (cached in each thread); it can be sent to other threads. */
export function kernelModule(): object {
  compiled ??= new Module(readFileSync(path.join(__dirname, "projection.wasm")));
  return compiled;
}

/** Instantiates the module on a memory. */
export function instantiate(module: object, memory: SharedWasmMemory): KernelExports {
  return new Instance(module, { env: { memory } }).exports;
}

const pageBytes = 65536;
/** 4 GiB, the limit of 32-bit addresses. Only pages that the memory has grown to are allocated. */
const maxPages = 65536;

/** A new memory of one page that can grow to 4 GiB. */
export function newMemory(): SharedWasmMemory {
  return new Memory({ initial: 1, maximum: maxPages, shared: true });
}

/** Words by which the calling thread and the worker threads synchronise, in shared memory. */
export type ControlWords = Int32Array;

/** Indices of the {@link ControlWords}. */
export const control = {
  /**
   * Number of the job times {@link maxThreads}, plus the number of threads that work on it; threads sleep on this word. It is
   * one word, so that a thread that wakes late cannot combine the number of one job with the threads of the next.
   */
  jobs: 0,
  /** Threads that are still working on the job. */
  busy: 1,
  /** Pages of memory that the job needs, see {@link seeGrowth}. */
  pages: 2,
  /** Address of the job. */
  job: 3,
  /** Address of the first thread's scratch; those of the others follow. */
  scratch: 4,
} as const;

/** Exclusive limit of the number of threads. */
export const maxThreads = 256;

/** The job word that follows `word`. Job numbers wrap around; they only have to differ. */
export function nextJob(word: number, threads: number): number {
  return ((Math.floor(word / maxThreads) + 1) % 2 ** 22) * maxThreads + threads;
}

/** In a worker: sleeps on the word at `at` until there is a job other than `seen` for the thread `index`; returns its job word. */
export function awaitJob(words: Int32Array, at: number, index: number, seen: number): number {
  for (let job = seen; ; ) {
    Atomics.wait(words, at, job);
    const next = Atomics.load(words, at);
    if (next === job) continue;
    job = next;
    if (index < job % maxThreads) return job;
  }
}

/** Current pages of the memory, for {@link seeGrowth}. */
export function pagesOf(memory: SharedWasmMemory): number {
  return memory.buffer.byteLength / pageBytes;
}

/**
 * In a worker, before it accesses the memory of a job: updates the instance's size of the memory to `pages`.
 *
 * V8 keeps the size of a shared memory in every instance and notifies other threads of growth. Up to Node 24 it misses threads
 * that are just starting, which keep the old size until the next growth. Loads and stores work, since the pages exist, but
 * `memory.fill` and `memory.copy` check the instance's size and trap with "memory access out of bounds". Growing by 0 pages
 * updates the size.
 * @throws Error if the memory is still too small
 */
export function seeGrowth(kernels: KernelExports, memory: SharedWasmMemory, pages: number): void {
  if (kernels.memoryPages() >= pages) return;
  memory.grow(0);
  const seen = kernels.memoryPages();
  if (seen < pages) throw new Error(`shared memory: expected ${pages} pages, found ${seen}`);
}

/** Words of a job record, in the order of assembly/job.ts. */
export const jobFields = [
  "next",
  "count",
  "gaussians",
  "boxSize",
  "rings",
  "targetRings",
  "task",
  "method",
  "modelStride",
  "weightStride",
  "grid",
  "margin",
  "model",
  "rotations",
  "shifts",
  "targets",
  "weights",
  "images",
  "frc",
  "score",
  "modelGradient",
  "rotationGradient",
  "shiftGradient",
  "extent",
  "ring",
  "twiddles",
  "plan",
  "variants",
  "products",
  "classes",
] as const;

/** Values of a job record. */
export type Job = Record<(typeof jobFields)[number], number>;

/** Allocates addresses from the start of the memory; nothing is freed. */
export class Arena {
  private end = 64;

  /** Allocates `bytes` bytes, aligned to a cache line, and returns their address. */
  take(bytes: number): number {
    const address = this.end;
    this.end = Math.ceil((address + bytes) / 64) * 64;
    return address;
  }

  /**
   * Grows the memory to hold all allocations. To be called only by the thread that starts jobs, while none is running.
   * @param what purpose of the memory, for messages
   * @throws RangeError beyond 4 GiB, or if the system has no more memory
   */
  fit(memory: SharedWasmMemory, what = "batch"): void {
    const missing = this.end - memory.buffer.byteLength;
    if (missing <= 0) return;
    if (this.end > maxPages * pageBytes) {
      const size = (this.end / 2 ** 30).toFixed(1);
      throw new RangeError(`${what}: expected at most 4 GiB of memory, found ${size} GiB; use a smaller one`);
    }
    const pages = Math.ceil(missing / pageBytes);
    try {
      memory.grow(pages);
    } catch {
      const more = (missing / 2 ** 20).toFixed(0);
      throw new RangeError(`${what}: expected ${more} MiB more memory, found none; use a smaller one`);
    }
  }
}

/** Tables of a disc for the module: the ring of every sample, and the largest |ky| inside the disc for each kx. */
export interface DiscTables {
  ring: Int32Array;
  extent: Int32Array;
}

const cache = new Map<number, DiscTables>();

/** The tables of a disc of K rings (cached). */
export function discTables(rings: number): DiscTables {
  const cached = cache.get(rings);
  if (cached) return cached;
  const { ring, multiplicity } = disc(rings);
  const width = 2 * rings + 1;
  const extent = Int32Array.from({ length: rings + 1 }, (_, kx) => {
    let ky = rings;
    while (multiplicity[kx * width + rings + ky] === 0 && ky > 0) ky--;
    return ky;
  });
  const made = { ring: new Int32Array(ring), extent };
  cache.set(rings, made);
  return made;
}
