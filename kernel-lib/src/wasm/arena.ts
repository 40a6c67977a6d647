/** Bytes of a page of WebAssembly memory. */
export const pageBytes = 65536;
/** 4 GiB, the limit of 32-bit addresses. Only pages that the memory has grown to are allocated. */
export const maxPages = 65536;

/** A memory that can grow. */
interface GrowingMemory {
  readonly buffer: { readonly byteLength: number };
  /** Grows the memory by pages of 64 KiB. */
  grow(pages: number): number;
}

/** Allocates addresses from the start of the memory; nothing is freed. */
export class Arena {
  private end = 64;

  /** Bytes that hold all allocations. */
  get bytes(): number {
    return this.end;
  }

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
  fit(memory: GrowingMemory, what = "batch"): void {
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
