import { addProperties, type StateProperties } from "../control";
import { escapeHtml, type Picture } from "../still";
import { bool, choice, type GivenOf, int, list, nullable, type StateOf, type Traits, text } from "../traits";
import { Widget } from "../widget";
import type { WidgetKind } from "../widgetKind";
import {
  buttonStyles,
  type ControlOptions,
  controlKind,
  describedTraits,
  descriptionStyle,
  orientations,
} from "./kinds";

/** Controls that choose among options. The front end knows labels and indices; the values stay in the kernel and can be anything. */

/** Options are values, shown as text, or pairs of a label and a value. */
export type Options<V> = readonly (V | readonly [label: string, value: V])[];

interface Parsed<V> {
  labels: string[];
  values: V[];
}

function parse<V>(options: Options<V>): Parsed<V> {
  const pairs = options.map((option): readonly [string, V] =>
    Array.isArray(option) && option.length === 2 && typeof option[0] === "string"
      ? (option as unknown as readonly [string, V])
      : [String(option), option as V],
  );
  return { labels: pairs.map(([label]) => label), values: pairs.map(([, value]) => value) };
}

const selectionEntries = {
  /** Width of the description. */
  style: descriptionStyle,
  /** Labels of the options, as the front end shows them. */
  _options_labels: list(text("")),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
};
const singleEntries = {
  ...selectionEntries,
  /** Index of the chosen option; null: none. */
  index: nullable(int(0)),
};
const singleTraits = describedTraits(singleEntries);
const manyEntries = {
  ...selectionEntries,
  /** Indices of the chosen options. */
  index: list(int(0)),
};

interface SelectionState {
  description: string;
  _options_labels: readonly string[];
  index: number | null | readonly number[];
}

function indices({ index }: SelectionState): readonly number[] {
  return index === null ? [] : typeof index === "number" ? [index] : index;
}

function settleIndex(state: SelectionState): object {
  const count = state._options_labels.length;
  const outside = indices(state).find((i) => i < 0 || i >= count);
  if (outside !== undefined) throw new TypeError(`there is no option ${outside} among ${count}`);
  return {};
}

function selectionPicture(state: SelectionState): Picture {
  const chosen = new Set(indices(state));
  const options = state._options_labels
    .map((label, i) => `<option${chosen.has(i) ? " selected" : ""}>${escapeHtml(label)}</option>`)
    .join("");
  const plain = state._options_labels.filter((_, i) => chosen.has(i)).join(", ") || "nothing chosen";
  const multiple = typeof state.index === "object" && state.index !== null ? " multiple" : "";
  return {
    text: state.description === "" ? plain : `${state.description} ${plain}`,
    html: `<div><label>${escapeHtml(state.description)}</label> <select disabled${multiple}>${options}</select></div>`,
  };
}

/** Properties of a new selection. */
export type SelectionGiven<T extends Traits, V, Chosen> = Omit<Partial<GivenOf<T>>, "_options_labels"> & {
  options: Options<V>;
  value?: Chosen;
};

abstract class Selection<T extends Traits, V, Chosen> extends Widget<T> {
  #values: V[];
  readonly #toIndex: (value: Chosen, values: readonly V[]) => unknown;

  constructor(
    kind: WidgetKind<T>,
    { options, value, ...given }: SelectionGiven<T, V, Chosen>,
    toIndex: (value: Chosen, values: readonly V[]) => unknown,
    first: unknown,
  ) {
    const { labels, values } = parse(options);
    const index = value === undefined ? first : toIndex(value, values);
    super(kind, { index, ...given, _options_labels: labels } as unknown as Partial<GivenOf<T>>);
    this.#values = values;
    this.#toIndex = toIndex;
  }

  protected get values(): readonly V[] {
    return this.#values;
  }

