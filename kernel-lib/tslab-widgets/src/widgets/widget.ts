import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { type Displayable, displaySymbol, type LiveBundle, type MimeBundle } from "../display/displayable";
import { type BufferPath, joinBuffers, splitBuffers } from "./buffers";
import { escapeHtml, type Picture, showStill, trackDisplayed } from "./still";
import type { GivenOf, StateOf, Trait, Traits } from "./traits";
import { type Comm, type CommMessage, type CommTransport, currentTransport } from "./transport";

/** Version of the widget messaging protocol that this speaks. */
const PROTOCOL = "2.1.0";
const TARGET = "jupyter.widget";
const CONTROL_TARGET = "jupyter.widget.control";
const VIEW_MIME = "application/vnd.jupyter.widget-view+json";
const MODEL_PREFIX = "IPY_MODEL_";

/** Which classes of the front end a widget is made of, and what it holds. */
export interface WidgetKind<T extends Traits> {
  modelName: string;
  modelModule: string;
  modelModuleVersion: string;
  /** null: the widget has no view of its own, like a layout. */
  viewName: string | null;
  viewModule: string;
  viewModuleVersion: string;
  traits: T;
  /**
   * Corrections that follow from the whole state, such as a value brought back between its bounds.
   * @throws TypeError where no correction makes sense of the state
   */
  settle?(state: StateOf<T>): Partial<StateOf<T>>;
  /** The widget as a still picture, for pages without a kernel. Default: its name and value as text. */
  picture?(state: StateOf<T>): Picture;
}

type Handler = (value: never, previous: never) => unknown;

const registry = new Map<string, AnyWidget>();
const attached = new WeakSet<CommTransport>();

/** The widgets that are open, by id. */
export function openWidgets(): ReadonlyMap<string, AnyWidget> {
  return registry;
}

/** Answers front ends that ask for the state of everything at once, as they do after a page is reloaded. */
function attachControl(transport: CommTransport): void {
  if (attached.has(transport)) return;
  attached.add(transport);
  transport.registerTarget(CONTROL_TARGET, (comm) => {
    comm.onMessage(({ data }) => {
      if (data["method"] !== "request_states") return;
      const states: Record<string, unknown> = {};
      const bufferPaths: BufferPath[] = [];
      const buffers: ArrayBufferView[] = [];
      for (const widget of registry.values()) {
        const whole = splitBuffers(widget.wireState());
        states[widget.id] = {
          model_name: widget.kind.modelName,
          model_module: widget.kind.modelModule,
          model_module_version: widget.kind.modelModuleVersion,
          state: whole.state,
        };
        for (const path of whole.bufferPaths) bufferPaths.push([widget.id, "state", ...path]);
        buffers.push(...whole.buffers);
      }
      comm.send({ method: "update_states", states, buffer_paths: bufferPaths }, { buffers });
    });
  });
  transport.onCellEnd(() => trackDisplayed(transport));
}

/**
 * The kernel side of one widget model. Views of it may be shown any number of times; all follow this state.
 */
export class Widget<T extends Traits> implements Displayable {
  readonly id: string = randomUUID().replaceAll("-", "");
  readonly kind: WidgetKind<T>;
  readonly #state: Record<string, unknown> = {};
  readonly #observers = new Map<string, Set<Handler>>();
  readonly #messageHandlers = new Set<(content: unknown, buffers: Uint8Array[]) => unknown>();
  #comm: Comm | undefined;
  #closed = false;

  constructor(kind: WidgetKind<T>, given: Partial<GivenOf<T>> = {}) {
    this.kind = kind;
    for (const key of Object.keys(given)) this.#trait(key);
    for (const [key, trait] of Object.entries(kind.traits) as [string, Trait<unknown>][]) {
      const value = (given as Record<string, unknown>)[key];
      this.#state[key] = value === undefined ? trait.initial() : this.#accept(key, value);
    }
    this.#settle();
    registry.set(this.id, this);
    const transport = currentTransport();
    if (transport) this.#open(transport);
  }

