import { randomUUID } from "node:crypto";
import type { Json, Message } from "./wire";

/**
 * Comms: channels between an object of the kernel and one of the front end, opened by either side.
 * Libraries reach them through `globalThis[Symbol.for("Jupyter.comms")]`, without importing the kernel.
 */
export const commsSymbol = Symbol.for("Jupyter.comms");

export interface CommMessage {
  data: Json;
  metadata: Json;
  buffers: Uint8Array[];
}

export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: Json, options?: { metadata?: Json; buffers?: readonly ArrayBufferView[] }): void;
  close(data?: Json): void;
  onMessage(handler: (message: CommMessage) => unknown): void;
  onClose(handler: (message: CommMessage) => unknown): void;
}

export type TargetHandler = (comm: Comm, opening: CommMessage) => unknown;

export type Publish = (
  type: "comm_open" | "comm_msg" | "comm_close",
  content: Json,
  metadata: Json,
  buffers: readonly ArrayBufferView[],
) => void;

class OpenComm implements Comm {
  messageHandler: ((message: CommMessage) => unknown) | undefined;
  closeHandler: ((message: CommMessage) => unknown) | undefined;

  constructor(
    private readonly manager: CommManager,
    readonly id: string,
    readonly target: string,
  ) {}

  send(data: Json, options: { metadata?: Json; buffers?: readonly ArrayBufferView[] } = {}): void {
    this.manager.send(this, data, options.metadata ?? {}, options.buffers ?? []);
  }

  close(data: Json = {}): void {
    this.manager.closeFromHere(this, data);
  }

  onMessage(handler: (message: CommMessage) => unknown): void {
    this.messageHandler = handler;
  }

  onClose(handler: (message: CommMessage) => unknown): void {
    this.closeHandler = handler;
  }
}

export class CommManager {
  readonly #publish: Publish;
  readonly #open = new Map<string, OpenComm>();
  readonly #targets = new Map<string, TargetHandler>();
  /** Whether a front end has shown that it takes part in comms. */
  frontEndSeen = false;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** Opens a comm from the kernel's side. */
  open(
    target: string,
    options: { id?: string; data?: Json; metadata?: Json; buffers?: readonly ArrayBufferView[] } = {},
  ): Comm {
    const comm = new OpenComm(this, options.id ?? randomUUID().replaceAll("-", ""), target);
    this.#publish(
      "comm_open",
      { comm_id: comm.id, target_name: target, data: options.data ?? {} },
      options.metadata ?? {},
      options.buffers ?? [],
    );
    this.#open.set(comm.id, comm);
    return comm;
  }

  /** Says what happens when a front end opens a comm to `target`. */
  registerTarget(target: string, handler: TargetHandler): void {
    this.#targets.set(target, handler);
  }

  unregisterTarget(target: string): void {
    this.#targets.delete(target);
  }

  /** The open comms, as `comm_info_reply` lists them. */
  info(target?: string): Record<string, { target_name: string }> {
    return Object.fromEntries(
      [...this.#open.values()]
        .filter((comm) => !target || comm.target === target)
        .map((comm) => [comm.id, { target_name: comm.target }]),
    );
  }

  /** Whether a message can be dealt with now, or may have to wait for a queued cell that opens its comm. */
  knows(message: Message): boolean {
    return message.header.msg_type === "comm_open"
      ? this.#targets.has(String(message.content["target_name"]))
      : this.#open.has(String(message.content["comm_id"]));
  }

  send(comm: OpenComm, data: Json, metadata: Json, buffers: readonly ArrayBufferView[]): void {
    if (!this.#open.has(comm.id)) throw new Error(`the comm ${comm.id} is closed`);
    this.#publish("comm_msg", { comm_id: comm.id, data }, metadata, buffers);
  }

  closeFromHere(comm: OpenComm, data: Json): void {
    if (!this.#open.delete(comm.id)) return;
    this.#publish("comm_close", { comm_id: comm.id, data }, {}, []);
  }

  /**
   * Deals with what a front end sent.
   * @throws whatever a handler throws, and Error for a comm or target that is not known
   */
  handle({ header, content, metadata, buffers }: Message): unknown {
    // Recording clients answer output widgets with comm_msg, but open nothing.
    if (header.msg_type === "comm_open") this.frontEndSeen = true;
    const id = content["comm_id"];
    const data = content["data"] ?? {};
    if (typeof id !== "string") throw new Error(`${header.msg_type}: comm_id is missing`);
    if (typeof data !== "object" || Array.isArray(data)) {
      throw new Error(`${header.msg_type}: data must be an object`);
    }
    const message: CommMessage = { data: data as Json, metadata, buffers };
    if (header.msg_type === "comm_open") return this.#opened(id, String(content["target_name"]), message);
    const comm = this.#open.get(id);
    if (!comm) {
      // Both sides may close at once; a message to a comm that never was is worth a word.
      if (header.msg_type === "comm_close") return undefined;
      throw new Error(`no comm ${id} is open`);
    }
    if (header.msg_type === "comm_close") {
      this.#open.delete(id);
      return comm.closeHandler?.(message);
    }
    return comm.messageHandler?.(message);
  }

  #opened(id: string, target: string, message: CommMessage): unknown {
    const comm = new OpenComm(this, id, target);
    const handler = this.#targets.get(target);
    if (!handler) {
      this.#publish("comm_close", { comm_id: id, data: {} }, {}, []);
      throw new Error(`no comm target ${target} is registered`);
    }
    this.#open.set(id, comm);
    try {
      return handler(comm, message);
    } catch (error) {
      comm.close();
      throw error;
    }
  }
}