  /** The options, as pairs of label and value. Setting them chooses the first, or none where several can be chosen. */
  get options(): Options<V> {
    return (this.get("_options_labels") as readonly string[]).map(
      (label, i) => [label, this.#values[i]!] as const,
    );
  }

  set options(options: Options<V>) {
    const { labels, values } = parse(options);
    this.#values = values;
    this.set({ _options_labels: labels, index: this.firstChoice(labels.length) } as unknown as Partial<
      GivenOf<T>
    >);
  }

  protected abstract firstChoice(count: number): unknown;
  /** What is chosen. @throws TypeError when set to a value that is not among the options */
  abstract get value(): Chosen;
  abstract set value(value: Chosen);

  protected choose(value: Chosen): void {
    this.set({ index: this.#toIndex(value, this.#values) } as unknown as Partial<GivenOf<T>>);
  }

  /** Calls `handler` when another option is chosen. @returns a function that ends this */
  onChoice(handler: (value: Chosen) => unknown): () => void {
    return this.observe("index", () => handler(this.value));
  }
}

function indexOf<V>(value: V, values: readonly V[]): number {
  const index = values.indexOf(value);
  if (index < 0) throw new TypeError(`${String(value)} is not among the options`);
  return index;
}

/**
 * A control of which one option is chosen, or none: the base of the drop-down list and others.
 * @example
 * ```ts
 * const size = new Select({ options: ["small", "large"] });
 * const chosen: string | null = size.value;
 * ```
 */
export class SingleSelection<T extends Traits, V> extends Selection<T, V, V | null> {
  constructor(kind: WidgetKind<T>, given: SelectionGiven<T, V, V | null>) {
    const toIndex = (value: V | null, values: readonly V[]) =>
      value === null ? null : indexOf(value, values);
    super(kind, given, toIndex, given.options.length > 0 ? 0 : null);
  }

  protected override firstChoice(count: number): unknown {
    return count > 0 ? 0 : null;
  }

  override get value(): V | null {
    const index = this.get("index") as number | null;
    return index === null ? null : this.values[index]!;
  }

  override set value(value: V | null) {
    this.choose(value);
  }

  /** The label of the chosen option. */
  get label(): string | null {
    const index = this.get("index") as number | null;
    return index === null ? null : (this.get("_options_labels") as readonly string[])[index]!;
  }
}

function singleClass<X extends Traits>(name: string, extra: X, options: ControlOptions<Traits> = {}) {
  const kind = controlKind(name, describedTraits({ ...singleEntries, ...extra }), {
    settle: (state: unknown) => settleIndex(state as SelectionState),
    picture: (state: unknown) => selectionPicture(state as SelectionState),
    ...options,
  }) as WidgetKind<typeof singleTraits & X>;
  const Class = class<V> extends SingleSelection<typeof singleTraits & X, V> {
    constructor(given: SelectionGiven<typeof singleTraits & X, V, V | null>) {
      super(kind, given);
    }
  };
  addProperties(Class.prototype, kind.traits);
  Object.defineProperty(Class, "name", { value: name });
  return Class as unknown as new <V>(
    given: SelectionGiven<typeof singleTraits & X, V, V | null>,
  ) => SingleSelection<typeof singleTraits & X, V> & StateProperties<StateOf<typeof singleTraits & X>>;
}

/**
 * A drop-down list. `value` is the chosen value, or null.
 * @example
 * ```ts
 * const shape = new Dropdown({ options: [["Circle", 1], ["Square", 2]], value: 2 });
 * shape.onChoice((value) => console.log(value));
 * shape
 * ```
 */
export const Dropdown = singleClass("Dropdown", {});
/** Radio buttons. `value` is the chosen value, or null. */
export const RadioButtons = singleClass("RadioButtons", {
  /** Orientation. */
  orientation: choice(["vertical", "horizontal"], "vertical"),
});
/** A list with `rows` (5) visible options. `value` is the chosen value, or null. */
export const Select = singleClass("Select", {
  /** Visible rows. */
  rows: int(5),
});
/** A slider over the options. `value` is the chosen value, or null. */
export const SelectionSlider = singleClass("SelectionSlider", {
  /** Orientation. */
  orientation: choice(orientations, "horizontal"),
  /** Whether the value is shown beside the control. Default: true. */
  readout: bool(true),
  /** Whether the value changes while the handle is dragged. Default: true. */
  continuous_update: bool(true),
});
/** Buttons of which one is pressed. `value` is the chosen value, or null. */
export const ToggleButtons = singleClass("ToggleButtons", {
  /** Tooltips of the buttons. */
  tooltips: list(text("")),
  /** Icons of the buttons. */
  icons: list(text("")),
  /** Look of the button. Default: `""`, plain. */
  button_style: choice(buttonStyles, ""),
});

const multipleTraits = describedTraits({
  ...manyEntries,
  /** Visible rows. */
  rows: int(5),
});
const multipleKind = controlKind("SelectMultiple", multipleTraits, {
  settle: settleIndex,
  picture: selectionPicture,
});

/**
 * A list of which any number of options can be chosen.
 * @example
 * ```ts
 * const days = new SelectMultiple({ options: ["Mon", "Tue", "Wed"], value: ["Tue"] });
 * days.onChoice((value) => console.log(value));
 * days
 * ```
 */
export class SelectMultiple<V> extends Selection<typeof multipleTraits, V, readonly V[]> {
  constructor(given: SelectionGiven<typeof multipleTraits, V, readonly V[]>) {
    super(multipleKind, given, (value, values) => value.map((one) => indexOf(one, values)), []);
  }

  protected override firstChoice(): unknown {
    return [];
  }

  override get value(): readonly V[] {
    return this.get("index").map((i) => this.values[i]!);
  }

  override set value(value: readonly V[]) {
    this.choose(value);
  }
}
addProperties(SelectMultiple.prototype, multipleTraits);
