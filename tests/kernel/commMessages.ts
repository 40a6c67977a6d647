import assert from "node:assert/strict";
import type { KernelSession } from "./session";
import { type Content, type ExecuteOptions, type Execution, printed } from "./wireClient";

/** A message of a comm that the kernel has sent. */
export interface CommMessage {
  /** Type of the message. */
  type: string;
  /** Its content. */
  content: Content;
  /** Binary parts. */
  buffers: Buffer[];
}

/** What came of a message that the front end has sent over a comm. */
export interface CommOutcome {
  /** Id of the message. */
  id: string;
  /** What the kernel sent over comms. */
  messages: CommMessage[];
  /** What it printed to stderr. */
  stderr: string;
}

/** Comms as the client of a session uses them. */
export class CommMessages {
  readonly #session: KernelSession;

  constructor(session: KernelSession) {
    this.#session = session;
  }

  /** Runs a cell that must succeed. */
  async run(code: string, options?: ExecuteOptions): Promise<Execution> {
    const execution = await this.#session.client.execute(code, options);
    assert.equal(execution.reply.content["status"], "ok", JSON.stringify(execution.reply.content));
    return execution;
  }

  /** Messages of comms that the kernel sent on behalf of a request. */
  sentFor(id: string): CommMessage[] {
    return this.#session.client.publishedFor(id).filter(({ type }) => type.startsWith("comm_"));
  }

  /** Sends a message of a comm, and waits until it has been handled. */
  async send(type: string, content: Content, buffers: Uint8Array[] = []): Promise<CommOutcome> {
    const { client } = this.#session;
    const id = await client.send(client.shell, type, content, { buffers });
    await client.idle(id);
    const stderr = printed({ published: client.publishedFor(id) }, "stderr");
    return { id, messages: this.sentFor(id), stderr };
  }

  /** Sends new state of a widget. */
  update(id: string, state: Content): Promise<CommOutcome> {
    return this.send("comm_msg", { comm_id: id, data: { method: "update", state, buffer_paths: [] } });
  }
}
