import { inspect } from "node:util";

/**
 * A trait says what one entry of a widget's state may be, and how it crosses to the front end. The state type of a
 * widget follows from its table of traits.
 */
export interface Trait<T, Given = T> {
  /** The value at the start; called for every new widget. */
  initial(): T;
  /**
   * The value to keep for one that was given, by code or by the front end.
   * @throws TypeError saying what was expected
   */
  accept(given: unknown): T;
  /** Form in messages; left out where the value is its own form. Typed arrays anywhere in it travel as buffers. */
  toWire?(value: T): unknown;
  /** Value of a form in messages. */
  fromWire?(wire: unknown): unknown;
  /** Only for the type checker: what may be given where `T` is kept. */
  readonly given?: Given;
}

// biome-ignore lint/suspicious/noExplicitAny: a table may hold traits of any type
export type AnyTrait = Trait<any, any>;

export type Traits = Record<string, AnyTrait>;

/** What a widget with these traits holds. */
export type StateOf<T> = { [K in keyof T]: T[K] extends { initial(): infer V } ? V : never };

/** What can be given for it. */
export type GivenOf<T> = {
  [K in keyof T]: T[K] extends { given?: infer G } ? Exclude<G, undefined> : never;
};

export function mismatch(expected: string, found: unknown): TypeError {
  const text = inspect(found, { depth: 0, maxStringLength: 60, maxArrayLength: 4, breakLength: Infinity });
  return new TypeError(`expected ${expected}, found ${text}`);
}

function simple<T>(expected: string, initial: T | (() => T), is: (value: unknown) => boolean): Trait<T, T> {
  return {
    initial: typeof initial === "function" ? (initial as () => T) : () => initial,
    accept(given) {
      if (!is(given)) throw mismatch(expected, given);
      return given as T;
    },
  };
}

export const bool = (initial: boolean) =>
  simple<boolean>("true or false", initial, (value) => typeof value === "boolean");

export const text = (initial: string) =>
  simple<string>("a text", initial, (value) => typeof value === "string");

/** A whole number. */
export const int = (initial: number) => simple<number>("a whole number", initial, Number.isInteger);

/** A finite number: JSON has no other. */
export const float = (initial: number) => simple<number>("a finite number", initial, Number.isFinite);

export function choice<const C extends string>(options: readonly C[], initial: C): Trait<C, C> {
  return simple<C>(`one of ${options.map((option) => `"${option}"`).join(", ")}`, initial, (value) =>
    (options as readonly unknown[]).includes(value),
  );
}

/** Anything that JSON can carry; typed arrays in it travel as buffers. */
export const json = <T>(initial: () => T): Trait<T, T> => simple<T>("a value", initial, () => true);

/** The trait, or null. */
export function nullable<T, G>(trait: Trait<T, G>, initial: T | null = null): Trait<T | null, G | null> {
  const { toWire, fromWire } = trait;
  return {
    initial: () => initial,
    accept: (given) => (given === null ? null : trait.accept(given)),
    ...(toWire ? { toWire: (value: T | null) => (value === null ? null : toWire(value)) } : {}),
    ...(fromWire ? { fromWire: (wire: unknown) => (wire === null ? null : fromWire(wire)) } : {}),
  };
}

/** An array of which every element fits the trait; `length` where it is fixed. */
export function list<T, G>(
  trait: Trait<T, G>,
  initial: () => readonly T[] = () => [],
  length?: number,
): Trait<readonly T[], readonly G[]> {
  const expected = length === undefined ? "an array" : `an array of ${length}`;
  const { toWire, fromWire } = trait;
  return {
    initial,
    accept(given) {
      if (!Array.isArray(given) || (length !== undefined && given.length !== length)) {
        throw mismatch(expected, given);
      }
      return given.map((element) => trait.accept(element));
    },
    ...(toWire ? { toWire: (value: readonly T[]) => value.map(toWire) } : {}),
    ...(fromWire ? { fromWire: (wire: unknown) => (Array.isArray(wire) ? wire.map(fromWire) : wire) } : {}),
  };
}

/** Bytes, carried as a buffer. */
export const bytes = (initial: () => Uint8Array = () => new Uint8Array()): Trait<Uint8Array, Uint8Array> =>
  simple<Uint8Array>("bytes (a Uint8Array)", initial, (value) => value instanceof Uint8Array);

type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
interface NumberArrayClass<A extends NumberArray> {
  new (buffer: ArrayBuffer): A;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

/** A typed array of numbers, carried as a buffer in the byte order of the machine (little-endian). */
export function numbers<A extends NumberArray>(kind: NumberArrayClass<A>): Trait<A, A> {
  return {
    ...simple<A>(
      `a ${kind.name}`,
      () => new kind(new ArrayBuffer(0)),
      (value) => value instanceof (kind as unknown as new () => A),
    ),
    fromWire(wire) {
      // A buffer from the front end need not lie where such numbers may lie.
      return wire instanceof Uint8Array && wire.byteLength % kind.BYTES_PER_ELEMENT === 0
        ? new kind(wire.slice().buffer as ArrayBuffer)
        : wire;
    },
  };
}
