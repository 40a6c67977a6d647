import vm from "node:vm";
import { CellInterrupt, currentContext, type ExecutionContext } from "./execution";
import { breakState, clock, interruptWord, interruptWordCount } from "./threadProtocol";

/**
 * How an interrupt reaches running code, in order of severity:
 * 1. The event loop turns (an awaited call): the context's `AbortSignal` is set. A library that has taken it from
 *    `globalThis[Symbol.for("Jupyter.interrupt")]` stops at its next step, also if it only polls `aborted` without ever
 *    returning to the event loop.
 * 2. Cell code loops: a check compiled into its loops and functions (guards.ts) throws.
 * 3. Other code runs below a cell or a comm handler: SIGINT breaks the `vm` script around it.
 * 4. The cell has not ended after {@link graceMs}, because it catches the errors of the checks or awaits something that
 *    continues: it is given up. From then on every check of its code throws, at the head of each loop, function and `catch` and
 *    after each `await`, so that none of it can continue, and SIGINT breaks what has no checks.
 */

/** The property of `globalThis` through which compiled cell code reaches the kernel. */
export const guardsSymbol = Symbol.for("Jupyter.cellGuards");

/** Where libraries find the `AbortSignal` of the cell or handler that called them, without importing the kernel. */
export const interruptSymbol = Symbol.for("Jupyter.interrupt");

/** A signal that the socket thread sent may be lost between two scripts; one that arrives later than this is from elsewhere. */
const ownSignalMs = 1000;

/** The main thread's part of interrupts; insistence.ts has that of the socket thread. */
export class Interrupts {
  /** Shared with the socket thread; see {@link interruptWord}. */
  readonly words = new Int32Array(new SharedArrayBuffer(4 * interruptWordCount));
  /** Running cells and handlers, including handlers that await something. */
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
          // Code that catches this runs into the checks of its loops next.
          Atomics.store(this.words, interruptWord.stop, 1);
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

  /** A cell or handler begins: interrupts apply to it. */
  begin(context: ExecutionContext): void {
    // Callbacks of an earlier cell set it again when they continue.
    if (!this.#pending() && !this.#anyInterrupted()) Atomics.store(this.words, interruptWord.stop, 0);
    this.#active.add(context);
    context.poll = () => {
      if (this.#pending()) this.handled(Atomics.load(this.words, interruptWord.requested));
    };
  }

  /** A cell or handler has ended. */
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
    Atomics.store(this.words, interruptWord.ended, Atomics.load(this.words, interruptWord.handled));
  }

  #pending(): boolean {
    return (
      Atomics.load(this.words, interruptWord.requested) > Atomics.load(this.words, interruptWord.handled)
    );
  }

  /** An interrupt has arrived: it applies to everything that is running, and to nothing that begins later. */
  handled(sequence: number): void {
    const before = Atomics.load(this.words, interruptWord.handled);
    Atomics.store(this.words, interruptWord.handled, Math.max(before, sequence));
    for (const context of [...this.#active]) context.interrupt();
    // Checks stay active, for the moment at which the code of an interrupted context is given up.
    Atomics.store(this.words, interruptWord.stop, this.#active.size > 0 ? 1 : 0);
    this.#noteEnd();
  }

  /**
   * A check of cell code found the word set.
   * @throws CellInterrupt once for each interrupt, and every time in the code of a context that has been given up
   */
  check(): void {
    const context = currentContext();
    const pending = this.#pending();
    if (pending) this.handled(Atomics.load(this.words, interruptWord.requested));
    if (pending || context?.abandoned) throw new CellInterrupt();
    if (!context?.interrupted && !this.#anyInterrupted()) Atomics.store(this.words, interruptWord.stop, 0);
  }

  /** A `vm` script was broken by SIGINT. */
  brokenBySignal(): void {
    Atomics.store(this.words, interruptWord.signalSent, 0);
    this.handled(Atomics.load(this.words, interruptWord.requested));
  }

  /** SIGINT arrived outside a `vm` script: from a terminal, or from the socket thread for an interrupt that was handled since. */
  onSignal(): void {
    const sent = Atomics.load(this.words, interruptWord.signalSent);
    const ours = sent !== 0 && clock() - sent < ownSignalMs;
    if (ours && !this.#pending()) return;
    this.handled(Atomics.load(this.words, interruptWord.requested));
  }

  /** Called in the script, while its SIGINT handler is installed. */
  #enterScript(): void {
    Atomics.compareExchange(this.words, interruptWord.breakable, breakState.no, breakState.yes);
  }

  /** Called in the script. A signal that has been sent must arrive before its handler is removed. */
  #leaveScript(): void {
    const { words } = this;
    const at = interruptWord.breakable;
    while (Atomics.compareExchange(words, at, breakState.yes, breakState.no) === breakState.signalled) {
      Atomics.wait(words, at, breakState.signalled, 100);
    }
  }

  /**
   * Calls `fn` inside a `vm` script that SIGINT breaks. Costs about 50 µs.
   * @throws an error for which {@link isScriptBreak} holds if it was interrupted
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
      // A script that was broken has not called #leaveScript.
      if (!outer) Atomics.store(this.words, interruptWord.breakable, breakState.no);
      this.#called = outer;
    }
  }

  /** Calls `fn` as {@link runBreakable} does. @throws CellInterrupt if it was broken */
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

/** Whether an error means that SIGINT interrupted a script. */
export function isScriptBreak(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
