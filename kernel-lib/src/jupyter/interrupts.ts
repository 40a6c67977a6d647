import vm from "node:vm";
import { currentContext, type ExecutionContext } from "./execution";
import { clock, InterruptWord } from "./threadProtocol";

/**
 * How an interrupt reaches running code, from the gentlest to the last:
 * 1. the event loop turns (an awaited call): the context's `AbortSignal` is set; a library that has taken it from
 *    `globalThis[Symbol.for("Jupyter.interrupt")]` stops at its next step, also where it only polls `aborted`
 *    without ever returning to the event loop;
 * 2. cell code loops: a check compiled into its loops and functions (guards.ts) throws;
 * 3. other code runs below a cell or a comm handler: SIGINT breaks the `vm` script around it;
 * 4. the awaited call goes on regardless: the cell is given up, and what is left of it ends at its next `await`.
 */

/** Thrown into code that was interrupted. */
export class CellInterrupt extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("stopped by the user");
  }
}

/** The properties of `globalThis` through which compiled cell code reaches the kernel. */
export const guardsSymbol = Symbol.for("Jupyter.cellGuards");

/** Where libraries find the `AbortSignal` of the cell or handler that called them, without importing the kernel. */
export const interruptSymbol = Symbol.for("Jupyter.interrupt");

/** A signal that the socket thread sent may be lost between two scripts; one that comes later is somebody else's. */
const OWN_SIGNAL_MS = 1000;

export class Interrupts {
  readonly words = new Int32Array(new SharedArrayBuffer(16));
  /** Cells and handlers under way, including handlers that are awaiting something. */
  readonly #active = new Set<ExecutionContext>();
  #called: (() => unknown) | undefined;
  readonly #breakable = new vm.Script(`globalThis[Symbol.for("Jupyter.cellGuards")].call()`, {
    filename: "kernel",
  });

  /** Puts the checks that compiled cell code calls, and the signal for libraries, in place. */
  install(): void {
    const guards = {
      flag: this.words,
      stop: () => this.stopNow(),
      resume: (value: unknown) => {
        if (currentContext()?.abandoned) throw new CellInterrupt();
        return value;
      },
      call: () => this.#called?.(),
    };
    Object.defineProperty(globalThis, guardsSymbol, { value: guards, enumerable: false });
    Object.defineProperty(globalThis, interruptSymbol, {
      get: () => currentContext()?.signal,
      enumerable: false,
      configurable: true,
    });
  }

  begin(context: ExecutionContext): void {
    this.#active.add(context);
    context.poll = () => {
      if (this.#pending()) this.handled(Atomics.load(this.words, InterruptWord.requested));
    };
  }

  end(context: ExecutionContext): void {
    this.#active.delete(context);
    context.poll = undefined;
  }

  #pending(): boolean {
    return (
      Atomics.load(this.words, InterruptWord.requested) > Atomics.load(this.words, InterruptWord.handled)
    );
  }

  /** An interrupt has come through: everything under way learns of it, and nothing later is hit by it. */
  handled(sequence: number): void {
    Atomics.store(this.words, InterruptWord.handled, sequence);
    Atomics.store(this.words, InterruptWord.stop, 0);
    for (const context of [...this.#active]) context.interrupt();
  }

  /** A loop check found the flag set. */
  stopNow(): never {
    this.handled(Atomics.load(this.words, InterruptWord.requested));
    throw new CellInterrupt();
  }

  /** A `vm` script was broken by SIGINT. */
  brokenBySignal(): void {
    Atomics.store(this.words, InterruptWord.signalSent, 0);
    this.handled(Atomics.load(this.words, InterruptWord.requested));
  }

  /** SIGINT outside a `vm` script: from a terminal, or sent by our own socket thread for an interrupt long handled. */
  onSignal(): void {
    const sent = Atomics.exchange(this.words, InterruptWord.signalSent, 0);
    const ours = sent !== 0 && clock() - sent < OWN_SIGNAL_MS;
    if (ours && !this.#pending()) return;
    this.handled(Atomics.load(this.words, InterruptWord.requested));
  }

  /** Calls `fn` inside a `vm` script that SIGINT breaks. Costs about 50 µs. */
  callBreakable<T>(fn: () => T): T {
    const outer = this.#called;
    this.#called = fn;
    try {
      return this.#breakable.runInThisContext({ breakOnSigint: true }) as T;
    } catch (error) {
      if (!isScriptBreak(error)) throw error;
      this.brokenBySignal();
      throw new CellInterrupt();
    } finally {
      this.#called = outer;
    }
  }
}

/** Whether an error is Node's way of saying that SIGINT broke a script. */
export function isScriptBreak(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
