import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { type Displayable, displaySymbol, type LiveBundle, type MimeBundle } from "../display/displayable";
import { type Comm, type CommMessage, type CommTransport, currentTransport } from "../transport";
import { type BufferPath, joinBuffers, splitBuffers } from "./buffers";
import { attachControl, register, registered, unregister } from "./registry";
import { escapeHtml, type Picture, showStill, trackDisplayed } from "./still";
import type { GivenOf, StateOf, Trait, Traits } from "./traits";
import type { WidgetKind } from "./widgetKind";

/** Version of the widget messaging protocol. */
const widgetProtocol = "2.1.0";
const widgetTarget = "jupyter.widget";
const viewMime = "application/vnd.jupyter.widget-view+json";

/** Prefix of a widget's id in the state of another widget. */
export const modelPrefix = "IPY_MODEL_";

type Handler = (value: never, previous: never) => unknown;

/** The result of accepting entries that a front end has changed. */
interface Accepted {
  good: string[];
  /** Entries that the view has to be sent again. */
  refused: string[];
  problems: TypeError[];
}

/**
 * The kernel side of one widget model. Any number of views may show it; all follow this state.
 * @example
 * ```ts
 * const slider = new IntSlider({ max: 10 });
 * const stop = slider.observe("value", (value, previous) => console.log(previous, value));
 * slider.set({ value: 3, max: 5 });
 * stop();
 * ```
 */
export class Widget<T extends Traits> implements Displayable {
  /** Id of the model and of its comm. */
  readonly id: string = randomUUID().replaceAll("-", "");
  /** Its front-end classes and traits. */
  readonly kind: WidgetKind<T>;
  readonly #state: Record<string, unknown> = {};
  readonly #observers = new Map<string, Set<Handler>>();
  readonly #messageHandlers = new Set<(content: unknown, buffers: Uint8Array[]) => unknown>();
  #comm: Comm | undefined;
  #closed = false;

  /**
   * @param given entries that differ from their initial values
   * @throws TypeError for an unknown entry or a wrong value
   */
  constructor(kind: WidgetKind<T>, given: Partial<GivenOf<T>> = {}) {
    this.kind = kind;
    for (const key of Object.keys(given)) this.#trait(key);
    for (const [key, trait] of Object.entries(kind.traits) as [string, Trait<unknown>][]) {
      const value = (given as Record<string, unknown>)[key];
      this.#state[key] = value === undefined ? trait.initial() : this.#accept(key, value);
    }
    this.#settle();
    register(this);
    const transport = currentTransport();
    if (transport) this.#open(transport);
  }

  #open(transport: CommTransport): void {
    attachControl(transport);
    const { state, bufferPaths, buffers } = splitBuffers(this.wireState());
    this.#comm = transport.open(widgetTarget, {
      id: this.id,
      data: { state, buffer_paths: bufferPaths },
      metadata: { version: widgetProtocol },
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

