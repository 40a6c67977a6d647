import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { complete, inspectCode, isComplete } from "./assistance";
import { Cells } from "./cells";
import { CommManager, commsSymbol } from "./comms";
import { CellInterrupt, captureIn, currentContext, ExecutionContext, runIn, taken } from "./execution";
import { History } from "./history";
import { Interrupts } from "./interrupts";
import { kernelInfo } from "./kernelInfo";
import { installImport, installResolution } from "./modules";
import type { HostPackage } from "./moduleTypes";
import { installProcessHooks } from "./processHooks";
import { type MimeBundle, plainText, render } from "./rendering";
import { Sockets } from "./sockets";
import type { ReplyChannel } from "./threadProtocol";
import type { ErrorReport } from "./traceback";
import { WarmUp } from "./warmUp";
import { type ConnectionInfo, type Json, type Message, PROTOCOL_VERSION } from "./wire";

export interface KernelOptions {
  connection: ConnectionInfo;
  /** Packages that cells can import wherever the notebook lies. */
  hosts: readonly HostPackage[];
  /** Name and version in `kernel_info_reply`. */
  implementation: string;
  version: string;
}

/** Publishes a message of any type on behalf of the running cell, for libraries. */
export const publishSymbol = Symbol.for("Jupyter.publish");

const COMM_TYPES = new Set(["comm_open", "comm_msg", "comm_close"]);

const noRequest: Message = {
  identities: [],
  header: { msg_id: "", msg_type: "", session: "", username: "", date: "", version: PROTOCOL_VERSION },
  parent: {},
  metadata: {},
  content: {},
  buffers: [],
};

/** A request whose content is not what the protocol says. */
class RequestError extends Error {
  override readonly name = "RequestError";
}

function field<T>(content: Json, name: string, type: "string" | "boolean", otherwise?: T): T {
  const value = content[name] ?? otherwise;
  if (typeof value !== type) throw new RequestError(`${name} must be a ${type}, found ${inspect(value)}`);
  return value as T;
}

export class Kernel {
  readonly #options: KernelOptions;
  readonly #interrupts = new Interrupts();
  readonly #history = new History();
  readonly #comms: CommManager;
  readonly #exit = process.exit.bind(process);
  #sockets!: Sockets;
  #cells!: Cells;
  #warmUp!: WarmUp;

  /** Requests that wait for the cell that runs now. */
  readonly #waiting: { channel: ReplyChannel; message: Message }[] = [];
  #pumping = false;
  /** The execute request under way. */
  #running: ExecutionContext | undefined;
  /** Where output goes that no context claims. */
  #last: ExecutionContext;
  #executionCount = 0;
  readonly #stdin: { resolve(text: string): void }[] = [];
  /** Called at the end of every cell, before it is reported idle. */
  readonly #cellEnds = new Set<() => void>();

