import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { complete, inspectCode, isComplete } from "./assistance";
import { CellRequests, RequestError } from "./cellRequests";
import { Cells } from "./cells";
import { CommManager } from "./comms";
import { ExecutionContext, runIn } from "./execution";
import { installGlobals } from "./globals";
import { History } from "./history";
import { Interrupts } from "./interrupts";
import { kernelInfo } from "./kernelInfo";
import { installImport, installResolution } from "./modules";
import type { HostPackage } from "./moduleTypes";
import { Output } from "./output";
import { installProcessHooks } from "./processHooks";
import { type Request, RequestQueue } from "./requestQueue";
import { Sockets } from "./sockets";
import { Stdin } from "./stdin";
import type { ReplyChannel } from "./threadProtocol";
import { WarmUp } from "./warmUp";
import { type ConnectionInfo, type Json, type Message, protocolVersion } from "./wire";

/** Options of {@link Kernel}. */
export interface KernelOptions {
  /** Ports and key. */
  connection: ConnectionInfo;
  /** Packages that cells can import in any folder. */
  hosts: readonly HostPackage[];
  /** Name in `kernel_info_reply`. */
  implementation: string;
  /** Version in `kernel_info_reply`. */
  version: string;
}

const commTypes = new Set(["comm_open", "comm_msg", "comm_close"]);

/** Stands for the request that caused output before the first cell. */
const noRequest: Message = {
  identities: [],
  header: { msg_id: "", msg_type: "", session: "", username: "", date: "", version: protocolVersion },
  parent: {},
  metadata: {},
  content: {},
  buffers: [],
};

/** The kernel of one notebook: receives requests and has them answered, in the thread in which cells run. */
export class Kernel {
  readonly #options: KernelOptions;
  readonly #interrupts = new Interrupts();
  readonly #history = new History();
  readonly #sockets: Sockets;
  readonly #cells: Cells;
  readonly #output: Output;
  readonly #comms: CommManager;
  readonly #stdin: Stdin;
  readonly #cellRequests: CellRequests;
  readonly #queue = new RequestQueue((request) => this.#answer(request));
  readonly #warmUp: WarmUp;
  /** Cells find another function in its place. */
  readonly #exit = process.exit.bind(process);

  /** Binds the sockets in a separate thread while this one loads the compiler, which takes a second. */
  constructor(options: KernelOptions) {
    this.#options = options;
    const { connection, hosts } = options;
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
    this.#output = new Output(this.#sockets, this.#cells.report, new ExecutionContext(noRequest));
    this.#comms = new CommManager((type, content, commOptions) =>
      this.#sockets.publish(type, this.#output.context.parent, content, commOptions),
    );
    this.#stdin = new Stdin(this.#sockets);
    this.#cellRequests = new CellRequests({
      cells: this.#cells,
      interrupts: this.#interrupts,
      output: this.#output,
      history: this.#history,
      abortWaiting: () => this.#abortWaiting(),
    });
    this.#warmUp = new WarmUp(this.#cells.preparations(hosts));
  }

  /** Resolves when front ends can connect. @throws Error if a port cannot be bound */
  async start(): Promise<void> {
    await this.#sockets.ready;
    this.#sockets.publish("status", "{}", { execution_state: "starting" });
    installProcessHooks({
      print: (name, text) => this.#output.print(name, text),
      stray: (error) => this.#output.printStray(error),
      interrupted: () => this.#interrupts.onSignal(),
      terminated: () => void this.#leave(0),
    });
    this.#interrupts.install();
    installImport(process.cwd());
    installResolution(this.#options.hosts);
    installGlobals({
      comms: this.#comms,
      output: this.#output,
      stdin: this.#stdin,
      onCellEnd: (callback) => this.#cellRequests.onCellEnd(callback),
    });
    this.#warmUp.postpone();
  }

  #receive(channel: ReplyChannel, message: Message): void {
    if (channel === "stdin") {
      if (message.header.msg_type === "input_reply") {
        this.#stdin.answer(String(message.content["value"] ?? ""));
      }
    } else if (this.#canAnswerNow(channel, message)) {
      void this.#answer({ channel, message });
    } else {
      this.#queue.push({ channel, message });
    }
  }

  /**
   * Whatever does not run a cell is answered while a cell awaits something; otherwise widgets would freeze for as long. A
   * message to an unknown comm stays behind the cells that may open it.
   */
  #canAnswerNow(channel: ReplyChannel, message: Message): boolean {
    const type = message.header.msg_type;
    if (type === "execute_request") return false;
    if (channel === "control") return true;
    if (!this.#output.running) return false;
    return !commTypes.has(type) || this.#queue.length === 0 || this.#comms.knows(message);
  }

  async #answer({ channel, message: request }: Request): Promise<void> {
    const parent = JSON.stringify(request.header);
    const type = request.header.msg_type;
    const replyType = type.replace(/_request$/, "_reply");
    this.#warmUp.suspend();
    this.#publishState("busy", parent);
    try {
      const content = await this.#contentFor(request);
      if (content) this.#sockets.reply(channel, request, replyType, content);
    } catch (error) {
      const report = this.#cells.report(error);
      if (replyType !== type) {
        this.#sockets.reply(channel, request, replyType, { status: "error", ...report });
      } else {
        this.#sockets.stream("stderr", parent, `${type}: ${report.traceback.join("\n")}\n`);
      }
    } finally {
      this.#publishState("idle", parent);
      // Front ends show the state that was published last.
      const { running } = this.#output;
      if (running && running.request !== request) this.#publishState("busy", running.parent);
      else if (this.#queue.length === 0) this.#warmUp.postpone();
    }
    if (type === "shutdown_request") await this.#leave(0);
  }

  #publishState(execution_state: "busy" | "idle", parent: string): void {
    this.#sockets.publish("status", parent, { execution_state });
  }

  /** Content of the reply; undefined for messages that get none. */
  #contentFor(request: Message): Json | undefined | Promise<Json | undefined> {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        if (typeof request.metadata["cellId"] === "string") this.#comms.frontEndSeen = true;
        return this.#cellRequests.execute(request);
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
        throw new RequestError(`unknown message type ${request.header.msg_type}`);
    }
  }

  async #handleComm(request: Message): Promise<undefined> {
    const context = new ExecutionContext(request);
    this.#interrupts.begin(context);
    try {
      const handling = runIn(context, async () =>
        this.#interrupts.callBreakable(() => this.#comms.handle(request)),
      );
      await context.orAbandoned(handling);
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

  /** After an error, the cells that were sent along with the failed one are not run. */
  async #abortWaiting(): Promise<void> {
    await this.#sockets.drained();
    for (const { channel, message: request } of this.#queue.takeCells()) {
      const parent = JSON.stringify(request.header);
      this.#publishState("busy", parent);
      this.#sockets.reply(channel, request, "execute_reply", {
        status: "aborted",
        execution_count: this.#cellRequests.executionCount,
      });
      this.#publishState("idle", parent);
    }
  }
}
