import Module from "node:module";
import vm from "node:vm";

/** The function of `vm` with which tslab's executor runs a cell. */
type RunInThisContext = (code: string, options?: vm.RunningCodeOptions) => unknown;

/**
 * tslab's executor with `runCell` in place of the call that runs a cell as a script that SIGINT breaks. For a moment before
 * and after such a script Node restores the default action of SIGINT, which ends the process.
 */
export function loadExecutor(runCell: (code: string) => unknown): typeof import("tslab/dist/executor") {
  const run: RunInThisContext = (code, options) =>
    options?.breakOnSigint ? runCell(code) : vm.runInThisContext(code, options);
  const ownVm = { ...vm, runInThisContext: run };
  const internals = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const load = internals._load;
  internals._load = function (request, ...rest) {
    return request === "vm" ? ownVm : load.call(this, request, ...rest);
  };
  try {
    delete require.cache[require.resolve("tslab/dist/executor")];
    return require("tslab/dist/executor");
  } finally {
    internals._load = load;
  }
}
