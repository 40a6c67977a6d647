import { parentPort, Worker } from "node:worker_threads";
import { InputError, StoppedError } from "./errors";

/**
 * Calls to worker threads that answer by promise. A {@link WorkerClient} starts a thread and sends requests; the thread's
 * program answers them with {@link serveCalls}. Arguments, results and events are structured clones. Threads that share
 * memory and wait on it (projection, networks) use `wasm/` instead.
 */

type ToWorker<Request> =
  | { kind: "call"; id: number; request: Request }
  | { kind: "abort"; id: number; reason: string };

type FromWorker<Result, Event> =
  | { kind: "event"; id: number; event: Event }
  | { kind: "done"; id: number; result: Result }
  | { kind: "failed"; id: number; error: SentError };

/** The parts of an error that survive the way between threads. */
interface SentError {
  name: string;
  message: string;
  stack: string | undefined;
}

/** Options of a {@link WorkerClient}. */
export interface WorkerClientOptions {
  /** What the program finds as `workerData`. */
  workerData?: unknown;
  /**
   * Called once if the thread dies, with the message of its error or its exit code; returns the error of pending and later
   * calls.
   */
  onDeath: (reason: string, exitCode?: number) => Error;
}

/** Options of {@link WorkerClient.call}. */
export interface CallOptions<Event> {
  /** Aborts the signal of the thread's handler, which decides how the call ends. */
  signal?: AbortSignal | undefined;
  /** Receives the handler's events in order, all before the promise settles. */
  onEvent?: ((event: Event) => void) | undefined;
}

interface PendingCall<Result, Event> {
  resolve(result: Result): void;
  reject(error: Error): void;
  onEvent: ((event: Event) => void) | undefined;
}

/**
 * A worker thread that answers calls. Several calls can be pending; a handler without `await` runs them one after the other. The
 * thread keeps the process alive while calls are pending, and only then.
 */
export class WorkerClient<Request, Result, Event = never> {
  private readonly worker: Worker;
  private readonly calls = new Map<number, PendingCall<Result, Event>>();
  private nextId = 0;
  private failure: Error | undefined;
  private termination: Promise<unknown> | undefined;

  /** @param program path of the JavaScript file that calls {@link serveCalls} */
  constructor(program: string, { workerData, onDeath }: WorkerClientOptions) {
    this.worker = new Worker(program, { workerData });
    const died = (reason: string, exitCode?: number) => {
      if (!this.failure) this.end(onDeath(reason, exitCode));
    };
    this.worker.on("error", (error) => died(error.message));
    this.worker.on("messageerror", (error) => died(error.message));
    this.worker.on("exit", (code) => died(`exit code ${code}`, code));
    this.worker.on("message", (message: FromWorker<Result, Event>) => this.receive(message));
    // A message listener refs the thread, so this comes last.
    this.worker.unref();
  }

  /** Calls that have not been answered. */
  get pending(): number {
    return this.calls.size;
  }

  /** Whether the thread has died or was closed; every further call fails. */
  get ended(): boolean {
    return this.failure !== undefined;
  }

  /**
   * Sends a request and resolves with its result.
   * @throws the handler's error (InputError and StoppedError keep their class), or the error of `onDeath` if the thread
   *   died; the reason of {@link close}
   */
  call(request: Request, { signal, onEvent }: CallOptions<Event> = {}): Promise<Result> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.nextId++;
    const abort = () =>
      this.post({ kind: "abort", id, reason: String(signal?.reason?.message ?? "stopped") });
    return new Promise<Result>((resolve, reject) => {
      this.post({ kind: "call", id, request });
      this.calls.set(id, { resolve, reject, onEvent });
      this.worker.ref();
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    }).finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Ends the thread; pending and later calls fail with `reason`. */
  async close(reason: Error): Promise<void> {
    this.end(reason);
    this.termination ??= this.worker.terminate();
    await this.termination;
  }

  private post(message: ToWorker<Request>): void {
    this.worker.postMessage(message);
  }

  private receive(message: FromWorker<Result, Event>): void {
    const call = this.calls.get(message.id);
    if (!call) return;
    if (message.kind === "event") {
      call.onEvent?.(message.event);
      return;
    }
    this.calls.delete(message.id);
    if (this.calls.size === 0) this.worker.unref();
    if (message.kind === "done") call.resolve(message.result);
    else call.reject(receivedError(message.error));
  }

  private end(failure: Error): void {
    this.failure ??= failure;
    for (const { reject } of this.calls.values()) reject(this.failure);
    this.calls.clear();
    this.worker.unref();
  }
}

function receivedError({ name, message, stack }: SentError): Error {
  if (name === "InputError") return InputError.of(message);
  const error = name === "StoppedError" ? new StoppedError(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What a handler of {@link serveCalls} can use during a call. */
export interface CallContext<Event> {
  /** Aborted when the caller's signal is. */
  signal: AbortSignal;
  /** Sends an event to the caller. */
  emit(event: Event): void;
}

/**
 * Answers the calls of this thread's {@link WorkerClient}.
 * @throws Error on the main thread
 */
export function serveCalls<Request, Result, Event = never>(
  handle: (request: Request, context: CallContext<Event>) => Result | Promise<Result>,
): void {
  if (!parentPort) throw new Error("serveCalls: expected a worker thread, found the main thread");
  const port = parentPort;
  const post = (message: FromWorker<Result, Event>) => port.postMessage(message);
  const running = new Map<number, AbortController>();

  async function answer(id: number, request: Request): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const emit = (event: Event) => post({ kind: "event", id, event });
      post({ kind: "done", id, result: await handle(request, { signal: controller.signal, emit }) });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      post({ kind: "failed", id, error: { name, message, stack } });
    } finally {
      running.delete(id);
    }
  }

  port.on("message", (message: ToWorker<Request>) => {
    if (message.kind === "call") void answer(message.id, message.request);
    else running.get(message.id)?.abort(new Error(message.reason));
  });
}
