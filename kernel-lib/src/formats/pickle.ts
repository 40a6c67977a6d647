import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { PickleBytes } from "./pickleBytes";
import {
  notPlain,
  objectNamed,
  type PickledArray,
  PickledNumbers,
  PickleObject,
  type PickleValue,
} from "./pickleObjects";

export type { PickledArray, PickleValue } from "./pickleObjects";

/**
 * Reads a Python pickle as data: NumPy arrays, lists, tuples, dictionaries, numbers and text of protocols 0 to 5. Nothing in it is
 * executed; other objects are refused.
 * @throws InputError for anything else, with the position in the file
 */
export async function readPickle(file: string): Promise<PickleValue> {
  const bytes = await readFile(file).catch((error) => {
    throw withFileName(file, error);
  });
  return new Machine(bytes, file).run();
}

/** An array of a pickle and its place in it, such as `zs/4`. */
export interface NamedPickledArray extends PickledArray {
  /** Keys and indices that lead to it; empty for the pickle itself. */
  name: string;
}

/** All arrays of numbers in a pickle's value, in their order; lists of numbers count as arrays. */
export function arraysIn(value: PickleValue): NamedPickledArray[] {
  const found: NamedPickledArray[] = [];
  const visited = new Set<unknown>();
  const visit = (part: PickleValue, name: string) => {
    if (part instanceof PickledNumbers) {
      found.push({ name, shape: part.shape, values: part.values });
    } else if (Array.isArray(part) || part instanceof Map) {
      // A collection may contain itself.
      if (visited.has(part)) return;
      visited.add(part);
      if (Array.isArray(part) && part.length > 0 && part.every((item) => typeof item === "number")) {
        found.push({ name, shape: [part.length], values: Float64Array.from(part as number[]) });
        return;
      }
      for (const [key, item] of part.entries()) visit(item, name === "" ? String(key) : `${name}/${key}`);
    }
  };
  visit(value, "");
  return found;
}

/** A value on the stack; `undefined` is a mark. */
type Slot = PickleValue | undefined;

/** Python's pickle machine, a stack and a memo, without its calls. */
class Machine {
  private readonly bytes: PickleBytes;
  private stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(
    bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.bytes = new PickleBytes(bytes, file);
  }

  run(): PickleValue {
    for (;;) {
      const at = this.bytes.position;
      const code = this.bytes.uint8();
      if (code === stop) return this.pop();
      const operation = operations[code];
      if (!operation) {
        const shown = code > 32 && code < 127 ? `"${String.fromCharCode(code)}"` : `0x${code.toString(16)}`;
        throw notPlain(this.file, at, `instruction ${shown}`);
      }
      try {
        operation(this, this.bytes);
      } catch (error) {
        if (error instanceof InputError) throw error;
        throw notPlain(this.file, at, (error as Error).message);
      }
    }
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  mark(): void {
    this.stack.push(undefined);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined)
      throw notPlain(this.file, this.bytes.position, "an instruction without its value");
    return value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  /** Takes everything above the last mark, and the mark. */
  popToMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(undefined);
    if (at < 0) throw new Error("an instruction without its mark");
    const values = this.stack.splice(at);
    return values.slice(1) as PickleValue[];
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new Error(`a reference to a value ${index} that is not there`);
    this.push(value);
  }

  append(values: PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error("an item for something that is no list");
    for (const value of values) list.push(value);
  }

  setItems(values: PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw new Error("an item for something that is no dictionary");
    for (let i = 0; i + 1 < values.length; i += 2) map.set(values[i]!, values[i + 1]!);
  }

  pushNamed(module: PickleValue, name: PickleValue): void {
    this.push(objectNamed(String(module), String(name)));
  }

  /** A call of a known name. */
  reduce(): void {
    const args = this.pop();
    const object = this.pop();
    if (!(object instanceof PickleObject) || !Array.isArray(args)) throw new Error("a call of a value");
    this.push(object.call(args));
  }

  build(): void {
    const state = this.pop();
    const object = this.top();
    if (!(object instanceof PickleObject)) throw new Error("a state of a value");
    object.build(state);
  }
}

const stop = ".".charCodeAt(0);

type Operation = (machine: Machine, bytes: PickleBytes) => void;

/** Operations by their byte: a letter, or a number. */
const table: Record<string, Operation> = {
  "(": (m) => m.mark(),
  "0": (m) => void m.pop(),
  "1": (m) => void m.popToMark(),
  "2": (m) => m.push(m.top()),
  F: (m, b) => m.push(Number(b.line())),
  I: (m, b) => {
    const text = b.line();
    // Booleans of protocols 0 and 1
    m.push(text === "01" || (text !== "00" && integer(text)));
  },
  L: (m, b) => m.push(integer(b.line().replace(/L$/, ""))),
  J: (m, b) => m.push(b.int32()),
  K: (m, b) => m.push(b.uint8()),
  M: (m, b) => m.push(b.uint16()),
  N: (m) => m.push(null),
  R: (m) => m.reduce(),
  b: (m) => m.build(),
  V: (m, b) => m.push(escaped(b.line("latin1"))),
  T: (m, b) => m.push(b.raw(b.uint32())),
  U: (m, b) => m.push(b.raw(b.uint8())),
  X: (m, b) => m.push(b.text(b.uint32())),
  B: (m, b) => m.push(b.raw(b.uint32())),
  C: (m, b) => m.push(b.raw(b.uint8())),
  G: (m, b) => m.push(b.float64()),
  a: (m) => m.append([m.pop()]),
  e: (m) => m.append(m.popToMark()),
  c: (m, b) => m.pushNamed(b.line(), b.line()),
  d: (m) => {
    const items = m.popToMark();
    m.push(new Map());
    m.setItems(items);
  },
  "}": (m) => m.push(new Map()),
  s: (m) => {
    const value = m.pop();
    m.setItems([m.pop(), value]);
  },
  u: (m) => m.setItems(m.popToMark()),
  l: (m) => m.push(m.popToMark()),
  "]": (m) => m.push([]),
  t: (m) => m.push(m.popToMark()),
  ")": (m) => m.push([]),
  g: (m, b) => m.get(integer(b.line())),
  h: (m, b) => m.get(b.uint8()),
  j: (m, b) => m.get(b.uint32()),
  p: (m, b) => m.put(integer(b.line())),
  q: (m, b) => m.put(b.uint8()),
  r: (m, b) => m.put(b.uint32()),
  128: (_, b) => void b.uint8(),
  129: (m) => m.reduce(),
  133: (m) => m.push([m.pop()]),
  134: (m) => tuple(m, 2),
  135: (m) => tuple(m, 3),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  138: (m, b) => m.push(b.long(b.uint8())),
  139: (m, b) => m.push(b.long(b.uint32())),
  140: (m, b) => m.push(b.text(b.uint8())),
  141: (m, b) => m.push(b.text(b.uint64())),
  142: (m, b) => m.push(b.raw(b.uint64())),
  147: (m) => {
    const name = m.pop();
    m.pushNamed(m.pop(), name);
  },
  148: (m) => m.memoize(),
  149: (_, b) => void b.uint64(),
  150: (m, b) => m.push(b.raw(b.uint64())),
};

const operations: (Operation | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  code < 128 ? table[String.fromCharCode(code)] : table[code],
);

function tuple(machine: Machine, length: number): void {
  const values = Array.from({ length }, () => machine.pop());
  machine.push(values.reverse());
}

function integer(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value)) throw new Error(`"${text.slice(0, 40)}" as an integer`);
  return value;
}

/** Text of protocol 0, in which some characters are \uXXXX. */
function escaped(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
