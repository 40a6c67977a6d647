import { type ISignal, Signal } from "@lumino/signaling";
import { type nothing, type RootPart, render, type TemplateResult } from "lit/html.js";

/** An object with Backbone events, such as the model of an ipywidget. */
export interface EventSource {
  on(events: string, listener: (...args: never[]) => void): unknown;
  off(events: string, listener: (...args: never[]) => void): unknown;
}

/** The part of a ipywidget's model as a view model needs; `S` is its synchronized state. */
export interface StateSource<S> extends EventSource {
  get<K extends keyof S & string>(key: K): S[K];
  set(state: Partial<S>): unknown;
  /** Sends what was set to the kernel. */
  save_changes(): unknown;
}

/**
 * What a view shows and what can be done in it, without DOM, so that it can be tested without a browser. Subclasses hold
 * typed state and actions and call `changed()` after each change. Views are functions from the model to a lit template.
 */
export abstract class ViewModel {
  private readonly signal = new Signal<this, void>(this);
  private readonly stopFollowing: (() => void)[] = [];
  private disposed = false;

  /** Emitted after each change of the state. */
  get stateChanged(): ISignal<this, void> {
    return this.signal;
  }

  /** True after `dispose()`. Answers that arrive later are to be ignored. */
  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Tells views that the state has changed. */
  changed(): void {
    if (!this.disposed) this.signal.emit(undefined);
  }

  /**
   * Calls `changed()`, or another listener, on events of a widget's model until this model is disposed.
   * @param events names separated by spaces, such as `change:title change:height`
   */
  protected follow(
    source: EventSource,
    events: string,
    listener: (...args: never[]) => void = () => this.changed(),
  ): void {
    source.on(events, listener);
    this.stopFollowing.push(() => source.off(events, listener));
  }

  /** Ends everything that the model follows. Subclasses that override it call it. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const stop of this.stopFollowing) stop();
    Signal.clearData(this);
  }
}

/** A template that follows a model. */
export interface View {
  /** Renders pending changes now, for a caller that is about to measure or focus an element. */
  flush(): void;
  /** Stops following the model and releases `ref` callbacks. The model is not disposed. */
  dispose(): void;
}

/**
 * Renders `template(model)` into an element now, and once per microtask after the model has changed. Existing elements are
 * updated in place, so focus, selection and scroll position stay. There is no shadow DOM: class names and the variables of
 * JupyterLab's themes apply. All values are bound as text or properties, never as markup.
 * @param host element whose content is the template; other content in it stays in front
 */
export function mount<M extends ViewModel>(
  host: HTMLElement,
  model: M,
  template: (model: M) => TemplateResult | typeof nothing,
): View {
  let pending = false;
  let disposed = false;
  let root: RootPart | undefined;
  const update = () => {
    pending = false;
    root = render(template(model), host);
  };
  const flush = () => {
    if (pending && !disposed) update();
  };
  const schedule = () => {
    if (pending || disposed) return;
    pending = true;
    queueMicrotask(flush);
  };
  update();
  model.stateChanged.connect(schedule);
  return {
    flush,
    dispose: () => {
      disposed = true;
      model.stateChanged.disconnect(schedule);
      root?.setConnected(false);
    },
  };
}
