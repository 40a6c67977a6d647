import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { inspect } from "node:util";
import type { Executor } from "tslab/dist/executor";
import { complete, inspectCode, isComplete } from "./assistance";
import { CommManager, commsSymbol } from "./comms";
import { Compiler } from "./compiler";
import { captureIn, currentContext, ExecutionContext, runIn, taken } from "./execution";
import { History } from "./history";
import { CellInterrupt, Interrupts, isScriptBreak } from "./interrupts";
import { installImport, installResolution } from "./modules";
import type { HostPackage } from "./moduleTypes";
import { plainText, render, withoutAsyncProperties } from "./rendering";
import { Sockets } from "./sockets";
import type { ReplyChannel } from "./threadProtocol";
import { type ErrorReport, installStackMapping, reportThrown } from "./traceback";
import { type ConnectionInfo, type Json, type Message, PROTOCOL_VERSION } from "./wire";

export interface KernelOptions {
  connection: ConnectionInfo;
  /** The package that brings the kernel; cells can import it wherever the notebook lies. */
  host?: HostPackage;
  /** Name and version in `kernel_info_reply`. */
  implementation: string;
  version: string;
}

/** What became of a cell. `value` is there where its last expression had one. */
type Outcome = { ok: true; value?: { of: unknown } } | { ok: false; error: ErrorReport };

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
  #compiler!: Compiler;
  #executor!: Executor;
  #tslab!: typeof import("tslab/dist/converter");

  /** Requests that wait for the cell that runs now. */
  readonly #waiting: Message[] = [];
  #pumping = false;
  /** The cell under way. */
  #running: ExecutionContext | undefined;
  /** Where output goes that no context claims. */
  #last: ExecutionContext;
  #executionCount = 0;
  /** Sources of the cells, for error messages. */
  readonly #sources = new Map<string, string>();
  readonly #stdin: { resolve(text: string): void }[] = [];
  /** What tslab's executor said about the cell under way. */
  #outcome: { value?: { of: unknown }; thrown?: { what: unknown } } = {};
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
    const { connection, host } = this.#options;
    this.#sockets = new Sockets(connection, randomUUID(), this.#interrupts.words, {
      message: (channel, message) => this.#receive(channel, message),
      interrupt: (sequence) => this.#interrupts.handled(sequence),
      parentGone: () => void this.#leave(1),
      failed: (error) => {
        writeSync(2, `kernel: the socket thread failed: ${error.stack}\n`);
        this.#exit(1);
      },
    });
    this.#compiler = new Compiler({
      ...(host ? { host } : {}),
      ambient: [require.resolve("./cellGlobals").replace(/\.js$/, ".d.ts")],
    });
    this.#tslab = require("tslab/dist/converter");
    const { createExecutor } = require("tslab/dist/executor") as typeof import("tslab/dist/executor");
    const { converter } = this.#compiler;
    this.#executor = createExecutor(
      process.cwd(),
      { node: converter, browser: converter, close: () => this.#compiler.close() },
      {
        log: (value: unknown) => {
          this.#outcome.value = { of: value };
        },
        error: (...args: unknown[]) => {
          // Complaints about a cell that defines a module come formatted; anything thrown comes alone.
          if (this.#compiler.diagnostics.length > 0) return;
          if (args.length > 1) console.error(...args);
          else this.#outcome.thrown = { what: args[0] };
        },
      },
    );
    installStackMapping((url, line, column) => this.#compiler.originalPosition(url, line, column));
    await this.#sockets.ready;
    this.#sockets.publish("status", "{}", { execution_state: "starting" });
    this.#installHooks();
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
    const write = (name: "stdout" | "stderr") =>
      ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
        const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
        if (text !== "") this.#print(name, withoutAsyncProperties(text));
        const callback = typeof encoding === "function" ? encoding : done;
        if (typeof callback === "function") process.nextTick(callback);
        return true;
      }) as typeof process.stdout.write;
    process.stdout.write = write("stdout");
    process.stderr.write = write("stderr");

    process.exit = ((code?: number) => {
      throw new Error(
        `process.exit(${code ?? ""}) was called: a cell cannot end the kernel. Use "Shut down kernel" or "Restart".`,
      );
    }) as typeof process.exit;
    process.on("uncaughtException", (error) => this.#reportStray(error));
    process.on("unhandledRejection", (reason) => this.#reportStray(reason));
    process.on("SIGINT", () => this.#interrupts.onSignal());
    process.on("SIGTERM", () => void this.#leave(0));

    this.#interrupts.install();
    installImport(process.cwd());
    if (this.#options.host) installResolution(this.#options.host);

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
    const { traceback } = reportThrown(error, (place) => this.#sources.get(place));
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
      this.#stdin.shift()?.resolve(String(message.content["value"] ?? ""));
      return;
    }
    if (channel === "control" || this.#canAnswerNow(message)) {
      void this.#answer(channel, message);
      return;
    }
    this.#waiting.push(message);
    void this.#pump();
  }

  /**
   * Whatever does not run a cell is answered while a cell awaits something, or widgets would stand still during a
   * training. A message to a comm that is not known yet stays behind the cells that may open it.
   */
  #canAnswerNow(message: Message): boolean {
    if (!this.#running) return false;
    const type = message.header.msg_type;
    if (type === "execute_request") return false;
    return !COMM_TYPES.has(type) || this.#waiting.length === 0 || this.#comms.knows(message);
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        await this.#answer("shell", next);
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #answer(channel: ReplyChannel, request: Message): Promise<void> {
    const parent = JSON.stringify(request.header);
    const type = request.header.msg_type;
    this.#sockets.publish("status", parent, { execution_state: "busy" });
    try {
      const content = await this.#contentFor(channel, request);
      if (content) this.#sockets.reply(channel, request, type.replace(/_request$/, "_reply"), content);
    } catch (error) {
      const report = reportThrown(error, (place) => this.#sources.get(place));
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
      }
    }
    if (type === "shutdown_request") await this.#leave(0);
  }

  #contentFor(channel: ReplyChannel, request: Message): Json | undefined | Promise<Json | undefined> {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        return this.#execute(request);
      case "kernel_info_request":
        return this.#kernelInfo();
      case "complete_request":
        return complete(this.#executor, content);
      case "inspect_request":
        return inspectCode(this.#executor, content);
      case "is_complete_request":
        return isComplete(this.#compiler.ts, this.#tslab.isCompleteCode, content);
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
        if (channel === "shell") throw new RequestError("shutdown_request belongs on the control channel");
        return this.#shutdown(request);
      default:
        throw new RequestError(`message type ${request.header.msg_type} is not known`);
    }
  }

  #kernelInfo(): Json {
    return {
      status: "ok",
      protocol_version: PROTOCOL_VERSION,
      implementation: this.#options.implementation,
      implementation_version: this.#options.version,
      banner: `TypeScript (${this.#options.implementation} ${this.#options.version}) on Node ${process.versions.node}`,
      language_info: {
        name: "typescript",
        version: "5.0.4",
        mimetype: "text/typescript",
        file_extension: ".ts",
        pygments_lexer: "typescript",
        codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
        nbconvert_exporter: "script",
      },
      help_links: [
        { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
        { text: "Node.js", url: "https://nodejs.org/api/" },
      ],
      debugger: false,
    };
  }

  async #handleComm(request: Message): Promise<Json | undefined> {
    const context = new ExecutionContext(request);
    this.#interrupts.begin(context);
    try {
      await runIn(context, () => this.#interrupts.callBreakable(() => this.#comms.handle(request)));
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

    const outcome = await this.#runCell(code, context);
    if (!outcome.ok) {
      runIn(context, () => this.#endOfCell());
      if (!silent) this.#publish("error", { ...outcome.error }, context);
      if (stopOnError) await this.#abortWaiting();
      return { status: "error", execution_count, ...outcome.error, user_expressions: {}, payload: [] };
    }
    if (outcome.value && !silent) {
      const bundle = await runIn(context, () =>
        render(outcome.value!.of, (error) => this.#printError(error, context)),
      );
      this.#history.setOutput(execution_count, String(bundle.data["text/plain"]));
      this.#publish("execute_result", { execution_count, ...bundle }, context);
    }
    runIn(context, () => this.#endOfCell());
    const expressions = (content["user_expressions"] ?? {}) as Record<string, unknown>;
    const user_expressions: Json = {};
    for (const [name, expression] of Object.entries(expressions)) {
      user_expressions[name] = await this.#evaluate(String(expression), context);
    }
    return { status: "ok", execution_count, user_expressions, payload: [] };
  }

  async #evaluate(expression: string, context: ExecutionContext): Promise<Json> {
    const outcome = await this.#runCell(`(${expression})`, context);
    if (!outcome.ok) return { status: "error", ...outcome.error };
    const text = plainText(outcome.value?.of);
    return { status: "ok", data: { "text/plain": text }, metadata: {} };
  }

  async #runCell(code: string, context: ExecutionContext): Promise<Outcome> {
    const place = `cell ${this.#executionCount}`;
    this.#sources.set(place, code);
    this.#outcome = {};
    this.#compiler.beginCell(place);
    this.#running = context;
    this.#last = context;
    this.#interrupts.begin(context);
    context.onAbandon(() => this.#executor.interrupt());
    try {
      const ok = await runIn(context, () => this.#executor.execute(code));
      return this.#judge(ok, code, context);
    } catch (error) {
      // The converter itself failed: its state may be lost, but the kernel lives.
      return { ok: false, error: reportThrown(error) };
    } finally {
      context.ended();
      this.#interrupts.end(context);
      this.#running = undefined;
    }
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

  #judge(ok: boolean, code: string, context: ExecutionContext): Outcome {
    const { value, thrown } = this.#outcome;
    if (thrown && isScriptBreak(thrown.what)) this.#interrupts.brokenBySignal();
    if (context.interrupted) return { ok: false, error: this.#reportInterrupt(thrown, context) };
    if (ok) return value ? { ok: true, value } : { ok: true };
    if (this.#compiler.diagnostics.length > 0) {
      const { summary, lines } = this.#compiler.describeDiagnostics(code);
      return { ok: false, error: { ename: "TypeScriptError", evalue: summary, traceback: lines } };
    }
    return { ok: false, error: reportThrown(thrown?.what, (place) => this.#sources.get(place)) };
  }

  /** Where the cell was stopped, as far as that is known. */
  #reportInterrupt(thrown: { what: unknown } | undefined, context: ExecutionContext): ErrorReport {
    const sourceOf = (place: string) => this.#sources.get(place);
    // A library may say in its own words that it stopped.
    const told = thrown && !context.abandoned && !isScriptBreak(thrown.what);
    if (told) return { ...reportThrown(thrown.what, sourceOf), ename: "Interrupted" };
    const error = new CellInterrupt();
    return { ename: error.name, evalue: error.message, traceback: [`${error.name}: ${error.message}`] };
  }

  /** After an error, the cells that were sent along with the failed one are not run. */
  async #abortWaiting(): Promise<void> {
    await this.#sockets.drained();
    const aborted = this.#waiting.filter(({ header }) => header.msg_type === "execute_request");
    const others = this.#waiting.filter(({ header }) => header.msg_type !== "execute_request");
    this.#waiting.splice(0, this.#waiting.length, ...others);
    for (const request of aborted) {
      const parent = JSON.stringify(request.header);
      this.#sockets.publish("status", parent, { execution_state: "busy" });
      this.#sockets.reply("shell", request, "execute_reply", {
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
