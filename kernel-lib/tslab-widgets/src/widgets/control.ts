import { inspect } from "node:util";
import type { GivenOf, StateOf, Trait, Traits } from "./traits";
import { type AnyWidget, modelPrefix, openWidgets, Widget } from "./widget";
import type { WidgetKind } from "./widgetKind";

/** Classes of widgets whose state can be read and written as properties. */

/**
 * A trait that holds another widget.
 * @param expected what error messages call it
 * @param is       whether a value is such a widget
 * @param initial  creates the initial one
 * @param make     creates one from a plain object. Default: plain objects are refused
 * @example
 * ```ts
 * const slider = child<IntSlider>("a slider", (value) => value instanceof IntSlider, () => new IntSlider());
 * ```
 */
export function child<W extends AnyWidget, G = W>(
  expected: string,
  is: (value: unknown) => boolean,
  initial: () => W,
  make?: (given: G) => W,
): Trait<W, W | G> {
  return {
    initial,
    accept(given) {
      if (is(given)) return given as W;
      if (make && typeof given === "object" && given !== null && !(given instanceof Widget)) {
        return make(given as G);
      }
      throw new TypeError(`expected ${expected}, found ${inspect(given, { depth: 0 })}`);
    },
    toWire: (value) => value.reference,
    fromWire: (wire) =>
      typeof wire === "string" && wire.startsWith(modelPrefix)
        ? (openWidgets().get(wire.slice(modelPrefix.length)) ?? wire)
        : wire,
  };
}

/** State as properties that can be read and written. */
export type StateProperties<S> = { -readonly [K in keyof S]: S[K] };

/** A widget whose state can be read and written as properties. */
export type Control<T extends Traits> = Widget<T> & StateProperties<StateOf<T>>;

/** A class of widgets of one kind. */
export interface ControlClass<T extends Traits> {
  /** @param state entries that differ from their initial values. @throws TypeError for an unknown entry or a wrong value */
  new (state?: Partial<GivenOf<T>>): Control<T>;
  /** The kind of its widgets. */
  readonly kind: WidgetKind<T>;
}

/**
 * Gives the objects of a class a property for each trait. `widgetClass` does this for the classes that it creates.
 * @param prototype of the class
 * @example
 * ```ts
 * class Counter extends Widget<typeof IntSlider.kind.traits> {}
 * addProperties(Counter.prototype, IntSlider.kind.traits);
 * ```
 */
export function addProperties(prototype: object, traits: Traits): void {
  for (const key of Object.keys(traits)) {
    Object.defineProperty(prototype, key, {
      get(this: AnyWidget) {
        return this.get(key);
      },
      set(this: AnyWidget, value: unknown) {
        this.set({ [key]: value });
      },
      enumerable: true,
      configurable: true,
    });
  }
}

/**
 * Creates a class of widgets, for models and views of one's own front-end module or of a published one.
 * @example
 * ```ts
 * const Rating = widgetClass({
 *   modelName: "RatingModel", modelModule: "my-rating", modelModuleVersion: "1.0.0",
 *   viewName: "RatingView", viewModule: "my-rating", viewModuleVersion: "1.0.0",
 *   traits: { value: traits.int(3), stars: traits.int(5) },
 * });
 * const rating = new Rating({ value: 4 });
 * rating.observe("value", (value) => console.log(value));
 * ```
 */
export function widgetClass<T extends Traits>(kind: WidgetKind<T>): ControlClass<T> {
  const Class = class extends Widget<T> {
    static readonly kind = kind;
    constructor(state: Partial<GivenOf<T>> = {}) {
      super(kind, state);
    }
  };
  addProperties(Class.prototype, kind.traits);
  Object.defineProperty(Class, "name", { value: kind.modelName.replace(/Model$/, "") });
  return Class as unknown as ControlClass<T>;
}
