import { readFileSync } from "node:fs";
import type { KernelProcess } from "./kernelProcess";
import type { WireClient } from "./wireClient";

/** What the soak and the benchmark have in common. */

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))]!;
}

/** Resident memory of a process in MB. */
export function residentMegabytes({ process: { pid } }: KernelProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

/** Milliseconds from sending a cell until its reply and idle status arrive. */
export async function timeCell(client: WireClient, code: string): Promise<number> {
  const sent = performance.now();
  const { reply } = await client.execute(code, { timeout: 120_000 });
  const took = performance.now() - sent;
  if (reply.content["status"] !== "ok") throw new Error(`a cell failed: ${JSON.stringify(reply.content)}`);
  client.published.length = 0;
  return took;
}

/** Milliseconds from sending a comm message until the kernel's answer over the comm arrives. */
export async function timeComm(client: WireClient, comm: string, n: number): Promise<number> {
  const sent = performance.now();
  const id = await client.send(client.shell, "comm_msg", { comm_id: comm, data: { n } });
  await client.until(
    () => client.published.find(({ type, parent }) => type === "comm_msg" && parent["msg_id"] === id),
    "answer over the comm",
  );
  const took = performance.now() - sent;
  await client.idle(id);
  client.published.length = 0;
  return took;
}
