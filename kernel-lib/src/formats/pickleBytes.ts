import { InputError } from "../errors";

/** Reads the bytes of a pickle from the first to the last. */
export class PickleBytes {
  private readonly view: DataView;
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next byte is. */
  get position(): number {
    return this.at;
  }

  /** Moves on by `length` bytes and returns where they start. @throws InputError at the end of the file */
  private take(length: number): number {
    const start = this.at;
    if (!(length <= this.bytes.length - start)) {
      const left = this.bytes.length - start;
      throw new InputError(`${this.file}: byte ${start}`, `${length} more bytes of a pickle`, `${left}`);
    }
    this.at += length;
    return start;
  }

  uint8(): number {
    return this.view.getUint8(this.take(1));
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** A float64, most significant byte first, as pickles have them. */
  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** An integer of `length` bytes in two's complement, least significant byte first. */
  long(length: number): number {
    const part = this.raw(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value * 256n + BigInt(part[i]!);
    return Number(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  }

  /** Bytes of the file, not copied. */
  raw(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.raw(length));
  }

  /** The rest of a line, without its end. */
  line(encoding: "utf8" | "latin1" = "utf8"): string {
    const end = this.bytes.indexOf(10, this.at);
    const part = this.raw(Math.max(0, (end < 0 ? this.bytes.length : end) - this.at));
    this.take(1);
    return Buffer.from(part.buffer, part.byteOffset, part.length).toString(encoding);
  }
}
