import { type Command, Option } from "commander";
import { type BackendReport, listBackends } from "../compute/backends";
import { examples } from "./options";
import type { RunCommand } from "./session";

export function addBackends(program: Command, run: RunCommand): void {
  const command = program
    .command("backends")
    .summary("what this machine can compute with")
    .description(
      "Tries every TensorFlow.js backend in a process of its own and prints what it runs on and how fast it " +
        "multiplies matrices (float32, 10⁹ operations a second), or why it is not there and what brings it.",
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
      const says = available ? device : `not available: ${reason}${advice ? ` (needed: ${advice})` : ""}`;
      return `${name.padEnd(width)}  ${rate.padStart(12)}  ${says}`;
    })
    .join("\n");
}
