import { inspect } from "node:util";
import type { Cells, Outcome } from "./cells";
import { CellInterrupt, ExecutionContext, runIn } from "./execution";
import type { History } from "./history";
import type { Interrupts } from "./interrupts";
import type { Output } from "./output";
import { plainText, type RenderedBundle, render } from "./rendering";
import type { ErrorReport } from "./traceback";
import type { Json, Message } from "./wire";

/** A request whose content violates the protocol. */
export class RequestError extends Error {
  override readonly name = "RequestError";
}

function field<T>(content: Json, name: string, type: "string" | "boolean", otherwise?: T): T {
  const value = content[name] ?? otherwise;
  if (typeof value !== type) throw new RequestError(`${name} must be a ${type}, found ${inspect(value)}`);
  return value as T;
}

/** What an `execute_request` asks for. */
interface Execution {
  code: string;
  /** Publishes nothing and leaves no trace in the history. */
  silent: boolean;
  storeHistory: boolean;
  stopOnError: boolean;
  expressions: Record<string, unknown>;
  context: ExecutionContext;
}

function parseExecution(request: Message): Execution {
  const { content } = request;
  const silent = field<boolean>(content, "silent", "boolean", false);
  return {
    code: field<string>(content, "code", "string"),
    silent,
    storeHistory: field<boolean>(content, "store_history", "boolean", !silent) && !silent,
    stopOnError: field<boolean>(content, "stop_on_error", "boolean", true),
    expressions: (content["user_expressions"] ?? {}) as Record<string, unknown>,
    context: new ExecutionContext(request, content["allow_stdin"] === true),
  };
}

/** The parts of the kernel that running a cell needs. */
export interface CellParts {
  /** Compiles and runs the cells. */
  cells: Cells;
  /** Interrupts what runs. */
  interrupts: Interrupts;
  /** Publishes output. */
  output: Output;
  /** Keeps the cells. */
  history: History;
  /** Replies to the cells that were sent along with a failed one. */
  abortWaiting(): Promise<void>;
}

/** Answers execute requests. */
export class CellRequests {
  readonly #parts: CellParts;
  readonly #cellEnds = new Set<() => void>();
  /** Number of the latest cell, from 1; 0 before the first. */
  executionCount = 0;

  constructor(parts: CellParts) {
    this.#parts = parts;
  }

  /** Calls `callback` at the end of every cell, before it is reported idle. */
  onCellEnd(callback: () => void): void {
    this.#cellEnds.add(callback);
  }

  /** Runs the cell of a request. @returns content of the reply */
  async execute(request: Message): Promise<Json> {
    const { interrupts, output, history } = this.#parts;
    const execution = parseExecution(request);
    const { code, context } = execution;
    if (execution.storeHistory) {
      this.executionCount++;
      history.add(this.executionCount, code);
    }
    const execution_count = this.executionCount;
    if (!execution.silent) output.publish("execute_input", { code, execution_count }, context);

    output.running = context;
    output.latest = context;
    interrupts.begin(context);
    try {
      return await this.#run(execution, execution_count);
    } finally {
      interrupts.end(context);
      output.running = undefined;
    }
  }

  async #run({ code, context, ...execution }: Execution, execution_count: number): Promise<Json> {
    const { cells, output, abortWaiting } = this.#parts;
    const outcome = await cells.run(code, `cell ${execution_count}`, context);
    const error = outcome.ok
      ? await this.#showValue(outcome, execution_count, { context, silent: execution.silent })
      : outcome.error;
    runIn(context, () => this.#endOfCell());
    if (error) {
      if (!execution.silent) output.publish("error", { ...error }, context);
      if (execution.stopOnError) await abortWaiting();
      return { status: "error", execution_count, ...error, user_expressions: {}, payload: [] };
    }
    const user_expressions: Json = {};
    for (const [name, expression] of Object.entries(execution.expressions)) {
      user_expressions[name] = await this.#evaluate(String(expression), context);
    }
    return { status: "ok", execution_count, user_expressions, payload: [] };
  }

  /** Publishes the value of a cell's last expression. @returns the error of rendering it, if any */
  async #showValue(
    { value }: Outcome & { ok: true },
    execution_count: number,
    { context, silent }: { context: ExecutionContext; silent: boolean },
  ): Promise<ErrorReport | undefined> {
    if (!value || silent) return undefined;
    const shown = await this.#renderIn(context, value.of);
    if (!("data" in shown)) return shown;
    this.#parts.history.setOutput(execution_count, String(shown.data["text/plain"]));
    this.#parts.output.publish("execute_result", { execution_count, ...shown }, context);
    return undefined;
  }

  /** The forms of a cell's value. Its own display method can be interrupted like the cell. */
  async #renderIn(context: ExecutionContext, value: unknown): Promise<RenderedBundle | ErrorReport> {
    const { cells, interrupts, output } = this.#parts;
    try {
      const rendering = runIn(context, () =>
        render(value, {
          onError: (error) => {
            if (!(error instanceof CellInterrupt)) output.printError(error, context);
          },
          call: (method) => interrupts.callBreakable(method),
        }),
      );
      const bundle = await context.orAbandoned(rendering);
      return context.interrupted ? cells.reportInterrupt(undefined, context) : bundle;
    } catch (error) {
      if (context.interrupted) return cells.reportInterrupt(error, context);
      throw error;
    }
  }

  async #evaluate(expression: string, context: ExecutionContext): Promise<Json> {
    const outcome = await this.#parts.cells.run(`(${expression})`, `cell ${this.executionCount}`, context);
    if (!outcome.ok) return { status: "error", ...outcome.error };
    const text = plainText(outcome.value?.of);
    return { status: "ok", data: { "text/plain": text }, metadata: {} };
  }

  #endOfCell(): void {
    for (const callback of this.#cellEnds) {
      try {
        callback();
      } catch (error) {
        this.#parts.output.printError(error);
      }
    }
  }
}
