import vm from "node:vm";
import { CellInterrupt, currentContext, type ExecutionContext } from "./execution";
import { Breakable, clock, INTERRUPT_WORDS, InterruptWord } from "./threadProtocol";

/**
 * How an interrupt reaches running code, from the gentlest to the last:
 * 1. the event loop turns (an awaited call): the context's `AbortSignal` is set; a library that has taken it from
 *    `globalThis[Symbol.for("Jupyter.interrupt")]` stops at its next step, also where it only polls `aborted`
 *    without ever returning to the event loop;
 * 2. cell code loops: a check compiled into its loops and functions (guards.ts) throws;
 * 3. other code runs below a cell or a comm handler: SIGINT breaks the `vm` script around it;
 * 4. the cell is still not over after {@link GRACE_MS}, whether it catches what the checks throw or awaits something
 *    that goes on: it is given up. From then on every check of its code throws, at the head of each loop, function and
 *    `catch` and after each `await`, so that nothing of it can go on, and SIGINT breaks what has no checks.
 */

/** The properties of `globalThis` through which compiled cell code reaches the kernel. */
export const guardsSymbol = Symbol.for("Jupyter.cellGuards");

/** Where libraries find the `AbortSignal` of the cell or handler that called them, without importing the kernel. */
export const interruptSymbol = Symbol.for("Jupyter.interrupt");

/** A signal that the socket thread sent may be lost between two scripts; one that comes later is somebody else's. */
const OWN_SIGNAL_MS = 1000;

export class Interrupts {
  readonly words = new Int32Array(new SharedArrayBuffer(4 * INTERRUPT_WORDS));
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
      stop: () => this.check(),
      resume: (value: unknown) => {
        if (currentContext()?.abandoned) {
          // What catches this meets the checks of its loops next.
          Atomics.store(this.words, InterruptWord.stop, 1);
          throw new CellInterrupt();
        }
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
    // What is left of an earlier cell sets it again where it goes on.
    if (!this.#pending() && !this.#anyInterrupted()) Atomics.store(this.words, InterruptWord.stop, 0);
    this.#active.add(context);
    context.poll = () => {
      if (this.#pending()) this.handled(Atomics.load(this.words, InterruptWord.requested));
    };
  }

  end(context: ExecutionContext): void {
    this.#active.delete(context);
    context.poll = undefined;
    this.#noteEnd();
  }

  #anyInterrupted(): boolean {
    for (const context of this.#active) if (context.interrupted) return true;
    return false;
  }

  #noteEnd(): void {
    if (this.#anyInterrupted()) return;
    Atomics.store(this.words, InterruptWord.ended, Atomics.load(this.words, InterruptWord.handled));
  }

  #pending(): boolean {
    return (
      Atomics.load(this.words, InterruptWord.requested) > Atomics.load(this.words, InterruptWord.handled)
    );
  }

  /** An interrupt has come through: everything under way learns of it, and nothing later is hit by it. */
  handled(sequence: number): void {
    const before = Atomics.load(this.words, InterruptWord.handled);
    Atomics.store(this.words, InterruptWord.handled, Math.max(before, sequence));
    for (const context of [...this.#active]) context.interrupt();
    // Checks go on looking, for the moment at which the code of an interrupted context is given up.
    Atomics.store(this.words, InterruptWord.stop, this.#active.size > 0 ? 1 : 0);
    this.#noteEnd();
  }

  /**
   * A check of cell code found the word set.
   * @throws CellInterrupt once for each interrupt, and every time in the code of a context that has been given up
   */
  check(): void {
    const context = currentContext();
    const pending = this.#pending();
    if (pending) this.handled(Atomics.load(this.words, InterruptWord.requested));
    if (pending || context?.abandoned) throw new CellInterrupt();
    if (!context?.interrupted && !this.#anyInterrupted()) Atomics.store(this.words, InterruptWord.stop, 0);
  }

  /** A `vm` script was broken by SIGINT. */
  brokenBySignal(): void {
    Atomics.store(this.words, InterruptWord.signalSent, 0);
    this.handled(Atomics.load(this.words, InterruptWord.requested));
  }

  /** SIGINT outside a `vm` script: from a terminal, or sent by our own socket thread for an interrupt long handled. */
  onSignal(): void {
    const sent = Atomics.load(this.words, InterruptWord.signalSent);
    const ours = sent !== 0 && clock() - sent < OWN_SIGNAL_MS;
    if (ours && !this.#pending()) return;
    this.handled(Atomics.load(this.words, InterruptWord.requested));
  }

  /** Called in the script, whose handler of SIGINT is in place. */
  #enterScript(): void {
    Atomics.compareExchange(this.words, InterruptWord.breakable, Breakable.no, Breakable.yes);
  }

  /** Called in the script. A signal that is on its way has to arrive before its handler is gone. */
  #leaveScript(): void {
    const { words } = this;
    const at = InterruptWord.breakable;
    while (Atomics.compareExchange(words, at, Breakable.yes, Breakable.no) === Breakable.signalled) {
      Atomics.wait(words, at, Breakable.signalled, 100);
    }
  }

  /**
   * Calls `fn` inside a `vm` script that SIGINT breaks. Costs about 50 µs.
   * @throws what {@link isScriptBreak} knows where it was broken
   */
  runBreakable<T>(fn: () => T): T {
    const outer = this.#called;
    this.#called = () => {
      this.#enterScript();
      try {
        return fn();
      } finally {
        if (!outer) this.#leaveScript();
      }
    };
    try {
      return this.#breakable.runInThisContext({ breakOnSigint: true }) as T;
    } finally {
      // A script that was broken has not said that it was left.
      if (!outer) Atomics.store(this.words, InterruptWord.breakable, Breakable.no);
      this.#called = outer;
    }
  }

  /** Calls `fn` as {@link runBreakable} does. @throws CellInterrupt where it was broken */
  callBreakable<T>(fn: () => T): T {
    try {
      return this.runBreakable(fn);
    } catch (error) {
      if (!isScriptBreak(error)) throw error;
      this.brokenBySignal();
      throw new CellInterrupt();
    }
  }
}

/** Whether an error is Node's way of saying that SIGINT broke a script. */
export function isScriptBreak(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
