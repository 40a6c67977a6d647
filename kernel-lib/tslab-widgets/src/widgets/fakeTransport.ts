import {
  type Comm,
  type CommMessage,
  type CommOpenOptions,
  type CommTransport,
  commsSymbol,
} from "../transport";
import { openWidgets } from "./widget";

/** A message that a widget has sent. */
export interface Sent {
  /** Id of the comm. */
  id: string;
  /** Content of the message. */
  data: Record<string, unknown>;
  /** Binary parts. */
  buffers: readonly ArrayBufferView[];
}

/**
 * A transport that records sent messages and lets a test act as the front end.
 * @example
 * ```ts
 * const transport = connect(new FakeTransport());
 * const slider = new IntSlider();
 * transport.update(slider.id, { value: 7 });
 * disconnect();
 * ```
 */
export class FakeTransport implements CommTransport {
  /** A live front end takes part. */
  readonly frontEndSeen = true;
  /** Id of the request simulated by the test. */
  readonly parentId = "cell-1";
  /** Messages that opened a comm. */
  readonly opened: Sent[] = [];
  /** All other messages of comms. */
  readonly sent: Sent[] = [];
  /** Handlers by target. */
  readonly targets = new Map<string, (comm: Comm, opening: CommMessage) => unknown>();
  readonly #handlers = new Map<string, (message: CommMessage) => unknown>();

  /** Opens a comm, and records the message. */
  open(_target: string, options: CommOpenOptions = {}): Comm {
    const { id = "comm" } = options;
    this.opened.push({ id, data: options.data ?? {}, buffers: options.buffers ?? [] });
    return this.comm(id);
  }

  /** A comm of this transport, as a handler of a target receives one. */
  comm(id: string): Comm {
    return {
      id,
      send: (data, options) => void this.sent.push({ id, data, buffers: options?.buffers ?? [] }),
      close: () => {},
      onMessage: (handler) => void this.#handlers.set(id, handler),
      onClose: () => {},
    };
  }

  /** Records the handler of a target. */
  registerTarget(target: string, handler: (comm: Comm, opening: CommMessage) => unknown): void {
    this.targets.set(target, handler);
  }

  /** Has no effect: there are no cells. */
  onCellEnd(): void {}

  /** A message from the front end. */
  receive(id: string, data: Record<string, unknown>, buffers: Uint8Array[] = []): unknown {
    return this.#handlers.get(id)!({ data, metadata: {}, buffers });
  }

  /** New state from the front end. */
  update(id: string, state: Record<string, unknown>): unknown {
    return this.receive(id, { method: "update", state, buffer_paths: [] });
  }
}

/** Puts a transport where widgets look for the kernel's. */
export function connect<T extends CommTransport | undefined>(transport: T): T {
  (globalThis as Record<symbol, unknown>)[commsSymbol] = transport;
  return transport;
}

/** Removes it again, and closes the widgets that a test has left open. */
export function disconnect(): void {
  connect(undefined);
  for (const widget of [...openWidgets().values()]) widget.close();
}
