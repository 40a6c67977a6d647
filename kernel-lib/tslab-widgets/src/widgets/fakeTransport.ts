import type { Comm, CommMessage, CommTransport } from "./transport";
import { openWidgets } from "./widget";

export interface Sent {
  /** Id of the comm. */
  id: string;
  data: Record<string, unknown>;
  buffers: readonly ArrayBufferView[];
}

/** A transport that keeps what is sent, and lets a test be the front end. */
export class FakeTransport implements CommTransport {
  readonly frontEndSeen = true;
  readonly parentId = "cell-1";
  readonly opened: Sent[] = [];
  readonly sent: Sent[] = [];
  readonly targets = new Map<string, (comm: Comm, opening: CommMessage) => unknown>();
  private readonly handlers = new Map<string, (message: CommMessage) => unknown>();

  open(
    _target: string,
    options: { id?: string; data?: Record<string, unknown>; buffers?: readonly ArrayBufferView[] },
  ): Comm {
    const id = options.id!;
    this.opened.push({ id, data: options.data ?? {}, buffers: options.buffers ?? [] });
    return this.comm(id);
  }

  comm(id: string): Comm {
    return {
      id,
      send: (data, options) => void this.sent.push({ id, data, buffers: options?.buffers ?? [] }),
      close: () => {},
      onMessage: (handler) => void this.handlers.set(id, handler),
      onClose: () => {},
    };
  }

  registerTarget(target: string, handler: (comm: Comm, opening: CommMessage) => unknown): void {
    this.targets.set(target, handler);
  }

  onCellEnd(): void {}

  /** A message from the front end. */
  receive(id: string, data: Record<string, unknown>, buffers: Uint8Array[] = []): unknown {
    return this.handlers.get(id)!({ data, metadata: {}, buffers });
  }

  /** New state from the front end. */
  update(id: string, state: Record<string, unknown>): unknown {
    return this.receive(id, { method: "update", state, buffer_paths: [] });
  }
}

/** Puts a transport where widgets look for that of their kernel. */
export function connect<T extends CommTransport | undefined>(transport: T): T {
  (globalThis as Record<symbol, unknown>)[Symbol.for("Jupyter.comms")] = transport;
  return transport;
}

/** Takes it away again, and closes the widgets that a test left open. */
export function disconnect(): void {
  connect(undefined);
  for (const widget of [...openWidgets().values()]) widget.close();
}
