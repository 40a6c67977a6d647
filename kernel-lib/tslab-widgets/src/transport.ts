/**
 * What widgets and other libraries use of the kernel that they run in, without importing it. The kernel leaves it in
 * properties of `globalThis`; if there is none (a script, stock tslab) widgets keep their state and show as still pictures.
 */

/** `globalThis[commsSymbol]` is the {@link CommTransport} of a kernel with comms. */
export const commsSymbol: unique symbol = Symbol.for("Jupyter.comms");

/** `globalThis[publishSymbol]` is the {@link Publish} of a kernel. */
export const publishSymbol: unique symbol = Symbol.for("Jupyter.publish");

/** A message that arrived over a comm. */
export interface CommMessage {
  /** Content of the message. */
  data: Record<string, unknown>;
  /** Metadata of the message. */
  metadata: Record<string, unknown>;
  /** Binary parts. */
  buffers: Uint8Array[];
}

/** What a comm message can carry beside its data. */
export interface CommSendOptions {
  /** Default: empty. */
  metadata?: Record<string, unknown>;
  /** Binary parts. Default: none. */
  buffers?: readonly ArrayBufferView[];
}

/** What opens a comm. */
export interface CommOpenOptions extends CommSendOptions {
  /** Default: a random one. */
  id?: string;
  /** Default: empty. */
  data?: Record<string, unknown>;
}

/** A channel between an object of the kernel and one of the front end. */
export interface Comm {
  /** The same on both sides. */
  readonly id: string;
  /** Sends a message. @throws Error if the comm is closed, TypeError where `data` has no JSON form */
  send(data: Record<string, unknown>, options?: CommSendOptions): void;
  /** Closes the comm on both sides. Closing a closed one has no effect. */
  close(): void;
  /** Sets the handler of messages, in place of an earlier one. */
  onMessage(handler: (message: CommMessage) => unknown): void;
  /** Sets the handler that is called when the front end closes the comm, in place of an earlier one. */
  onClose(handler: (message: CommMessage) => unknown): void;
}

/** Called with a comm that a front end has opened, and the message that opened it. */
export type CommTargetHandler = (comm: Comm, opening: CommMessage) => unknown;

/** The kernel's side of all comms. */
export interface CommTransport {
  /** Opens a comm to a target of the front end. */
  open(target: string, options?: CommOpenOptions): Comm;
  /** Sets the handler for comms that front ends open to `target`, in place of an earlier one. */
  registerTarget(target: string, handler: CommTargetHandler): void;
  /** False until a front end that can show views is heard of; nbclient and papermill only record outputs. */
  readonly frontEndSeen: boolean;
  /**
   * Calls `fn` and offers its output to `take` as the type and content of messages; `take` returns true for output that is
   * not to be published. Undefined if the front end moves output itself, to the output widget with the given `msg_id`.
   */
  readonly captureOutput?:
    | (<T>(take: (type: string, content: Record<string, unknown>) => boolean, fn: () => T) => T)
    | undefined;
  /** Id of the message that the running code answers. */
  readonly parentId: string;
  /** Calls `callback` at the end of every cell, before the kernel is idle. */
  onCellEnd(callback: () => void): void;
}

/** Publishes a message of any type on behalf of the running cell. */
export type Publish = (type: string, content: Record<string, unknown>) => void;

function hook<T>(symbol: symbol): T | undefined {
  return (globalThis as Record<symbol, unknown>)[symbol] as T | undefined;
}

/**
 * The comms of the kernel that this code runs in; undefined outside such a kernel.
 * @example
 * ```ts
 * const comm = currentTransport()?.open("my.target", { data: { hello: 1 } });
 * comm?.onMessage(({ data }) => console.log(data));
 * ```
 */
export function currentTransport(): CommTransport | undefined {
  return hook<CommTransport>(commsSymbol);
}

/**
 * How the kernel publishes messages of any type; undefined outside such a kernel.
 * @example
 * ```ts
 * currentPublish()?.("display_data", { data: { "text/plain": "hello" }, metadata: {}, transient: {} });
 * ```
 */
export function currentPublish(): Publish | undefined {
  return hook<Publish>(publishSymbol);
}
