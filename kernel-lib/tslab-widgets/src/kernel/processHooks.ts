import { withoutAsyncProperties } from "./rendering";

/** Receives what happens to the process. */
export interface ProcessHooks {
  /** Any code of the process has printed. */
  print(name: "stdout" | "stderr", text: string): void;
  /** An error was not caught, or a rejection not handled. */
  stray(error: unknown): void;
  /** SIGINT has arrived. */
  interrupted(): void;
  /** SIGTERM has arrived. */
  terminated(): void;
}

/** Redirects output, uncaught errors and signals of the process to the kernel, and keeps cells from ending it. */
export function installProcessHooks(hooks: ProcessHooks): void {
  const write = (name: "stdout" | "stderr") =>
    ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      if (text !== "") hooks.print(name, withoutAsyncProperties(text));
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") process.nextTick(callback);
      return true;
    }) as typeof process.stdout.write;
  process.stdout.write = write("stdout");
  process.stderr.write = write("stderr");

  process.exit = ((code?: number) => {
    throw new Error(
      `process.exit(${code ?? ""}) was called: a cell cannot end the kernel. Use "Shut down kernel" or "Restart".`,
    );
  }) as typeof process.exit;
  process.on("uncaughtException", (error) => hooks.stray(error));
  process.on("unhandledRejection", (reason) => hooks.stray(reason));
  process.on("SIGINT", () => hooks.interrupted());
  process.on("SIGTERM", () => hooks.terminated());
}
