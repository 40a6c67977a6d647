import vm from "node:vm";
import type { Executor } from "tslab/dist/executor";
import { Compiler } from "./compiler";
import { CellInterrupt, type ExecutionContext, runIn } from "./execution";
import { loadExecutor } from "./executor";
import { type Interrupts, isScriptBreak } from "./interrupts";
import type { HostPackage } from "./moduleTypes";
import { type ErrorReport, installStackMapping, reportThrown } from "./traceback";

/** The result of a cell. `value` is set if its last expression has one. */
export type Outcome = { ok: true; value?: { of: unknown } } | { ok: false; error: ErrorReport };

/** Compiles and runs cells, one at a time, on tslab's executor. */
export class Cells {
  /** Compiles the cells. */
  readonly compiler: Compiler;
  /** Runs them, and answers completions and inspections. */
  readonly executor: Executor;
  readonly #interrupts: Interrupts;
  /** Sources of the cells, for error messages. */
  readonly #sources = new Map<string, string>();
  /** What tslab's executor has reported about the running cell. */
  #outcome: { value?: { of: unknown }; thrown?: { what: unknown } } = {};
  /** The running cell. */
  #running: ExecutionContext | undefined;

  /** Loads the compiler, which takes a second. @param hosts packages that cells can import in any folder */
  constructor(hosts: readonly HostPackage[], interrupts: Interrupts) {
    this.#interrupts = interrupts;
    this.compiler = new Compiler({
      hosts,
      ambient: [require.resolve("./cellGlobals").replace(/\.js$/, ".d.ts")],
    });
    const { createExecutor } = loadExecutor((code) => {
      const script = new vm.Script(code);
      return interrupts.runBreakable(() => script.runInThisContext());
    });
    const { converter } = this.compiler;
    const convert: typeof converter.convert = (declarations, source) => {
      const converted = converter.convert(declarations, source);
      this.#beforeScript();
      return converted;
    };
    this.executor = createExecutor(
      process.cwd(),
      { node: { ...converter, convert }, browser: converter, close: () => this.compiler.close() },
      {
        log: (value: unknown) => {
          this.#outcome.value = { of: value };
        },
        error: (...args: unknown[]) => {
          // Errors of a cell that defines a module come formatted; anything thrown comes alone.
          if (this.compiler.diagnostics.length > 0) return;
          if (args.length > 1) console.error(...args);
          else this.#outcome.thrown = { what: args[0] };
        },
      },
    );
    installStackMapping((url, line, column) => this.compiler.originalPosition(url, line, column));
  }

  /** Steps that prepare the first completions; each blocks the thread for a few tenths of a second at most. */
  preparations([host]: readonly HostPackage[]): (() => void)[] {
    const complete = (code: string) => () => void this.executor.complete(code, code.length);
    return [
      complete("con"),
      ...(host ? [complete(`import * as host from ${JSON.stringify(host.name)};\nhost.`)] : []),
    ];
  }

  /** Describes a thrown value, with the line of the cell. */
  readonly report = (thrown: unknown): ErrorReport =>
    reportThrown(thrown, (place) => this.#sources.get(place));

  /** Called between compilation and execution: a cell that was interrupted meanwhile does not start. */
  #beforeScript(): void {
    this.#running?.poll?.();
    if (this.#running?.interrupted) throw new CellInterrupt();
  }

  /**
   * Runs a cell in a context that has begun.
   * @param place name of the cell in error messages
   */
  async run(code: string, place: string, context: ExecutionContext): Promise<Outcome> {
    this.#sources.set(place, code);
    this.#outcome = {};
    this.compiler.beginCell(place);
    this.#running = context;
    const forget = context.onAbandon(() => this.executor.interrupt());
    try {
      const ok = await runIn(context, () => this.executor.execute(code));
      return this.#judge(ok, code, context);
    } catch (error) {
      if (context.interrupted) return { ok: false, error: this.reportInterrupt(error, context) };
      // The converter itself failed: its state may be lost, but the kernel survives.
      return { ok: false, error: reportThrown(error) };
    } finally {
      forget();
      this.#running = undefined;
    }
  }

  #judge(ok: boolean, code: string, context: ExecutionContext): Outcome {
    const { value, thrown } = this.#outcome;
    if (thrown && isScriptBreak(thrown.what)) this.#interrupts.brokenBySignal();
    if (context.interrupted) return { ok: false, error: this.reportInterrupt(thrown?.what, context) };
    if (ok) return value ? { ok: true, value } : { ok: true };
    if (this.compiler.diagnostics.length > 0) {
      const { summary, lines } = this.compiler.describeDiagnostics(code);
      return { ok: false, error: { ename: "TypeScriptError", evalue: summary, traceback: lines } };
    }
    return { ok: false, error: this.report(thrown?.what) };
  }

  /** The error of an interrupted cell. @param thrown the value it threw, if any */
  reportInterrupt(thrown: unknown, context: ExecutionContext): ErrorReport {
    // A library may report in its own words that it stopped.
    const told = thrown !== undefined && !context.abandoned && !isScriptBreak(thrown);
    if (told) return { ...this.report(thrown), ename: "Interrupted" };
    const error = new CellInterrupt();
    return { ename: error.name, evalue: error.message, traceback: [`${error.name}: ${error.message}`] };
  }
}
