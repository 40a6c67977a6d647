import { randomUUID } from "node:crypto";
import type { Comm, CommMessage, CommOpenOptions, CommSendOptions, CommTargetHandler } from "../transport";
import type { Json, Message } from "./wire";

/** Publishes one of the three messages of comms. */
export type PublishComm = (
  type: "comm_open" | "comm_msg" | "comm_close",
  content: Json,
  options: CommSendOptions,
) => void;

class OpenComm implements Comm {
  readonly #manager: CommManager;
  readonly id: string;
  readonly target: string;
  messageHandler: ((message: CommMessage) => unknown) | undefined;
  closeHandler: ((message: CommMessage) => unknown) | undefined;

  constructor(manager: CommManager, id: string, target: string) {
    this.#manager = manager;
    this.id = id;
    this.target = target;
  }

  send(data: Json, options: CommSendOptions = {}): void {
    this.#manager.send(this, data, options);
  }

  close(): void {
    this.#manager.close(this);
  }

  onMessage(handler: (message: CommMessage) => unknown): void {
    this.messageHandler = handler;
  }

  onClose(handler: (message: CommMessage) => unknown): void {
    this.closeHandler = handler;
  }
}

/** The open comms and the targets that front ends can open comms to. */
export class CommManager {
  readonly #publish: PublishComm;
  readonly #open = new Map<string, OpenComm>();
  readonly #targets = new Map<string, CommTargetHandler>();
  /** Whether a front end has taken part in comms. */
  frontEndSeen = false;

  constructor(publish: PublishComm) {
    this.#publish = publish;
  }

  /** Opens a comm from the kernel's side. */
  open(target: string, { id, data = {}, ...options }: CommOpenOptions = {}): Comm {
    const comm = new OpenComm(this, id ?? randomUUID().replaceAll("-", ""), target);
    this.#publish("comm_open", { comm_id: comm.id, target_name: target, data }, options);
    this.#open.set(comm.id, comm);
    return comm;
  }

  /** Sets the handler for comms that front ends open to `target`. */
  registerTarget(target: string, handler: CommTargetHandler): void {
    this.#targets.set(target, handler);
  }

  /** The open comms, as `comm_info_reply` lists them. */
  info(target?: string): Record<string, { target_name: string }> {
    return Object.fromEntries(
      [...this.#open.values()]
        .filter((comm) => !target || comm.target === target)
        .map((comm) => [comm.id, { target_name: comm.target }]),
    );
  }

  /** Whether a message can be handled now; otherwise a queued cell may still open its comm or register its target. */
  knows(message: Message): boolean {
    return message.header.msg_type === "comm_open"
      ? this.#targets.has(String(message.content["target_name"]))
      : this.#open.has(String(message.content["comm_id"]));
  }

  /** Sends a message over a comm. @throws Error if it is closed */
  send(comm: OpenComm, data: Json, options: CommSendOptions): void {
    if (!this.#open.has(comm.id)) throw new Error(`comm ${comm.id} is closed`);
    this.#publish("comm_msg", { comm_id: comm.id, data }, options);
  }

  /** Closes a comm from the kernel's side. */
  close(comm: OpenComm): void {
    if (!this.#open.delete(comm.id)) return;
    this.#publish("comm_close", { comm_id: comm.id, data: {} }, {});
  }

  /**
   * Handles a message of a front end.
   * @throws errors of handlers, and Error for an unknown comm or target
   */
  handle({ header, content, metadata, buffers }: Message): unknown {
    // Recording clients answer output widgets with comm_msg but open nothing.
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
      // Both sides may close at once; any other message to a comm that is not open is an error.
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
      this.#publish("comm_close", { comm_id: id, data: {} }, {});
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
