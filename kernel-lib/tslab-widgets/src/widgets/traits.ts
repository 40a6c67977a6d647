import { inspect } from "node:util";

/**
 * Traits: types of the entries of a widget's state, and their serialization for the front end. The type of a
 * widget's state follows from its table of traits.
 */

/** One entry of a widget's state. `T` is the type that is kept, `Given` what may be given for it. */
export interface Trait<T, Given = T> {
  /** The initial value; called for every new widget. */
  initial(): T;
  /**
   * The value to keep for one that was given, by code or by the front end.
   * @throws TypeError for a value that does not fit
   */
  accept(given: unknown): T;
  /** Form in messages. Typed arrays anywhere in it are sent as buffers. Default: the value itself. */
  toWire?(value: T): unknown;
  /** The value of a form in messages. Default: the form itself. */
  fromWire?(wire: unknown): unknown;
  /** Only for the type checker; never set. */
  readonly given?: Given;
}

/** A trait of any type. */
// biome-ignore lint/suspicious/noExplicitAny: a table may hold traits of any type
export type AnyTrait = Trait<any, any>;

/** The entries of a state, by name. */
export type Traits = Record<string, AnyTrait>;

/** The state of a widget with these traits. */
export type StateOf<T> = { [K in keyof T]: T[K] extends { initial(): infer V } ? V : never };

/** What may be given for that state. */
export type GivenOf<T> = {
  [K in keyof T]: T[K] extends { given?: infer G } ? Exclude<G, undefined> : never;
};

/**
 * The error for a value that does not fit, for traits of one's own.
 * @example
 * ```ts
 * const even: traits.Trait<number> = {
 *   initial: () => 0,
 *   accept(given) {
 *     if (typeof given !== "number" || given % 2 !== 0) throw traits.mismatch("an even number", given);
 *     return given;
 *   },
 * };
 * ```
 */
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

/** True or false. */
export const bool = (initial: boolean) =>
  simple<boolean>("true or false", initial, (value) => typeof value === "boolean");

/** Text. */
export const text = (initial: string) =>
  simple<string>("a text", initial, (value) => typeof value === "string");

/** A whole number. */
export const int = (initial: number) => simple<number>("a whole number", initial, Number.isInteger);

/** A finite number; JSON has no others. */
export const float = (initial: number) => simple<number>("a finite number", initial, Number.isFinite);

/**
 * One of several texts.
 * @example
 * ```ts
 * const side = traits.choice(["left", "right"], "left");
 * ```
 */
export function choice<const C extends string>(options: readonly C[], initial: C): Trait<C, C> {
  return simple<C>(`one of ${options.map((option) => `"${option}"`).join(", ")}`, initial, (value) =>
    (options as readonly unknown[]).includes(value),
  );
}

/** Anything that JSON can represent; typed arrays in it are sent as buffers. */
export const json = <T>(initial: () => T): Trait<T, T> => simple<T>("a value", initial, () => true);

/**
 * A trait whose value may be null.
 * @param initial default: null
 * @example
 * ```ts
 * const limit = traits.nullable(traits.float(0));
 * ```
 */
export function nullable<T, G>(trait: Trait<T, G>, initial: T | null = null): Trait<T | null, G | null> {
  const { toWire, fromWire } = trait;
  return {
    initial: () => initial,
    accept: (given) => (given === null ? null : trait.accept(given)),
    ...(toWire ? { toWire: (value: T | null) => (value === null ? null : toWire(value)) } : {}),
    ...(fromWire ? { fromWire: (wire: unknown) => (wire === null ? null : fromWire(wire)) } : {}),
  };
}

/**
 * An array whose elements fit a trait.
 * @param initial default: empty
 * @param length  number of elements. Default: any
 * @example
 * ```ts
 * const range = traits.list(traits.float(0), () => [0, 1], 2);
 * ```
 */
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

/** Bytes, sent as a buffer. @param initial default: none */
export const bytes = (initial: () => Uint8Array = () => new Uint8Array()): Trait<Uint8Array, Uint8Array> =>
  simple<Uint8Array>("bytes (a Uint8Array)", initial, (value) => value instanceof Uint8Array);

/** The typed arrays that can be state. */
export type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
/** Their classes. */
export interface NumberArrayClass<A extends NumberArray> {
  new (buffer: ArrayBuffer): A;
  /** Name of the class. */
  readonly name: string;
  /** Size of an element in bytes. */
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * A typed array of numbers, sent as a buffer in the byte order of the machine (little-endian). Initially empty.
 * @example
 * ```ts
 * const points = traits.numbers(Float32Array);
 * ```
 */
export function numbers<A extends NumberArray>(kind: NumberArrayClass<A>): Trait<A, A> {
  return {
    ...simple<A>(
      `a ${kind.name}`,
      () => new kind(new ArrayBuffer(0)),
      (value) => value instanceof (kind as unknown as new () => A),
    ),
    fromWire(wire) {
      // A buffer from the front end need not be aligned.
      return wire instanceof Uint8Array && wire.byteLength % kind.BYTES_PER_ELEMENT === 0
        ? new kind(wire.slice().buffer as ArrayBuffer)
        : wire;
    },
  };
}
