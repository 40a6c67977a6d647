import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import type { Header, Json, Message } from "./wire";

/** How long interrupted code may take to stop at a good point, and to clean up, before its cell is given up. */
export const GRACE_MS = 500;

/** Thrown into code that was interrupted. */
export class CellInterrupt extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("stopped by the user");
  }
}

/** One cell run or one comm handler: where its output goes, and how it is interrupted. */
export class ExecutionContext {
  readonly header: Header;
  /** JSON text of `header`, written once for all the messages that carry it. */
  readonly parent: string;
  readonly allowStdin: boolean;
  /** The request itself, whose identities an `input_request` is sent to. */
  readonly request: Message;
  readonly #controller = new AbortController();
  readonly #onAbandon = new Set<() => void>();
  /** When it was interrupted, by the clock of the process. */
  #interruptedAt: number | undefined;
  /** Looks whether an interrupt is waiting; set while the context is under way. */
  poll: (() => void) | undefined;

  constructor(request: Message, allowStdin = false) {
    this.request = request;
    this.header = request.header;
    this.parent = JSON.stringify(request.header);
    this.allowStdin = allowStdin;
    // A library that polls `aborted` in a synchronous loop would never see an event of the event loop.
    const { signal } = this.#controller;
    const inherited = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")!;
    Object.defineProperty(signal, "aborted", {
      get: () => {
        this.poll?.();
        return inherited.get!.call(signal);
      },
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Node 20 shows the context as a property of promises. */
  [inspect.custom](): string {
    return "[cell]";
  }

  get interrupted(): boolean {
    return this.#interruptedAt !== undefined;
  }

  /** Its cell has been given up; whatever still runs of it must end. True also while no timer can fire. */
  get abandoned(): boolean {
    return this.#interruptedAt !== undefined && performance.now() - this.#interruptedAt >= GRACE_MS;
  }

  /** Has `callback` called when the context is given up. @returns what takes it back */
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

  interrupt(): void {
    if (this.interrupted) return;
    this.#interruptedAt = performance.now();
    this.#controller.abort(new DOMException("stopped by the user", "AbortError"));
    setTimeout(() => {
      for (const callback of this.#onAbandon) callback();
    }, GRACE_MS + 1).unref();
  }
}

const storage = new AsyncLocalStorage<ExecutionContext>();

/** The cell or handler that the running code belongs to, also in its timers and promises. */
export function currentContext(): ExecutionContext | undefined {
  return storage.getStore();
}

export function runIn<T>(context: ExecutionContext, fn: () => T): T {
  return storage.run(context, fn);
}

/** Is offered what code would publish, by message type and content; true: it has been taken, and is not published. */
export type TakeOutput = (type: string, content: Json) => boolean;

class OutputCapture {
  constructor(readonly take: TakeOutput) {}

  /** Like the context, it shows as a property of promises. */
  [inspect.custom](): string {
    return "[cell]";
  }
}

const captures = new AsyncLocalStorage<OutputCapture>();

/** Calls `fn`; what it puts out, also from its timers and promises, is offered to `take` first. */
export function captureIn<T>(take: TakeOutput, fn: () => T): T {
  return captures.run(new OutputCapture(take), fn);
}

/** Whether output of the running code has been taken instead of going to the front end. */
export function taken(type: string, content: Json): boolean {
  return captures.getStore()?.take(type, content) === true;
}
