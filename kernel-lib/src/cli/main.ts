import { constants } from "node:os";
import { CommanderError } from "commander";
import { StoppedError } from "../errors";
import { workOn } from "../jobs/localWorker";
import { runTask } from "../jobs/runTask";
import type { Progress } from "../progress";
import { describeFailure, oneLine } from "./failure";
import { makeProgram } from "./program";
import { queueCommand } from "./queue";
import { type RunCommand, Session, stopMessage } from "./session";

/**
 * Runs the `e2gmm` command. Results go to stdout, progress and the error message to stderr.
 * @param args arguments after the command's name
 * @returns the exit code: 0; 128 and the number of the signal that stopped the command, as shells count, so 130 for Ctrl-C and 143
 *   for TERM; 1 for any failure
 */
export async function main(args: readonly string[]): Promise<number> {
  const trouble = watchStdout();
  const code = await (jobOf(args)?.() ?? runProgram(args));
  const error = await trouble();
  if (code !== 0 || error === undefined) return code;
  report(error, (message) => process.stderr.write(`e2gmm: stdout: ${message}\n`));
  return 1;
}

/** What a queued job starts, which is no command of users: `jobs run FOLDER`, and `jobs work FOLDER …`. */
function jobOf([jobs, verb, ...folders]: readonly string[]): (() => Promise<number>) | undefined {
  if (jobs !== "jobs") return undefined;
  if (verb === "run") return () => runTask(folders[0]!, runProgram);
  return verb === "work" ? () => workOn(folders).then(() => 0) : undefined;
}

/**
 * Watches stdout for errors. A reader that closes the pipe (`e2gmm fsc A B | head`) is no error; a full disk is.
 * @returns a function that waits for pending writes and returns the error, if any
 */
function watchStdout(): () => Promise<Error | undefined> {
  let failed: Error | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") failed = error;
  });
  // There is nowhere left to report it.
  process.stderr.on("error", () => undefined);
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return failed;
  };
}

async function runProgram(
  args: readonly string[],
  onProgress?: (progress: Progress) => void,
): Promise<number> {
  let code = 0;
  const run: RunCommand = async (options, work) => {
    const session = new Session(options, onProgress);
    const end = watch(session);
    try {
      await (queueCommand(args, options, session) ?? work(session));
    } catch (error) {
      const { stoppedBy } = session;
      const isStopped = stoppedBy !== undefined && error instanceof StoppedError;
      code = isStopped ? codeOf(stoppedBy) : 1;
      // Commands that can continue say how.
      report(isStopped && error.message === stopMessage ? nothingWritten : error, (message) =>
        session.fail(message),
      );
    } finally {
      end();
      await session.end();
    }
  };
  if (args.length === 0) {
    process.stderr.write("e2gmm: expected a command; see e2gmm --help\n");
    return 1;
  }
  try {
    await makeProgram(run).parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      process.stderr.write(`e2gmm: ${oneLine(error.message.replace(/^error: /, ""))}\n`);
      return 1;
    }
    report(error, (message) => process.stderr.write(`e2gmm: ${message}\n`));
    return 1;
  }
  return code;
}

const nothingWritten = new StoppedError(`${stopMessage}; nothing was written`);

/** Exit code of a command that a signal has ended. */
function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function report(error: unknown, fail: (message: string) => void): void {
  if (process.env["E2GMM_DEBUG"] === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  fail(describeFailure(error));
}

/**
 * Handles signals and unhandled errors during a command. Ctrl-C and the signals of cluster schedulers abort the work at
 * its next step; a second signal exits at once.
 * @returns a function that removes the handlers
 */
function watch(session: Session): () => void {
  const stop = (signal: NodeJS.Signals) => {
    if (session.signal.aborted) process.exit(codeOf(signal));
    session.stop(signal);
  };
  const crash = (error: unknown) => {
    report(error, (message) => session.fail(message));
    session.end().finally(() => process.exit(1));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, stop);
  process.on("uncaughtException", crash);
  return () => {
    for (const signal of signals) process.off(signal, stop);
    process.off("uncaughtException", crash);
  };
}