  #open(transport: CommTransport): void {
    attachControl(transport);
    const { state, bufferPaths, buffers } = splitBuffers(this.wireState());
    this.#comm = transport.open(TARGET, {
      id: this.id,
      data: { state, buffer_paths: bufferPaths },
      metadata: { version: PROTOCOL },
      buffers,
    });
    this.#comm.onMessage((message) => this.#receive(message));
    this.#comm.onClose(() => {
      this.#comm = undefined;
      this.close();
    });
  }

  #trait(key: string): Trait<unknown> {
    const trait = Object.hasOwn(this.kind.traits, key) ? this.kind.traits[key] : undefined;
    if (!trait) {
      throw new TypeError(
        `${this.#name}: there is no ${inspect(key)}; its state has ${Object.keys(this.kind.traits).join(", ")}`,
      );
    }
    return trait as unknown as Trait<unknown>;
  }

  get #name(): string {
    return this.kind.modelName.replace(/Model$/, "");
  }

  #accept(key: string, value: unknown): unknown {
    try {
      return this.#trait(key).accept(value);
    } catch (error) {
      if (!(error instanceof TypeError) || error.message.startsWith(this.#name)) throw error;
      throw new TypeError(`${this.#name}.${key}: ${error.message}`);
    }
  }

  /** Applies the kind's corrections; returns the keys that they touched. */
  #settle(): string[] {
    const corrections = this.kind.settle?.(this.state) ?? {};
    const touched: string[] = [];
    for (const [key, value] of Object.entries(corrections)) {
      if (Object.is(this.#state[key], value)) continue;
      this.#state[key] = value;
      touched.push(key);
    }
    return touched;
  }

  /** The whole state; a copy whose arrays are the widget's own. */
  get state(): StateOf<T> {
    return { ...this.#state } as StateOf<T>;
  }

  get<K extends keyof T & string>(key: K): StateOf<T>[K] {
    this.#trait(key);
    return this.#state[key] as StateOf<T>[K];
  }

  /**
   * Changes entries of the state, here and in every view, with one message.
   * @throws TypeError for an unknown entry or a value that does not fit; then nothing changes
   */
  set(given: Partial<GivenOf<T>>): void {
    const accepted = Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, this.#accept(key, value)] as const);
    const previous = { ...this.#state };
    for (const [key, value] of accepted) this.#state[key] = value;
    try {
      this.#settle();
    } catch (error) {
      Object.assign(this.#state, previous);
      throw error;
    }
    const changed = Object.keys(this.#state).filter((key) => !Object.is(previous[key], this.#state[key]));
    this.#sendState("update", changed);
    this.#notify(changed, previous);
  }

  /**
   * Calls `handler` when an entry changes, by code or in the front end.
   * @returns a function that ends the observation
   */
  observe<K extends keyof T & string>(
    key: K,
    handler: (value: StateOf<T>[K], previous: StateOf<T>[K]) => unknown,
  ): () => void {
    this.#trait(key);
    const handlers = this.#observers.get(key) ?? new Set();
    this.#observers.set(key, handlers);
    handlers.add(handler as Handler);
    return () => void handlers.delete(handler as Handler);
  }

  #notify(changed: readonly string[], previous: Record<string, unknown>): void {
    for (const key of changed) {
      for (const handler of [...(this.#observers.get(key) ?? [])]) {
        handler(this.#state[key] as never, previous[key] as never);
      }
    }
  }

  /** State in the form of messages, typed arrays still in place. With the names of the classes when whole. */
  wireState(keys?: readonly string[]): Record<string, unknown> {
    const state: Record<string, unknown> = {};
    for (const key of keys ?? Object.keys(this.kind.traits)) {
      const trait = this.#trait(key);
      state[key] = trait.toWire ? trait.toWire(this.#state[key]) : this.#state[key];
    }
    if (keys) return state;
    const { kind } = this;
    return {
      _model_name: kind.modelName,
      _model_module: kind.modelModule,
      _model_module_version: kind.modelModuleVersion,
      _view_name: kind.viewName,
      _view_module: kind.viewModule,
      _view_module_version: kind.viewModuleVersion,
      _view_count: null,
      ...state,
    };
  }

  /** Sends entries of the state; without `keys` the whole, with the names of the classes. */
  #sendState(method: "update" | "echo_update", keys?: readonly string[]): void {
    if (!this.#comm || keys?.length === 0) return;
    const { state, bufferPaths, buffers } = splitBuffers(this.wireState(keys));
    this.#comm.send({ method, state, buffer_paths: bufferPaths }, { buffers });
  }

  #receive({ data, buffers }: CommMessage): void {
    switch (data["method"]) {
      case "update":
        this.#update(data, buffers);
        return;
      case "request_state":
        // With the names of the classes: a page that finds the model by its comm learns them here
        this.#sendState("update");
        return;
      case "custom":
        for (const handler of [...this.#messageHandlers]) handler(data["content"], buffers);
        return;
      default:
        throw new TypeError(`${this.#name}: message method ${inspect(data["method"])} is not known`);
    }
  }

  /** A change made in a front end. What does not fit is refused and the view corrected; the rest is applied. */
  #update(data: Record<string, unknown>, buffers: Uint8Array[]): void {
    const wire = { ...(data["state"] as Record<string, unknown>) };
    joinBuffers(wire, (data["buffer_paths"] as BufferPath[] | undefined) ?? [], buffers);
    const previous = { ...this.#state };
    const problems: TypeError[] = [];
    const good: string[] = [];
    const refused: string[] = [];
    for (const [key, value] of Object.entries(wire)) {
      // Front ends count views in an entry that is of no interest here.
      if (key === "_view_count") continue;
      try {
        const { fromWire } = this.#trait(key);
        this.#state[key] = this.#accept(key, fromWire ? fromWire(value) : value);
        good.push(key);
      } catch (error) {
        problems.push(error as TypeError);
        if (Object.hasOwn(this.kind.traits, key)) refused.push(key);
      }
    }
    // Other views learn of the change, and the view that made it that the kernel has seen it.
    this.#sendState("echo_update", good);
    try {
      refused.push(...this.#settle());
    } catch (error) {
      Object.assign(this.#state, previous);
      refused.push(...good);
      problems.push(error as TypeError);
    }
    this.#sendState("update", refused);
    const changed = Object.keys(this.#state).filter((key) => !Object.is(previous[key], this.#state[key]));
    this.#notify(changed, previous);
    if (problems.length === 1) throw problems[0]!;
    if (problems.length > 1)
      throw new AggregateError(problems, problems.map(({ message }) => message).join("; "));
  }

  /** Sends a message of the widget's own making to every view. */
  send(content: unknown, buffers: readonly ArrayBufferView[] = []): void {
    this.#comm?.send({ method: "custom", content }, { buffers });
  }

  /** Calls `handler` for the messages that views send. @returns a function that ends it */
  onMessage(handler: (content: unknown, buffers: Uint8Array[]) => unknown): () => void {
    this.#messageHandlers.add(handler);
    return () => void this.#messageHandlers.delete(handler);
  }

  get closed(): boolean {
    return this.#closed;
  }

  #forget(): void {
    this.#closed = true;
    this.#comm = undefined;
    registry.delete(this.id);
  }

  /** Ends the widget; its views go blank. */
  close(): void {
    const comm = this.#comm;
    this.#forget();
    comm?.close();
  }

  /** The widget as it looks now, for pages without a kernel. */
  picture(): Picture {
    const { value } = this.#state;
    const name = this.#name;
    if (this.kind.picture) return this.kind.picture(this.state);
    const plain = value === undefined ? name : `${name}: ${String(value)}`;
    return { text: plain, html: `<span>${escapeHtml(plain)}</span>` };
  }

  /** What a cell shows whose value this is: the live view, and beside it the picture. */
  [displaySymbol](): MimeBundle | LiveBundle {
    const id = `widget-${this.id}`;
    const transport = currentTransport();
    const still = showStill(this.picture());
    if (!transport || this.#closed || this.kind.viewName === null) return still;
    trackDisplayed(transport, { id, picture: () => this.picture() });
    const view = { version_major: 2, version_minor: 0, model_id: this.id };
    // The one form that is no text
    const data = { ...still, [VIEW_MIME]: view as unknown as string };
    return { data, metadata: {}, transient: { display_id: id } };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.picture().text;
  }

  /** Form of a widget inside another's state. */
  get reference(): string {
    return `${MODEL_PREFIX}${this.id}`;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a widget of whatever kind
export type AnyWidget = Widget<any>;

/** A trait that holds another widget. `make` turns a plain object into one. */
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
      typeof wire === "string" && wire.startsWith(MODEL_PREFIX)
        ? (registry.get(wire.slice(MODEL_PREFIX.length)) ?? wire)
        : wire,
  };
}

/** State as properties that can be read and written. */
export type StateProperties<S> = { -readonly [K in keyof S]: S[K] };

/** A widget whose state can be read and written as properties. */
export type Control<T extends Traits> = Widget<T> & StateProperties<StateOf<T>>;

export interface ControlClass<T extends Traits> {
  new (state?: Partial<GivenOf<T>>): Control<T>;
  readonly kind: WidgetKind<T>;
}

/** Gives the objects of a class a property for each of their traits. */
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

/** A class of widgets with one kind. */
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
