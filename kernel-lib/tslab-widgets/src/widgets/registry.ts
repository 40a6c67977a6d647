import type { CommTransport } from "../transport";
import { type BufferPath, splitBuffers } from "./buffers";
import { trackDisplayed } from "./still";

/** The open widgets, and the comm over which a front end asks for the state of all of them at once. */

const controlTarget = "jupyter.widget.control";

/** The part of an open widget used here. */
export interface OpenWidget {
  /** Id of the model. */
  readonly id: string;
  /** Its front-end class. */
  readonly kind: { modelName: string; modelModule: string; modelModuleVersion: string };
  /** The whole state in the form of messages. */
  wireState(): Record<string, unknown>;
}

const registry = new Map<string, OpenWidget>();
const attached = new WeakSet<CommTransport>();

/** The open widgets, by id. */
export function registered(): ReadonlyMap<string, OpenWidget> {
  return registry;
}

/** Adds a widget to the open ones. */
export function register(widget: OpenWidget): void {
  registry.set(widget.id, widget);
}

/** Removes a widget from the open ones. */
export function unregister(widget: OpenWidget): void {
  registry.delete(widget.id);
}

/** Content and buffers of `update_states`. */
function allStates() {
  const states: Record<string, unknown> = {};
  const buffer_paths: BufferPath[] = [];
  const buffers: ArrayBufferView[] = [];
  for (const widget of registry.values()) {
    const whole = splitBuffers(widget.wireState());
    states[widget.id] = {
      model_name: widget.kind.modelName,
      model_module: widget.kind.modelModule,
      model_module_version: widget.kind.modelModuleVersion,
      state: whole.state,
    };
    for (const path of whole.bufferPaths) buffer_paths.push([widget.id, "state", ...path]);
    buffers.push(...whole.buffers);
  }
  return { content: { method: "update_states", states, buffer_paths }, buffers };
}

/** Answers front ends that ask for the state of all widgets, as they do after a page is reloaded. Once per transport. */
export function attachControl(transport: CommTransport): void {
  if (attached.has(transport)) return;
  attached.add(transport);
  transport.registerTarget(controlTarget, (comm) => {
    comm.onMessage(({ data }) => {
      if (data["method"] !== "request_states") return;
      const { content, buffers } = allStates();
      comm.send(content, { buffers });
    });
  });
  transport.onCellEnd(() => trackDisplayed(transport));
}