  constructor(options: KernelOptions) {
    this.#options = options;
    this.#last = new ExecutionContext(noRequest);
    this.#comms = new CommManager((type, content, metadata, buffers) =>
      this.#sockets.publish(type, this.#context().parent, content, metadata, buffers),
    );
  }

  /** Binds the sockets in their own thread while this one loads the compiler. */
  async start(): Promise<void> {
    const { connection, hosts } = this.#options;
    this.#sockets = new Sockets(connection, randomUUID(), this.#interrupts.words, {
      message: (channel, message) => this.#receive(channel, message),
      interrupt: (sequence) => this.#interrupts.handled(sequence),
      parentGone: () => void this.#leave(1),
      failed: (error) => {
        writeSync(2, `kernel: the socket thread failed: ${error.stack}\n`);
        this.#exit(1);
      },
    });
    this.#cells = new Cells(hosts, this.#interrupts);
    await this.#sockets.ready;
    this.#sockets.publish("status", "{}", { execution_state: "starting" });
    this.#installHooks();
    this.#warmUp = new WarmUp(this.#cells.preparations(hosts));
    this.#warmUp.postpone();
  }

  // ---- output -----------------------------------------------------------------------------------------------

  #context(): ExecutionContext {
    return currentContext() ?? this.#running ?? this.#last;
  }

  #publish(type: string, content: Json, context = this.#context()): void {
    if (!taken(type, content)) this.#sockets.publish(type, context.parent, content);
  }

  #print(name: "stdout" | "stderr", text: string, context = this.#context()): void {
    if (!taken("stream", { name, text })) this.#sockets.stream(name, context.parent, text);
  }

  #installHooks(): void {
    installProcessHooks({
      print: (name, text) => this.#print(name, text),
      stray: (error) => this.#reportStray(error),
      interrupted: () => this.#interrupts.onSignal(),
      terminated: () => void this.#leave(0),
    });

    this.#interrupts.install();
    installImport(process.cwd());
    installResolution(this.#options.hosts);

    // Where `tslab.display` sends what it is given.
    const tslabJupyter = require("tslab/dist/jupyter") as { lastWriteDisplayData: unknown };
    tslabJupyter.lastWriteDisplayData = (data: Json, update: boolean) =>
      this.#publish(update ? "update_display_data" : "display_data", data);
    const hidden = (symbol: symbol, value: unknown) =>
      Object.defineProperty(globalThis, symbol, { value, enumerable: false });
    hidden(publishSymbol, (type: string, content: Json) => this.#publish(type, content));
    hidden(commsSymbol, this.#transport());
    Object.assign(globalThis, {
      display: (value: unknown, options: DisplayOptions = {}) => this.#display(value, options),
      clearOutput: (wait = false) => this.#publish("clear_output", { wait }),
      input: (prompt = "", options: { password?: boolean } = {}) => this.#input(prompt, options),
    });
  }

  /** What libraries find under `Jupyter.comms`. */
  #transport(): object {
    const comms = this.#comms;
    const kernel = this;
    // Voilà runs the cells with a recording client, and shows the page to a live one afterwards.
    const voila = process.env["SERVER_SOFTWARE"]?.startsWith("voila") === true;
    return {
      open: comms.open.bind(comms),
      registerTarget: comms.registerTarget.bind(comms),
      /** Whether somebody is looking, now or later: a browser, not a program that only records. */
      get frontEndSeen() {
        return voila || comms.frontEndSeen;
      },
      get captureOutput() {
        return comms.frontEndSeen ? undefined : captureIn;
      },
      /** Id of the request that the running code answers. */
      get parentId() {
        return kernel.#context().header.msg_id;
      },
      onCellEnd: (callback: () => void) => this.#cellEnds.add(callback),
    };
  }

  async #display(value: unknown, options: DisplayOptions): Promise<void> {
    const context = this.#context();
    const bundle = await render(value, (error) => this.#printError(error, context));
    this.#publish(
      options.update ? "update_display_data" : "display_data",
      {
        transient: {},
        ...bundle,
        ...(options.id === undefined ? {} : { transient: { display_id: options.id } }),
      },
      context,
    );
  }

  #printError(error: unknown, context = this.#context()): void {
    const { traceback } = this.#cells.report(error);
    this.#print("stderr", `${traceback.join("\n")}\n`, context);
  }

  /** An error that no cell waits for: of a timer, of a promise that nobody caught. */
  #reportStray(error: unknown): void {
    const context = this.#context();
    // What is left of a cell that was interrupted ends like this.
    if (error instanceof CellInterrupt || (context.interrupted && isAbort(error))) return;
    this.#printError(error, context);
  }

  async #input(prompt: string, { password = false }: { password?: boolean }): Promise<string> {
    const context = this.#context();
    if (!context.allowStdin) throw new Error("this front end takes no input");
    this.#sockets.reply("stdin", context.request, "input_request", { prompt, password });
    return new Promise((resolve, reject) => {
      const entry = { resolve };
      this.#stdin.push(entry);
      context.signal.addEventListener("abort", () => {
        const at = this.#stdin.indexOf(entry);
        if (at >= 0) this.#stdin.splice(at, 1);
        reject(new CellInterrupt());
      });
    });
  }

  // ---- requests ---------------------------------------------------------------------------------------------

  #receive(channel: ReplyChannel, message: Message): void {
    if (channel === "stdin") {
      if (message.header.msg_type !== "input_reply") return;
      this.#stdin.shift()?.resolve(String(message.content["value"] ?? ""));
      return;
    }
    if (this.#canAnswerNow(channel, message)) {
      void this.#answer(channel, message);
      return;
    }
    this.#waiting.push({ channel, message });
    void this.#pump();
  }

  /**
   * Whatever does not run a cell is answered while a cell awaits something, or widgets would stand still during a
   * training. A message to a comm that is not known yet stays behind the cells that may open it.
   */
  #canAnswerNow(channel: ReplyChannel, message: Message): boolean {
    const type = message.header.msg_type;
    if (type === "execute_request") return false;
    if (channel === "control") return true;
    if (!this.#running) return false;
    return !COMM_TYPES.has(type) || this.#waiting.length === 0 || this.#comms.knows(message);
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        await this.#answer(next.channel, next.message);
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #answer(channel: ReplyChannel, request: Message): Promise<void> {
    const parent = JSON.stringify(request.header);
    const type = request.header.msg_type;
    this.#warmUp.suspend();
    this.#sockets.publish("status", parent, { execution_state: "busy" });
    try {
      const content = await this.#contentFor(request);
      if (content) this.#sockets.reply(channel, request, type.replace(/_request$/, "_reply"), content);
    } catch (error) {
      const report = this.#cells.report(error);
      if (type.endsWith("_request")) {
        this.#sockets.reply(channel, request, type.replace(/_request$/, "_reply"), {
          status: "error",
          ...report,
        });
      } else {
        this.#sockets.stream("stderr", parent, `${type}: ${report.traceback.join("\n")}\n`);
      }
    } finally {
      this.#sockets.publish("status", parent, { execution_state: "idle" });
      // Front ends show the state that was published last.
      const running = this.#running;
      if (running && running.request !== request) {
        this.#sockets.publish("status", running.parent, { execution_state: "busy" });
      } else if (this.#waiting.length === 0) {
        this.#warmUp.postpone();
      }
    }
    if (type === "shutdown_request") await this.#leave(0);
  }

  #contentFor(request: Message): Json | undefined | Promise<Json | undefined> {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        return this.#execute(request);
      case "kernel_info_request":
        return kernelInfo(this.#options.implementation, this.#options.version);
      case "complete_request":
        return complete(this.#cells.executor, content);
      case "inspect_request":
        return inspectCode(this.#cells.executor, content);
      case "is_complete_request":
        return isComplete(this.#cells.compiler.ts, content);
      case "history_request":
        return { status: "ok", history: this.#history.query(content) };
      case "comm_info_request":
        this.#comms.frontEndSeen = true;
        return { status: "ok", comms: this.#comms.info(content["target_name"] as string | undefined) };
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        return this.#handleComm(request);
      case "shutdown_request":
        return this.#shutdown(request);
      default:
        throw new RequestError(`message type ${request.header.msg_type} is not known`);
    }
  }

  async #handleComm(request: Message): Promise<Json | undefined> {
    const context = new ExecutionContext(request);
    this.#interrupts.begin(context);
    try {
      await context.orAbandoned(
        runIn(context, async () => this.#interrupts.callBreakable(() => this.#comms.handle(request))),
      );
      return undefined;
    } finally {
      this.#interrupts.end(context);
    }
  }

  #shutdown(request: Message): Json {
    const content = { status: "ok", restart: request.content["restart"] === true };
    this.#sockets.publish("shutdown_reply", JSON.stringify(request.header), content);
    return content;
  }

  async #leave(code: number): Promise<void> {
    await this.#sockets.close();
    this.#exit(code);
  }

  // ---- cells ------------------------------------------------------------------------------------------------

  async #execute(request: Message): Promise<Json> {
    const { content } = request;
    const code = field<string>(content, "code", "string");
    const silent = field<boolean>(content, "silent", "boolean", false);
    const storeHistory = field<boolean>(content, "store_history", "boolean", !silent) && !silent;
    const stopOnError = field<boolean>(content, "stop_on_error", "boolean", true);
    const context = new ExecutionContext(request, content["allow_stdin"] === true);
    if (typeof request.metadata["cellId"] === "string") this.#comms.frontEndSeen = true;
    if (storeHistory) {
      this.#executionCount++;
      this.#history.add(this.#executionCount, code);
    }
    const execution_count = this.#executionCount;
    if (!silent) this.#publish("execute_input", { code, execution_count }, context);

    this.#running = context;
    this.#last = context;
    this.#interrupts.begin(context);
    try {
      const outcome = await this.#cells.run(code, `cell ${execution_count}`, context);
      let error = outcome.ok ? undefined : outcome.error;
      if (outcome.ok && outcome.value && !silent) {
        const shown = await this.#renderIn(context, outcome.value.of);
        if ("data" in shown) {
          this.#history.setOutput(execution_count, String(shown.data["text/plain"]));
          this.#publish("execute_result", { execution_count, ...shown }, context);
        } else error = shown;
      }
      runIn(context, () => this.#endOfCell());
      if (error) {
        if (!silent) this.#publish("error", { ...error }, context);
        if (stopOnError) await this.#abortWaiting();
        return { status: "error", execution_count, ...error, user_expressions: {}, payload: [] };
      }
      const expressions = (content["user_expressions"] ?? {}) as Record<string, unknown>;
      const user_expressions: Json = {};
      for (const [name, expression] of Object.entries(expressions)) {
        user_expressions[name] = await this.#evaluate(String(expression), context);
      }
      return { status: "ok", execution_count, user_expressions, payload: [] };
    } finally {
      this.#interrupts.end(context);
      this.#running = undefined;
    }
  }

  /** The forms of a cell's value. Its own display method can be interrupted as the cell can. */
  async #renderIn(context: ExecutionContext, value: unknown): Promise<MimeBundle | ErrorReport> {
    try {
      const rendering = runIn(context, () =>
        render(
          value,
          (error) => {
            if (!(error instanceof CellInterrupt)) this.#printError(error, context);
          },
          (method) => this.#interrupts.callBreakable(method),
        ),
      );
      const bundle = await context.orAbandoned(rendering);
      return context.interrupted ? this.#cells.reportInterrupt(undefined, context) : bundle;
    } catch (error) {
      if (context.interrupted) return this.#cells.reportInterrupt(error, context);
      throw error;
    }
  }

  async #evaluate(expression: string, context: ExecutionContext): Promise<Json> {
    const outcome = await this.#cells.run(`(${expression})`, `cell ${this.#executionCount}`, context);
    if (!outcome.ok) return { status: "error", ...outcome.error };
    const text = plainText(outcome.value?.of);
    return { status: "ok", data: { "text/plain": text }, metadata: {} };
  }

  #endOfCell(): void {
    for (const callback of this.#cellEnds) {
      try {
        callback();
      } catch (error) {
        this.#printError(error);
      }
    }
  }

  /** After an error, the cells that were sent along with the failed one are not run. */
  async #abortWaiting(): Promise<void> {
    await this.#sockets.drained();
    const isCell = ({ message }: { message: Message }) => message.header.msg_type === "execute_request";
    const aborted = this.#waiting.filter(isCell);
    const others = this.#waiting.filter((waiting) => !isCell(waiting));
    this.#waiting.splice(0, this.#waiting.length, ...others);
    for (const { channel, message: request } of aborted) {
      const parent = JSON.stringify(request.header);
      this.#sockets.publish("status", parent, { execution_state: "busy" });
      this.#sockets.reply(channel, request, "execute_reply", {
        status: "aborted",
        execution_count: this.#executionCount,
      });
      this.#sockets.publish("status", parent, { execution_state: "idle" });
    }
  }
}

function isAbort(error: unknown): boolean {
  return ["AbortError", "StoppedError"].includes(String((error as { name?: unknown } | undefined)?.name));
}
