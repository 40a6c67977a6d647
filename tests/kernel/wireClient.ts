import { createHmac, randomUUID } from "node:crypto";
import { Dealer, Request, Subscriber } from "zeromq";

/**
 * A small front end that speaks the protocol over real sockets. It shares no code with the kernel, so that the same mistake
 * cannot be in both.
 */

const delimiter = Buffer.from("<IDS|MSG>");

/** Content of a message. */
// biome-ignore lint/suspicious/noExplicitAny: tests read messages field by field
export type Content = Record<string, any>;

/** A message that was received. */
export interface WireMessage {
  /** Type of the message. */
  type: string;
  /** Its header. */
  header: Content;
  /** Header of the request. */
  parent: Content;
  /** Its metadata. */
  metadata: Content;
  /** Its content. */
  content: Content;
  /** Binary parts. */
  buffers: Buffer[];
}

/** Content of a connection file. */
export interface Connection {
  transport: string;
  ip: string;
  key: string;
  signature_scheme: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
}

/** What came of an execute request. */
export interface Execution {
  /** The reply. */
  reply: WireMessage;
  /** Everything published on behalf of the request, from busy to idle. */
  published: WireMessage[];
  /** Id of the request. */
  id: string;
}

/** Options of an execute request, by the names of the protocol. */
export interface ExecuteOptions {
  silent?: boolean;
  store_history?: boolean;
  stop_on_error?: boolean;
  allow_stdin?: boolean;
  user_expressions?: Record<string, string>;
  /** Milliseconds to wait for the end. Default: 20,000. */
  timeout?: number;
}

