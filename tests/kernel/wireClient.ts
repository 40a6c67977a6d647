import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Dealer, Request, Subscriber } from "zeromq";
import { freePorts } from "../freePorts";

/**
 * A front end in small: starts kernels as real processes and speaks the protocol over real sockets. It shares no code
 * with the kernel, so that a mistake in one is not hidden by the same mistake in the other.
 */

export const repositoryRoot = path.resolve(__dirname, "../../..");
export const launcher = path.join(repositoryRoot, "kernel-lib/bin/e2gmm-kernel.js");

/** The command line of an installed kernelspec. */
export function kernelArgv(node: string): string[] {
  const { kernelspec } = require(path.join(repositoryRoot, "kernel-lib/dist/jupyter/kernelspec")) as {
    kernelspec(options: { node: string; launcher: string }): { argv: string[] };
  };
  return kernelspec({ node, launcher }).argv;
}

const delimiter = Buffer.from("<IDS|MSG>");

// biome-ignore lint/suspicious/noExplicitAny: messages are looked at from outside, field by field
export type Content = Record<string, any>;

export interface WireMessage {
  type: string;
  header: Content;
  parent: Content;
  metadata: Content;
  content: Content;
  buffers: Buffer[];
}

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

export interface KernelStart {
  /** The Node to run the kernel with. Default: E2GMM_KERNEL_NODE, or the one that runs the test. */
  node?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Command line in which `{connection_file}` is replaced; default: the kernel of this repository. */
  argv?: string[];
  /** Ports to use in place of free ones. */
  ports?: Partial<Connection>;
}

/** A kernel process of the test's own. */
export class KernelProcess {
  readonly process: ChildProcess;
  readonly connection: Connection;
  readonly #folder: string;
  readonly started = performance.now();
  log = "";
  readonly #clients: WireClient[] = [];

  private constructor(process: ChildProcess, connection: Connection, folder: string) {
    this.process = process;
    this.connection = connection;
    this.#folder = folder;
    const keep = (chunk: Buffer) => {
      this.log += chunk.toString("utf8");
    };
    process.stdout!.on("data", keep);
    process.stderr!.on("data", keep);
  }

  static async start(options: KernelStart = {}): Promise<KernelProcess> {
    const [shell, iopub, stdin, control, heartbeat] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const connection: Connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      key: randomUUID(),
      signature_scheme: "hmac-sha256",
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: heartbeat,
      ...options.ports,
    };
    const folder = mkdtempSync(path.join(tmpdir(), "kernel-test-"));
    const file = path.join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection));
    const node = options.node ?? process.env["E2GMM_KERNEL_NODE"] ?? process.execPath;
    const argv = options.argv ?? kernelArgv(node);
    const [command, ...args] = argv.map((arg) => arg.replace("{connection_file}", file));
    const child = spawn(command!, args, {
      cwd: options.cwd ?? folder,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new KernelProcess(child, connection, folder);
  }

  /** A front end that is connected: the kernel answers it and it hears what is published. */
  async client(): Promise<WireClient> {
    const client = new WireClient(this.connection);
    this.#clients.push(client);
    await client.connected(() => this.#failIfGone());
    return client;
  }

  #failIfGone(): void {
    if (this.process.exitCode !== null) {
      throw new Error(`the kernel ended with ${this.process.exitCode}: ${this.log}`);
    }
  }

  exited(): Promise<number | null> {
    const { process: child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once("exit", resolve));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    await this.exited();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Execution {
  reply: WireMessage;
  /** Everything published on behalf of the request, from busy to idle. */
  published: WireMessage[];
  /** Id of the request. */
  id: string;
}

export interface ExecuteOptions {
  silent?: boolean;
  store_history?: boolean;
  stop_on_error?: boolean;
  allow_stdin?: boolean;
  user_expressions?: Record<string, string>;
  timeout?: number;
}

export class WireClient {
  readonly #connection: Connection;
  readonly session = randomUUID();
  readonly shell: Dealer;
  readonly control: Dealer;
  readonly stdin: Dealer;
  readonly #iopub = new Subscriber({ receiveHighWaterMark: 0 });
  /** Everything heard on iopub so far. */
  readonly published: WireMessage[] = [];
  readonly #replies = new Map<string, WireMessage>();
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

  /** Waits until `find` finds something. The limit is there to end a test that would hang. */
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

  reply(id: string, timeout?: number): Promise<WireMessage> {
    return this.until(() => this.#replies.get(id), "reply", timeout);
  }

  publishedFor(id: string): WireMessage[] {
    return this.published.filter(({ parent }) => parent["msg_id"] === id);
  }

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

  async request(type: string, content: Content = {}, socket = this.shell): Promise<WireMessage> {
    const id = await this.send(socket, type, content);
    return this.reply(id);
  }

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

  async finished(id: string, timeout?: number): Promise<Execution> {
    const reply = await this.reply(id, timeout);
    await this.idle(id, timeout);
    return { reply, published: this.publishedFor(id), id };
  }

  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    return this.finished(await this.startExecute(code, options), options.timeout);
  }

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

  /** Asks until an answer has been heard on both sides: a subscription takes a moment to reach the kernel. */
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

  close(): void {
    for (const socket of [this.shell, this.control, this.stdin, this.#iopub]) socket.close();
  }
}

/** All that was printed to a stream, joined. */
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
