import { CellInterrupt, type ExecutionContext } from "./execution";
import type { Sockets } from "./sockets";

/** Options of the global function `input`. */
export interface InputOptions {
  /** Hides the typed text. Default: false. */
  password?: boolean;
}

/** Unanswered input requests, in order. */
export class Stdin {
  readonly #sockets: Sockets;
  readonly #pending: { resolve(text: string): void }[] = [];

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
  }

  /**
   * Asks for a line of text.
   * @throws Error if the front end takes no input, CellInterrupt if the cell is interrupted
   */
  async ask(context: ExecutionContext, prompt: string, options: InputOptions = {}): Promise<string> {
    if (!context.allowStdin) throw new Error("this front end takes no input");
    const { password = false } = options;
    this.#sockets.reply("stdin", context.request, "input_request", { prompt, password });
    return new Promise((resolve, reject) => {
      const entry = { resolve };
      this.#pending.push(entry);
      context.signal.addEventListener("abort", () => {
        const at = this.#pending.indexOf(entry);
        if (at >= 0) this.#pending.splice(at, 1);
        reject(new CellInterrupt());
      });
    });
  }

  /** The user has answered the oldest question. */
  answer(text: string): void {
    this.#pending.shift()?.resolve(text);
  }
}
