import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import type { Header, Json, Message } from "./wire";

/** Milliseconds that interrupted code has to stop and clean up before its cell is given up. */
export const graceMs = 500;

/** Thrown into code that was interrupted. */
export class CellInterrupt extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("stopped by the user");
  }
}

/** One run of a cell or one comm handler: destination of its output, and interrupts. */
export class ExecutionContext {
  /** Header of the request, which all its output carries. */
  readonly header: Header;
  /** JSON text of `header`, written once for all the messages that carry it. */
  readonly parent: string;
  /** Whether the front end can ask the user for input. */
  readonly allowStdin: boolean;
  /** The request, whose identities an `input_request` is sent to. */
  readonly request: Message;
  readonly #controller = new AbortController();
  readonly #onAbandon = new Set<() => void>();
  /** When it was interrupted, in milliseconds of `performance.now()`. */
  #interruptedAt: number | undefined;
  /** Handles an interrupt that is pending; set while the context is running. */
  poll: (() => void) | undefined;

  constructor(request: Message, allowStdin = false) {
    this.request = request;
    this.header = request.header;
    this.parent = JSON.stringify(request.header);
    this.allowStdin = allowStdin;
    // A library that polls `aborted` in a synchronous loop never returns to the event loop.
    const { signal } = this.#controller;
    const inherited = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")!;
    Object.defineProperty(signal, "aborted", {
      get: () => {
        this.poll?.();
        return inherited.get!.call(signal);
      },
    });
  }

  /** Aborted when the cell is interrupted. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Text of the property in which Node 20 keeps the context on promises. */
  [inspect.custom](): string {
    return "[cell]";
  }

  /** Whether it was interrupted. */
  get interrupted(): boolean {
    return this.#interruptedAt !== undefined;
  }

  /** Whether its cell has been given up, so that all its code must end. Holds also while no timer can fire. */
  get abandoned(): boolean {
    return this.#interruptedAt !== undefined && performance.now() - this.#interruptedAt >= graceMs;
  }

  /** Calls `callback` when the context is given up. @returns a function that cancels this */
  onAbandon(callback: () => void): () => void {
    this.#onAbandon.add(callback);
    return () => this.#onAbandon.delete(callback);
  }

  /** Settles as `work` does, or is rejected when the context is given up before. */
  async orAbandoned<T>(work: Promise<T>): Promise<T> {
    if (this.abandoned) throw new CellInterrupt();
    let keep = () => {};
    const abandonment = new Promise<never>((_, reject) => {
      keep = this.onAbandon(() => reject(new CellInterrupt()));
    });
    try {
      return await Promise.race([work, abandonment]);
    } finally {
      keep();
    }
  }

  /** Aborts the signal, and gives the cell up after {@link graceMs}. */
  interrupt(): void {
    if (this.interrupted) return;
    this.#interruptedAt = performance.now();
    this.#controller.abort(new DOMException("stopped by the user", "AbortError"));
    setTimeout(() => {
      for (const callback of this.#onAbandon) callback();
    }, graceMs + 1).unref();
  }
}

const storage = new AsyncLocalStorage<ExecutionContext>();

/** The cell or handler that the running code belongs to, also in its timers and promises. */
export function currentContext(): ExecutionContext | undefined {
  return storage.getStore();
}

/** Calls `fn` as code of a cell or handler. */
export function runIn<T>(context: ExecutionContext, fn: () => T): T {
  return storage.run(context, fn);
}

/** Is offered each message that code would publish, by type and content. Returns true to take it; it is not published then. */
export type TakeOutput = (type: string, content: Json) => boolean;

class OutputCapture {
  readonly take: TakeOutput;

  constructor(take: TakeOutput) {
    this.take = take;
  }

  /** Like the context, it is a property of promises. */
  [inspect.custom](): string {
    return "[cell]";
  }
}

const captures = new AsyncLocalStorage<OutputCapture>();

/** Calls `fn`; its output, also that of its timers and promises, is offered to `take` first. */
export function captureIn<T>(take: TakeOutput, fn: () => T): T {
  return captures.run(new OutputCapture(take), fn);
}

/** Offers output of the running code to its capture, if any. @returns whether it was taken */
export function taken(type: string, content: Json): boolean {
  return captures.getStore()?.take(type, content) === true;
}
