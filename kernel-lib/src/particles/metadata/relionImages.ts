import { InputError } from "../../errors";
import { parseNumber } from "../../formats/parseNumber";
import type { StarTable } from "../../formats/starTable";

/** The column of image names. */
export const imageName = "_rlnImageName";
const at = 64;

/** Numbers distinct words in the order of their first occurrence. Fast if most rows repeat the word of the row before. */
export class Words {
  /** The distinct words. */
  readonly names: string[] = [];
  private readonly known = new Map<string, number>();
  private last = [0, 0, -1] as [from: number, to: number, index: number];

  constructor(private readonly bytes: Buffer) {}

  /** The number of the word in bytes [from, to). */
  indexOf(from: number, to: number): number {
    const [lastFrom, lastTo, last] = this.last;
    if (last >= 0 && this.bytes.compare(this.bytes, from, to, lastFrom, lastTo) === 0) return last;
    const name = this.bytes.toString("utf8", from, to);
    let index = this.known.get(name);
    if (index === undefined) {
      index = this.names.push(name) - 1;
      this.known.set(name, index);
    }
    this.last = [from, to, index];
    return index;
  }
}

/** Parses image names, `000012@folder/stack.mrcs`, row by row. */
export class ImageNames {
  /** Index of the stack of each row. */
  readonly stack: Int32Array;
  /** Section of each row, from 0. */
  readonly section: Int32Array;
  /** 1 for names without a number; undefined if all have one. */
  unnumbered: Uint8Array | undefined;
  private readonly words: Words;

  constructor(
    private readonly table: StarTable,
    private readonly bytes: Buffer,
  ) {
    this.stack = new Int32Array(table.count);
    this.section = new Int32Array(table.count);
    this.words = new Words(bytes);
  }

  /** Names of the stacks. */
  get stacks(): string[] {
    return this.words.names;
  }

  /** Parses the name of a row in bytes [from, to). @throws InputError for an invalid image number or an empty name */
  take(row: number, from: number, to: number): void {
    const { bytes } = this;
    let separator = from;
    while (separator < to && bytes[separator] !== at) separator++;
    const numbered = separator < to;
    const number = numbered ? parseNumber(bytes, from, separator) : 1;
    if (!Number.isInteger(number) || number < 1 || number > 0x7fffffff) {
      const expected = "an image number of 1 or more before @";
      throw new InputError(this.place(row), expected, bytes.toString("utf8", from, separator));
    }
    if (!numbered) {
      this.unnumbered ??= new Uint8Array(this.table.count);
      this.unnumbered[row] = 1;
    }
    this.section[row] = number - 1;
    const nameFrom = numbered ? separator + 1 : from;
    if (nameFrom === to) throw new InputError(this.place(row), "the name of a stack after @", "nothing");
    this.stack[row] = this.words.indexOf(nameFrom, to);
  }

  private place(row: number): string {
    return `${this.table.where(row)}, column ${imageName}`;
  }
}
