import { CellInterrupt, currentContext, type ExecutionContext, taken } from "./execution";
import { render } from "./rendering";
import type { Sockets } from "./sockets";
import type { ErrorReport } from "./traceback";
import type { Json } from "./wire";

/** Publishes output on behalf of the cell or comm handler that caused it, also from its timers and promises. */
export class Output {
  readonly #sockets: Sockets;
  readonly #report: (thrown: unknown) => ErrorReport;
  /** The cell that is running; undefined between cells. */
  running: ExecutionContext | undefined;
  /** Receives output that belongs to no context: that of the latest cell. */
  latest: ExecutionContext;

  /**
   * @param sockets where messages go
   * @param report  describes a thrown value
   * @param initial the context before the first cell
   */
  constructor(sockets: Sockets, report: (thrown: unknown) => ErrorReport, initial: ExecutionContext) {
    this.#sockets = sockets;
    this.#report = report;
    this.latest = initial;
  }

  /** The context that the running code belongs to. */
  get context(): ExecutionContext {
    return currentContext() ?? this.running ?? this.latest;
  }

  /** Publishes a message, unless a capture takes it. */
  publish(type: string, content: Json, context = this.context): void {
    if (!taken(type, content)) this.#sockets.publish(type, context.parent, content);
  }

  /** Prints to a stream, unless a capture takes it. */
  print(name: "stdout" | "stderr", text: string, context = this.context): void {
    if (!taken("stream", { name, text })) this.#sockets.stream(name, context.parent, text);
  }

  /** Prints an error with its traceback. */
  printError(error: unknown, context = this.context): void {
    this.print("stderr", `${this.#report(error).traceback.join("\n")}\n`, context);
  }

  /** Prints an error that no cell waits for: one thrown in a timer, or a rejection that nobody handled. */
  printStray(error: unknown): void {
    const { context } = this;
    // The remains of an interrupted cell end with one of these.
    if (error instanceof CellInterrupt || (context.interrupted && isAbort(error))) return;
    this.printError(error, context);
  }

  /** Shows a value, as the global function `display` does. */
  async display(value: unknown, options: DisplayOptions = {}): Promise<void> {
    const { context } = this;
    const bundle = await render(value, { onError: (error) => this.printError(error, context) });
    const named = options.id === undefined ? {} : { transient: { display_id: options.id } };
    const type = options.update ? "update_display_data" : "display_data";
    this.publish(type, { transient: {}, ...bundle, ...named }, context);
  }
}

function isAbort(error: unknown): boolean {
  return ["AbortError", "StoppedError"].includes(String((error as { name?: unknown } | undefined)?.name));
}
