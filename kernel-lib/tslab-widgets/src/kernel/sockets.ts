import { once } from "node:events";
import { writeSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { CommSendOptions } from "../transport";
import {
  type FromSockets,
  maxOutstandingBytes,
  type ReplyChannel,
  type SocketThreadData,
  type ToSockets,
} from "./threadProtocol";
import { type ConnectionInfo, type Json, type Message, replyTo } from "./wire";

/** What the socket thread reports. */
export interface SocketEvents {
  /** A message has arrived. */
  message(channel: ReplyChannel, message: Message): void;
  /** An interrupt was requested; see {@link interruptWord}. */
  interrupt(sequence: number): void;
  /** The process that started the kernel has ended. */
  parentGone(): void;
  /** The socket thread has failed; no more messages can arrive. */
  failed(error: Error): void;
}

/** Copies of buffers for the socket thread: posting a view would copy its whole ArrayBuffer. */
function ownCopies(buffers: readonly ArrayBufferView[]): Uint8Array[] {
  return buffers.map((view) =>
    new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).slice(),
  );
}

/** The main thread's end of the socket thread. */
export class Sockets {
  readonly #worker: Worker;
  readonly #outstanding = new Int32Array(new SharedArrayBuffer(4));
  readonly #drains = new Map<number, () => void>();
  #nextDrain = 0;

  /** Resolves when the sockets are bound, rejects if one cannot be. No event comes before the event loop turns. */
  readonly ready: Promise<void>;

  constructor(connection: ConnectionInfo, session: string, interruptWords: Int32Array, events: SocketEvents) {
    const workerData: SocketThreadData = {
      connection,
      session,
      interruptWords,
      outstanding: this.#outstanding,
      watchParent: process.env["JPY_PARENT_PID"] !== undefined,
    };
    this.#worker = new Worker(path.join(__dirname, "socketThread.js"), { workerData });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on("error", (error: Error) => {
        reject(error);
        events.failed(error);
      });
      this.#worker.on("messageerror", (error) => writeSync(2, `kernel: a message was dropped: ${error}\n`));
      this.#worker.on("message", (message: FromSockets) => {
        switch (message.kind) {
          case "message":
            events.message(message.channel, message.message);
            break;
          case "interrupt":
            events.interrupt(message.sequence);
            break;
          case "parentGone":
            events.parentGone();
            break;
          case "drained":
            this.#drains.get(message.id)?.();
            this.#drains.delete(message.id);
            break;
          case "ready":
            resolve();
            break;
          case "failed":
            reject(new Error(`the sockets could not be opened: ${message.reason}`));
            break;
        }
      });
    });
  }

  #post(message: ToSockets, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Sends a reply to the front end that a request came from. */
  reply(channel: ReplyChannel, request: Message, type: string, content: Json): void {
    this.#post({ kind: "send", channel, ...replyTo(request, type, content) });
  }

  /**
   * Publishes to every front end.
   * @param parent JSON text of the header of the request that caused this
   * @throws TypeError if content has no JSON form (a BigInt, a circular object)
   */
  publish(type: string, parent: string, content: Json, options: CommSendOptions = {}): void {
    const { metadata = {}, buffers = [] } = options;
    const copies = ownCopies(buffers);
    this.#post(
      {
        kind: "send",
        channel: "iopub",
        identities: [],
        type,
        parent,
        metadata: JSON.stringify(metadata),
        content: JSON.stringify(content),
        buffers: copies,
      },
      copies.map((copy) => copy.buffer as ArrayBuffer),
    );
  }

  /** Prints text. Waits if the socket thread is far behind, so that a printing loop does not exhaust the memory. */
  stream(name: "stdout" | "stderr", parent: string, text: string): void {
    Atomics.add(this.#outstanding, 0, text.length);
    this.#post({ kind: "stream", name, parent, text });
    let now = Atomics.load(this.#outstanding, 0);
    while (now > maxOutstandingBytes) {
      Atomics.wait(this.#outstanding, 0, now, 100);
      now = Atomics.load(this.#outstanding, 0);
    }
  }

  /** Resolves when every message that had reached this process has been passed to `events.message`. */
  drained(): Promise<void> {
    const id = this.#nextDrain++;
    return new Promise((resolve) => {
      this.#drains.set(id, resolve);
      this.#post({ kind: "drain", id });
    });
  }

  /** Sends all queued messages, then closes the sockets: ending the thread while they are open would abort the process. */
  async close(): Promise<void> {
    const exited = once(this.#worker, "exit");
    this.#post({ kind: "close" });
    await exited;
  }
}
