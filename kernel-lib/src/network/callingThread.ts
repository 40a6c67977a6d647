import { Arena, pageBytes } from "../wasm/arena";
import {
  type NetworkCompute,
  type NetworkKernels,
  type NetworkTask,
  recordAddress,
  recordBytes,
  writeTask,
} from "./networkCompute";

/** A `WebAssembly.Memory`, of which the type declarations of Node know nothing. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmInterface {
  Memory: new (options: { initial: number; maximum: number }) => Memory;
  Instance: new (module: object, imports: object) => { exports: NetworkKernels };
}

const { Memory, Instance } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;

/** Computes networks in the calling thread alone, in a memory that is not shared: what a page in a browser has. */
export class CallingThread implements NetworkCompute {
  readonly kernels: NetworkKernels;
  private readonly memory: Memory;
  private readonly arena = new Arena();

  /**
   * @param module compiled `networks.wasm`
   * @param bytes  memory to reserve. It cannot grow, since that would detach the views that layers keep
   * @throws RangeError if the browser has no such memory
   */
  constructor(module: object, bytes: number) {
    const pages = Math.ceil(bytes / pageBytes);
    this.memory = new Memory({ initial: pages, maximum: pages });
    this.kernels = new Instance(module, { env: { memory: this.memory } }).exports;
    this.arena.take(recordAddress + recordBytes);
  }

  take(bytes: number): number {
    const address = this.arena.take(bytes);
    const { byteLength } = this.memory.buffer;
    if (this.arena.bytes > byteLength) {
      throw new RangeError(`networks: expected at most ${byteLength} bytes, found ${this.arena.bytes}`);
    }
    return address;
  }

  view(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  run(task: NetworkTask): void {
    writeTask(this, task);
    this.kernels.network(recordAddress);
  }
}
