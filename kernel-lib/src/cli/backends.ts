import { type Command, Option } from "commander";
import { type BackendReport, listBackends } from "../compute/backends";
import { examples } from "./options";
import type { RunCommand } from "./session";

/** Adds the command `backends`. */
export function addBackends(program: Command, run: RunCommand): void {
  const command = program
    .command("backends")
    .summary("list the backends that this machine can compute with")
    .description(
      "Tries every TensorFlow.js backend in a separate process. Prints its device and its speed in float32 matrix " +
        "multiplication (GFLOPS), or why it is not available and how to install it.",
    )
    .addOption(new Option("--json", "print the reports as JSON"));
  examples(command, "e2gmm backends");
  command.action((options: { json?: boolean }) =>
    run({}, async (session) => {
      const reports = await listBackends();
      session.print(options.json ? JSON.stringify(reports, null, 2) : table(reports));
    }),
  );
}

function table(reports: readonly BackendReport[]): string {
  const width = Math.max(...reports.map(({ name }) => name.length));
  return reports
    .map(({ name, available, device, gflops, reason, advice }) => {
      const rate =
        gflops === undefined ? "" : `${gflops >= 10 ? gflops.toFixed(0) : gflops.toFixed(1)} GFLOPS`;
      const state = available ? device : `not available: ${reason}${advice ? ` (needed: ${advice})` : ""}`;
      return `${name.padEnd(width)}  ${rate.padStart(12)}  ${state}`;
    })
    .join("\n");
}
