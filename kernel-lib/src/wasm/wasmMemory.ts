import { readFileSync } from "node:fs";
import path from "node:path";
import { disc } from "../fourier/disc";

/** The few names of the WebAssembly interface that are used here; Node's type declarations leave them out. */
export interface SharedWasmMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
export interface KernelExports {
  /** Size of the memory in pages, as this instance knows it. */
  memoryPages(): number;
  /** Bytes of scratch that one thread needs for such a job. */
  scratchBytes(gaussians: number, rings: number, grid: number, margin: number, variants: number): number;
  /** Works on particles of the job at `address` until none is left. */
  work(address: number, scratch: number): void;
  /** Works on the task of a network at `address`, a layer's or the head's, until nothing is left of it. */
  network(address: number): void;
  /** How many chunks a task (0 forward, 1 backward, 2 update) of a layer has. */
  denseChunks(task: number, inputs: number, outputs: number): number;
  /** How many pieces so many rows of the head's raw numbers have. */
  headChunks(rows: number, outputs: number): number;
  /** Bytes of scratch for an image of so many pixels along an edge. */
  imageScratchBytes(size: number, rings: number): number;
  /** Transforms the image of the record at `address`. */
  transformImage(address: number): void;
  /** Mean CTF² of the rings, of the record at `address`. */
  ringPower(address: number): void;
}
interface WasmInterface {
  Memory: new (options: { initial: number; maximum: number; shared: true }) => SharedWasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: KernelExports };
}
const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;

let compiled: object | undefined;

/** The module, compiled once in each thread that asks for it; other threads can be handed it. */
export function kernelModule(): object {
  compiled ??= new Module(readFileSync(path.join(__dirname, "projection.wasm")));
  return compiled;
}

export function instantiate(module: object, memory: SharedWasmMemory): KernelExports {
  return new Instance(module, { env: { memory } }).exports;
}

const PAGE = 65536;
/** The 4 GiB that 32-bit addresses reach; only what is grown into is ever taken. */
const MAXIMUM_PAGES = 65536;

export function newMemory(): SharedWasmMemory {
  return new Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true });
}

/** What the calling thread and the working threads share beside the memory: Int32 words at these places. */
export type ControlWords = Int32Array;
export const control = {
  /**
   * Number of the job, times {@link MOST_THREADS}, plus how many threads are to work on it; they sleep on it. One word, so that a
   * thread that wakes late never takes the number from one job and the threads from the next.
   */
  jobs: 0,
  /** Threads that still work on the job. */
  busy: 1,
  /** Pages of memory that the job needs, see {@link seeGrowth}. */
  pages: 2,
  /** Address of the job, and from here on of each thread's scratch. */
  job: 3,
  scratch: 4,
} as const;
export const MOST_THREADS = 256;

/** The word for the job after the one that `word` stands for. Numbers wrap around; all that matters is that they differ. */
export function nextJob(word: number, threads: number): number {
  return ((Math.floor(word / MOST_THREADS) + 1) % 2 ** 22) * MOST_THREADS + threads;
}

/** In a worker: sleeps on the word at `at` until there is a job after `seen` that wants the thread of this number; returns its word. */
export function awaitJob(words: Int32Array, at: number, index: number, seen: number): number {
  for (let job = seen; ; ) {
    Atomics.wait(words, at, job);
    const next = Atomics.load(words, at);
    if (next === job) continue;
    job = next;
    if (index < job % MOST_THREADS) return job;
  }
}

/** Pages that the memory has now, for {@link seeGrowth}. */
export function pagesOf(memory: SharedWasmMemory): number {
  return memory.buffer.byteLength / PAGE;
}

/**
 * In a worker, before it touches the memory of a job: makes its instance see that the memory has grown to `pages`.
 *
 * V8 keeps the size of a shared memory in every instance, and tells the other threads when one of them grows it. Up to Node 24
 * it tells only threads that have taken hold of the memory already: one that starts at that moment keeps the old size until the memory
 * grows again. Loads and stores do not notice, since the pages are there; `memory.fill` and `memory.copy` check against the
 * size that the instance knows, and trap with "memory access out of bounds". Growing by nothing brings the size up to date.
 * @throws Error where the memory stays smaller
 */
export function seeGrowth(kernels: KernelExports, memory: SharedWasmMemory, pages: number): void {
  if (kernels.memoryPages() >= pages) return;
  memory.grow(0);
  const seen = kernels.memoryPages();
  if (seen < pages) throw new Error(`memory of ${pages} pages, of which the thread sees ${seen}`);
}

/** Words of the job record, in the order of assembly/job.ts. */
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
export type Job = Record<(typeof jobFields)[number], number>;

/** Hands out addresses from the start of the memory, and grows it to hold them. */
export class Arena {
  private end = 64;

  /** The address of `bytes` bytes, aligned to a cache line. */
  take(bytes: number): number {
    const address = this.end;
    this.end = Math.ceil((address + bytes) / 64) * 64;
    return address;
  }

  /**
   * Makes the memory as large as what was taken. Only the thread that hands out jobs calls it, and never while one is worked on.
   * @throws RangeError where that is beyond 4 GiB or what there is
   */
  fit(memory: SharedWasmMemory, what = "batch"): void {
    const missing = this.end - memory.buffer.byteLength;
    if (missing <= 0) return;
    if (this.end > MAXIMUM_PAGES * PAGE) {
      const size = (this.end / 2 ** 30).toFixed(1);
      throw new RangeError(`${what}: expected what fits into 4 GiB, found ${size} GiB; use a smaller one`);
    }
    const pages = Math.ceil(missing / PAGE);
    try {
      memory.grow(pages);
    } catch {
      const more = (missing / 2 ** 20).toFixed(0);
      throw new RangeError(`${what}: expected memory for ${more} MiB more, found none; use a smaller one`);
    }
  }
}

/** What the module reads of a disc: the ring of every sample, and the largest |ky| inside for each kx. */
export interface DiscTables {
  ring: Int32Array;
  extent: Int32Array;
}

const known = new Map<number, DiscTables>();

/** The tables of a disc of K rings (cached). */
export function discTables(rings: number): DiscTables {
  const cached = known.get(rings);
  if (cached) return cached;
  const { ring, multiplicity } = disc(rings);
  const width = 2 * rings + 1;
  const extent = Int32Array.from({ length: rings + 1 }, (_, kx) => {
    let ky = rings;
    while (multiplicity[kx * width + rings + ky] === 0 && ky > 0) ky--;
    return ky;
  });
  const made = { ring: new Int32Array(ring), extent };
  known.set(rings, made);
  return made;
}
