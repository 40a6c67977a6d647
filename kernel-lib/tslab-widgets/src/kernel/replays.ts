/** Some hours of a busy notebook, in about 5 MB. */
const defaultCapacity = 1 << 16;

/**
 * The message signatures received so far. A signature that comes twice belongs to a replayed message: the header holds an id
 * that no front end uses again, so the second copy was sent by somebody who overheard the first.
 */
export class SeenSignatures {
  readonly #capacity: number;
  /** In the order of arrival; as binary strings, which take the least memory. */
  readonly #seen = new Set<string>();

  /** @param capacity signatures that are remembered; the oldest is forgotten first */
  constructor(capacity = defaultCapacity) {
    this.#capacity = capacity;
  }

  /** Adds a signature. @returns whether it is new */
  add(signature: Uint8Array): boolean {
    const key = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString("latin1");
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > this.#capacity) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest!);
    }
    return true;
  }
}
