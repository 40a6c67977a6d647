/**
 * What widgets need of the kernel they live in. A kernel that has comms leaves its end under
 * `globalThis[Symbol.for("Jupyter.comms")]`; without one (a script, stock tslab) widgets keep their state and show as
 * still pictures.
 */

export interface CommMessage {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}

export interface Comm {
  readonly id: string;
  send(
    data: Record<string, unknown>,
    options?: { metadata?: Record<string, unknown>; buffers?: readonly ArrayBufferView[] },
  ): void;
  close(): void;
  onMessage(handler: (message: CommMessage) => unknown): void;
  onClose(handler: (message: CommMessage) => unknown): void;
}

export interface CommTransport {
  open(
    target: string,
    options: {
      id?: string;
      data?: Record<string, unknown>;
      metadata?: Record<string, unknown>;
      buffers?: readonly ArrayBufferView[];
    },
  ): Comm;
  registerTarget(target: string, handler: (comm: Comm, opening: CommMessage) => unknown): void;
  /** False while only a program that records outputs (nbclient, papermill) has been heard of. */
  readonly frontEndSeen: boolean;
  /**
   * Calls `fn` and offers `take` what it puts out, as the type and content of messages; true: taken, not published.
   * Undefined while a front end takes part that does this itself, for the output widget whose `msg_id` it is told.
   */
  readonly captureOutput?:
    | (<T>(take: (type: string, content: Record<string, unknown>) => boolean, fn: () => T) => T)
    | undefined;
  /** Id of the message that the running code answers. */
  readonly parentId: string;
  /** Calls back at the end of every cell, before the kernel is idle. */
  onCellEnd(callback: () => void): void;
}

/** Publishes a message of any type on behalf of the running cell. */
export type Publish = (type: string, content: Record<string, unknown>) => void;

function hook<T>(name: string): T | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for(name)] as T | undefined;
}

export function currentTransport(): CommTransport | undefined {
  return hook<CommTransport>("Jupyter.comms");
}

export function currentPublish(): Publish | undefined {
  return hook<Publish>("Jupyter.publish");
}
