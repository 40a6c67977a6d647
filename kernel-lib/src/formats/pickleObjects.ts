import { InputError } from "../errors";
import { numberReader, typeBytes } from "./numpyHeader";

/**
 * The objects that a pickle of arrays may contain besides plain values: NumPy's arrays, scalars and types, and ordered
 * dictionaries. Nothing of a pickle is executed: a name stands for one of these, or is refused.
 */

/** An array of numbers in a pickle. */
export interface PickledArray {
  /** Sizes of its dimensions; the last changes fastest. */
  shape: number[];
  /** Values, row by row. */
  values: Float64Array;
}

/** A value of a pickle: tuples and lists are arrays, dictionaries are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleObject
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

/** What is neither text nor number nor a collection. */
export abstract class PickleObject {
  /** Sets the object's state. @throws Error for a state that it cannot have */
  build(_state: PickleValue): void {
    throw new Error("an object with a state");
  }

  /** What a call of the object returns. @throws Error for arguments that it cannot have */
  call(_args: PickleValue[]): PickleValue {
    throw new Error("a call of an object");
  }
}

/** NumPy's type of the values of an array. */
class DataType extends PickleObject {
  constructor(private type: string) {
    super();
  }

  /** The state is (version, byte order, …); structured types have more in it, and are refused with their type. */
  override build(state: PickleValue): void {
    const order = Array.isArray(state) ? state[1] : undefined;
    if (typeof order !== "string") throw new Error("a NumPy type without a byte order");
    this.type = `${order}${this.type}`;
  }

  /** Values from bytes. */
  values(bytes: Uint8Array, count: number): Float64Array {
    const read = numberReader(this.type);
    const width = typeBytes(this.type.replace(/^(?![<>|=])/, "<"));
    if (!read || width === 0) throw new Error(`an array of type ${this.type}`);
    if (bytes.length !== count * width) {
      throw new Error(`${bytes.length} bytes for ${count} numbers of type ${this.type}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float64Array.from({ length: count }, (_, i) => read(view, i * width));
  }
}

/** A NumPy array. */
export class PickledNumbers extends PickleObject implements PickledArray {
  shape: number[] = [0];
  values: Float64Array = new Float64Array(0);

  /** The state is (version, shape, type, whether the first index changes fastest, bytes). */
  override build(state: PickleValue): void {
    const [, shape, type, isFortran, bytes] = Array.isArray(state) ? state : [];
    this.fill(bytes, type, shape, isFortran === true ? "F" : "C");
  }

  /**
   * Takes shape and values.
   * @param order C or A: the last index changes fastest; F: the first; K: the bytes are those of an array of this shape, whose
   *              axes are then put in the order `axes`
   */
  fill(
    bytes: PickleValue | undefined,
    type: PickleValue | undefined,
    sizes: PickleValue | undefined,
    ...[order, axes]: (PickleValue | undefined)[]
  ): void {
    const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
    if (!Array.isArray(sizes) || !sizes.every(isIndex)) throw new Error("an array without a shape");
    if (!(type instanceof DataType) || !(bytes instanceof Uint8Array)) throw new Error("an array of objects");
    this.shape = sizes;
    const count = sizes.reduce((product, size) => product * size, 1);
    this.values = type.values(bytes, count);
    const backwards = sizes.map((_, d) => sizes.length - 1 - d);
    if (order === "F") this.transpose(sizes.slice().reverse(), backwards);
    if (order === "K" && axes) {
      const isOrder = Array.isArray(axes) && axes.length === sizes.length && axes.every(isIndex);
      if (!isOrder || new Set(axes).size < axes.length)
        throw new Error("an array without an order of its axes");
      this.transpose(sizes, axes as number[]);
    }
  }

  /** Puts the axes of an array of this shape in this order. */
  private transpose(shape: readonly number[], axes: readonly number[]): void {
    this.shape = axes.map((axis) => shape[axis]!);
    const steps = axes.map((axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const index = axes.map(() => 0);
    this.values = this.values.map((_, __, values) => {
      const value = values[index.reduce((at, i, d) => at + i * steps[d]!, 0)]!;
      for (let d = axes.length - 1; d >= 0 && ++index[d]! === this.shape[d]!; d--) index[d] = 0;
      return value;
    });
  }
}

/** A name that a pickle may call. */
class Known extends PickleObject {
  constructor(private readonly meaning: (args: PickleValue[]) => PickleValue) {
    super();
  }

  override call(args: PickleValue[]): PickleValue {
    return this.meaning(args);
  }
}

const known: Record<string, (args: PickleValue[]) => PickleValue> = {
  "multiarray._reconstruct": () => new PickledNumbers(),
  "numeric._frombuffer": ([bytes, type, shape, ...order]) => {
    const array = new PickledNumbers();
    array.fill(bytes, type, shape, ...order);
    return array;
  },
  "multiarray.scalar": ([type, bytes]) => {
    if (!(type instanceof DataType) || !(bytes instanceof Uint8Array)) throw new Error("a scalar of objects");
    return type.values(bytes, 1)[0]!;
  },
  dtype: ([type]) => {
    if (typeof type !== "string") throw new Error("a structured NumPy type");
    return new DataType(type);
  },
  // Only an argument of _reconstruct.
  ndarray: () => new PickledNumbers(),
};

/** What a name in a pickle stands for. @throws Error, naming it, if it is not known */
export function objectNamed(module: string, name: string): PickleObject {
  if (module === "collections" && name === "OrderedDict") return new Known(() => new Map());
  // Bytes in pickles of protocol 2 and older
  if (module === "_codecs" && name === "encode") {
    return new Known(([text]) => Uint8Array.from(String(text), (letter) => letter.charCodeAt(0)));
  }
  const [, inner] = /^numpy(?:\.(?:_?core\.)?(\w+))?$/.exec(module) ?? [undefined, "?"];
  const key = inner === undefined ? name : `${inner}.${name}`;
  const meaning = Object.hasOwn(known, key) ? known[key] : undefined;
  if (!meaning) throw new Error(`an object ${module}.${name}`.slice(0, 120));
  return new Known(meaning);
}

/** The error for content that is not an array or a collection of them. */
export function notPlain(file: string, position: number, found: string): InputError {
  return new InputError(
    `${file}: byte ${position}`,
    "a pickle of NumPy arrays of numbers, lists, dictionaries, numbers and text",
    found,
  );
}
