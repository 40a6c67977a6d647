import type { Answer } from "../requests.js";
import type { EventSource } from "../view.js";

/** The ipywidget's model, as far as a view uses it. */
export interface ScatterWidget extends EventSource {
  /** State that the kernel shares. */
  readonly attributes: object;
  /** Frame of a motion that is played instead of the state at the probe; undefined while none is. */
  readonly playedFrame: number | undefined;
  /** Entries that the event in progress has changed. */
  changedAttributes(): object | false;
  set(state: object): unknown;
  save_changes(): unknown;
}

/** What a latent scatter is connected to. */
export interface ScatterLinks {
  widget: ScatterWidget;
  /** Sends a request to the kernel. Rejects with the kernel's message. */
  ask(kind: string, fields: Record<string, unknown>): Promise<Answer>;
}
