import type { ReplyChannel } from "./threadProtocol";
import type { Message } from "./wire";

/** A request and the channel that its reply goes to. */
export interface Request {
  /** Destination of the reply. */
  channel: ReplyChannel;
  /** The request. */
  message: Message;
}

/** Requests that wait for the running cell; answered one at a time, in order. */
export class RequestQueue {
  readonly #answer: (request: Request) => Promise<void>;
  #waiting: Request[] = [];
  #pumping = false;

  constructor(answer: (request: Request) => Promise<void>) {
    this.#answer = answer;
  }

  /** Number of requests that wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Adds a request, to be answered when those before it have been. */
  push(request: Request): void {
    this.#waiting.push(request);
    void this.#pump();
  }

  /** Removes the cells that wait, and leaves everything else. */
  takeCells(): Request[] {
    const isCell = ({ message }: Request) => message.header.msg_type === "execute_request";
    const cells = this.#waiting.filter(isCell);
    this.#waiting = this.#waiting.filter((request) => !isCell(request));
    return cells;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await this.#answer(next);
    } finally {
      this.#pumping = false;
    }
  }
}