  /** Applies the kind's corrections. @returns the keys that changed */
  #settle(): string[] {
    const corrections = this.kind.settle?.(this.state) ?? {};
    const changed: string[] = [];
    for (const [key, value] of Object.entries(corrections)) {
      if (Object.is(this.#state[key], value)) continue;
      this.#state[key] = value;
      changed.push(key);
    }
    return changed;
  }

  #changedSince(previous: Record<string, unknown>): string[] {
    return Object.keys(this.#state).filter((key) => !Object.is(previous[key], this.#state[key]));
  }

  /** The whole state: a shallow copy. */
  get state(): StateOf<T> {
    return { ...this.#state } as StateOf<T>;
  }

  /** One entry of the state. @throws TypeError for an unknown one */
  get<K extends keyof T & string>(key: K): StateOf<T>[K] {
    this.#trait(key);
    return this.#state[key] as StateOf<T>[K];
  }

  /**
   * Changes entries of the state, here and in every view, with one message.
   * @throws TypeError for an unknown entry or a wrong value; then nothing changes
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
    const changed = this.#changedSince(previous);
    this.#sendState("update", changed);
    this.#notify(changed, previous);
  }

  /**
   * Calls `handler` when an entry changes, by code or in the front end.
   * @returns a function that ends this
   * @throws TypeError for an unknown entry
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

  /**
   * State in the form of messages, with typed arrays still in place.
   * @param keys entries. Default: all, and the names of the front-end classes
   */
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

  /** Sends entries of the state; without `keys` all of it, with the names of the front-end classes. */
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
        // With the class names: a page that finds the model by its comm learns them here
        this.#sendState("update");
        return;
      case "custom":
        for (const handler of [...this.#messageHandlers]) handler(data["content"], buffers);
        return;
      default:
        throw new TypeError(`${this.#name}: unknown message method ${inspect(data["method"])}`);
    }
  }

  /** Applies a change made in a front end. Values that do not fit are refused and the view corrected; the rest is applied. */
  #update(data: Record<string, unknown>, buffers: Uint8Array[]): void {
    const wire = { ...(data["state"] as Record<string, unknown>) };
    joinBuffers(wire, (data["buffer_paths"] as BufferPath[] | undefined) ?? [], buffers);
    const previous = { ...this.#state };
    const { good, refused, problems } = this.#acceptWire(wire);
    // Tells other views of the change, and the view that made it that the kernel has seen it.
    this.#sendState("echo_update", good);
    try {
      refused.push(...this.#settle());
    } catch (error) {
      Object.assign(this.#state, previous);
      refused.push(...good);
      problems.push(error as TypeError);
    }
    this.#sendState("update", refused);
    this.#notify(this.#changedSince(previous), previous);
    if (problems.length === 1) throw problems[0]!;
    if (problems.length > 1)
      throw new AggregateError(problems, problems.map(({ message }) => message).join("; "));
  }

  #acceptWire(wire: Record<string, unknown>): Accepted {
    const accepted: Accepted = { good: [], refused: [], problems: [] };
    for (const [key, value] of Object.entries(wire)) {
      // Front ends count their views in this entry, which the kernel does not need.
      if (key === "_view_count") continue;
      try {
        const { fromWire } = this.#trait(key);
        this.#state[key] = this.#accept(key, fromWire ? fromWire(value) : value);
        accepted.good.push(key);
      } catch (error) {
        accepted.problems.push(error as TypeError);
        if (Object.hasOwn(this.kind.traits, key)) accepted.refused.push(key);
      }
    }
    return accepted;
  }

  /** Sends a custom message to every view. */
  send(content: unknown, buffers: readonly ArrayBufferView[] = []): void {
    this.#comm?.send({ method: "custom", content }, { buffers });
  }

  /** Calls `handler` for the custom messages that views send. @returns a function that ends this */
  onMessage(handler: (content: unknown, buffers: Uint8Array[]) => unknown): () => void {
    this.#messageHandlers.add(handler);
    return () => void this.#messageHandlers.delete(handler);
  }

  /** Whether the widget was closed, here or by the front end. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closes the widget and removes its views. */
  close(): void {
    const comm = this.#comm;
    this.#closed = true;
    this.#comm = undefined;
    unregister(this);
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

  /** The live view, with the still picture for front ends that cannot show it. */
  [displaySymbol](): MimeBundle | LiveBundle {
    const id = `widget-${this.id}`;
    const transport = currentTransport();
    const still = showStill(this.picture());
    if (!transport || this.#closed || this.kind.viewName === null) return still;
    trackDisplayed(transport, { id, picture: () => this.picture() });
    const view = { version_major: 2, version_minor: 0, model_id: this.id };
    // The only form that is not text
    const data = { ...still, [viewMime]: view as unknown as string };
    return { data, metadata: {}, transient: { display_id: id } };
  }

  /** The text that `console.log` prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.picture().text;
  }

  /** The form of this widget in the state of another. */
  get reference(): string {
    return `${modelPrefix}${this.id}`;
  }
}

/** A widget of any kind. */
// biome-ignore lint/suspicious/noExplicitAny: kinds differ in their traits
export type AnyWidget = Widget<any>;

/**
 * The open widgets, by id.
 * @example
 * ```ts
 * for (const widget of openWidgets().values()) widget.close();
 * ```
 */
export function openWidgets(): ReadonlyMap<string, AnyWidget> {
  return registered() as ReadonlyMap<string, AnyWidget>;
}