/** A front end that is connected to a kernel. */
export class WireClient {
  readonly #connection: Connection;
  /** Id of its session. */
  readonly session = randomUUID();
  /** Socket for requests. */
  readonly shell: Dealer;
  /** Socket for interrupts and shutdown. */
  readonly control: Dealer;
  /** Socket for input. */
  readonly stdin: Dealer;
  readonly #iopub = new Subscriber({ receiveHighWaterMark: 0 });
  /** Everything that was published so far. */
  readonly published: WireMessage[] = [];
  readonly #replies = new Map<string, WireMessage>();
  /** Requests for input so far. */
  readonly inputRequests: WireMessage[] = [];
  #arrived: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    const options = { routingId: this.session, receiveHighWaterMark: 0, sendHighWaterMark: 0, linger: 0 };
    this.shell = new Dealer(options);
    this.control = new Dealer(options);
    this.stdin = new Dealer(options);
    const { transport, ip, shell_port, control_port, stdin_port, iopub_port } = connection;
    this.shell.connect(`${transport}://${ip}:${shell_port}`);
    this.control.connect(`${transport}://${ip}:${control_port}`);
    this.stdin.connect(`${transport}://${ip}:${stdin_port}`);
    this.#iopub.connect(`${transport}://${ip}:${iopub_port}`);
    this.#iopub.subscribe();
    const keepReply = (message: WireMessage) => this.#replies.set(message.parent["msg_id"], message);
    void this.#listen(this.shell, keepReply);
    void this.#listen(this.control, keepReply);
    void this.#listen(this.stdin, (message) => this.inputRequests.push(message));
    void this.#listen(this.#iopub, (message) => this.published.push(message));
  }

  async #listen(socket: Dealer | Subscriber, keep: (message: WireMessage) => void): Promise<void> {
    for await (const frames of socket) {
      keep(this.#decode(frames));
      const waiting = this.#arrived;
      this.#arrived = [];
      for (const wake of waiting) wake();
    }
  }

  #sign(frames: readonly (string | Uint8Array)[]): string {
    const hmac = createHmac("sha256", this.#connection.key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  #decode(frames: Buffer[]): WireMessage {
    const at = frames.findIndex((frame) => frame.equals(delimiter));
    const json = frames.slice(at + 2, at + 6);
    if (frames[at + 1]!.toString() !== this.#sign(json)) throw new Error("the kernel's signature is wrong");
    const [header, parent, metadata, content] = json.map((frame) => JSON.parse(frame.toString("utf8")));
    return { type: header.msg_type, header, parent, metadata, content, buffers: frames.slice(at + 6) };
  }

  /** Sends a message and returns its id. */
  async send(
    socket: Dealer,
    type: string,
    content: Content,
    options: { metadata?: Content; buffers?: Uint8Array[]; signature?: string } = {},
  ): Promise<string> {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: "test",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const json = [header, {}, options.metadata ?? {}, content].map((part) => JSON.stringify(part));
    const signature = options.signature ?? this.#sign(json);
    await socket.send([delimiter, signature, ...json, ...(options.buffers ?? [])]);
    return id;
  }

  /** Waits until `find` returns something. @throws Error after `timeout` milliseconds */
  async until<T>(find: () => T | undefined, what: string, timeout = 20_000): Promise<T> {
    const end = performance.now() + timeout;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`no ${what} within ${timeout} ms`);
      await new Promise<void>((resolve) => {
        this.#arrived.push(resolve);
        setTimeout(resolve, 50);
      });
    }
  }

  /** The reply to a request. */
  reply(id: string, timeout?: number): Promise<WireMessage> {
    return this.until(() => this.#replies.get(id), "reply", timeout);
  }

  /** What was published on behalf of a request so far. */
  publishedFor(id: string): WireMessage[] {
    return this.published.filter(({ parent }) => parent["msg_id"] === id);
  }

  /** Waits until a request has been handled. */
  idle(id: string, timeout?: number): Promise<WireMessage> {
    return this.until(
      () =>
        this.publishedFor(id).find(
          ({ type, content }) => type === "status" && content["execution_state"] === "idle",
        ),
      "idle",
      timeout,
    );
  }

  /** Sends a request and waits for its reply. */
  async request(type: string, content: Content = {}, socket = this.shell): Promise<WireMessage> {
    const id = await this.send(socket, type, content);
    return this.reply(id);
  }

  /** Sends an execute request. @returns its id */
  startExecute(code: string, options: ExecuteOptions = {}): Promise<string> {
    const { timeout: _timeout, ...rest } = options;
    return this.send(this.shell, "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...rest,
    });
  }

  /** Waits for the end of an execute request. */
  async finished(id: string, timeout?: number): Promise<Execution> {
    const reply = await this.reply(id, timeout);
    await this.idle(id, timeout);
    return { reply, published: this.publishedFor(id), id };
  }

  /** Runs a cell and waits for its end. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    return this.finished(await this.startExecute(code, options), options.timeout);
  }

  /** Interrupts the kernel. */
  async interrupt(): Promise<WireMessage> {
    return this.request("interrupt_request", {}, this.control);
  }

  /** Milliseconds until the heartbeat comes back. */
  async heartbeat(): Promise<number> {
    const socket = new Request({ linger: 0 });
    const { transport, ip, hb_port } = this.#connection;
    socket.connect(`${transport}://${ip}:${hb_port}`);
    const sent = performance.now();
    await socket.send("ping");
    await socket.receive();
    const took = performance.now() - sent;
    socket.close();
    return took;
  }

  /** Asks until an answer has arrived on both sockets: a subscription takes a moment to reach the kernel. */
  async connected(check: () => void): Promise<void> {
    const end = performance.now() + 60_000;
    const ids: string[] = [];
    for (;;) {
      check();
      ids.push(await this.send(this.shell, "kernel_info_request", {}));
      try {
        const heard = () => ids.find((id) => this.#replies.has(id) && this.publishedFor(id).length > 0);
        const id = await this.until(heard, "answer to kernel_info_request", 1000);
        await this.idle(id, 10_000);
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
      }
    }
  }

  /** Closes the sockets. */
  close(): void {
    for (const socket of [this.shell, this.control, this.stdin, this.#iopub]) socket.close();
  }
}

/** Everything that was printed to a stream. */
export function printed({ published }: Pick<Execution, "published">, name = "stdout"): string {
  return published
    .filter(({ type, content }) => type === "stream" && content["name"] === name)
    .map(({ content }) => content["text"])
    .join("");
}

/** `text/plain` of the result. */
export function resultText({ published }: Execution): string | undefined {
  return published.find(({ type }) => type === "execute_result")?.content["data"]["text/plain"];
}
