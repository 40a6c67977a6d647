/** Signatures that are remembered: some hours of a busy notebook, in about 5 MB. */
const REMEMBERED = 1 << 16;

/**
 * The signatures that have been seen, up to a number. The same signature twice is the same message twice: its header
 * holds an id that no front end uses again, so the second was sent by somebody who overheard the first.
 */
export class SeenSignatures {
  /** In the order of arrival; as binary strings, which take the least memory. */
  readonly #seen = new Set<string>();

  constructor(private readonly most = REMEMBERED) {}

  /** Adds a signature. @returns whether it is new */
  add(signature: Uint8Array): boolean {
    const key = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString("latin1");
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > this.most) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest!);
    }
    return true;
  }
}
