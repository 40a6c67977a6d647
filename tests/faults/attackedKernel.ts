import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import * as e2 from "e2gmm";
import { afterAll, beforeAll } from "vitest";
import { KernelProcess } from "../kernel/kernelProcess";
import { resultText, type WireClient } from "../kernel/wireClient";

/** A kernel that is attacked, and the random choices of the attacker. */

export let kernel: KernelProcess;
/** A well-behaved client. */
export let client: WireClient;

/** Starts the kernel before the tests of a file and stops it after them. */
export function attackedKernel(): void {
  beforeAll(async () => {
    kernel = await KernelProcess.start();
    client = await kernel.client();
    await client.execute("let kept = 40; let changed = 0;");
  });
  afterAll(() => kernel.stop());
}

const random = new e2.Random(11);

/** A whole number from 0 to below `n`. */
export const below = (n: number): number => Math.floor(random.uniform() * n);
/** One of several values. */
export const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
/** Random bytes. */
export const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

/** Checks the process, its heartbeat, its variables, and that a cell runs. */
export async function stillAlive(what: string): Promise<void> {
  const { exitCode, signalCode } = kernel.process;
  assert.equal(exitCode ?? signalCode, null, `${what} ended the kernel: ${kernel.log.slice(-2000)}`);
  const late = pause(20_000, undefined, { ref: false });
  await Promise.race([client.heartbeat(), late.then(() => assert.fail(`${what}: no heartbeat`))]);
  for (let tries = 0; ; tries++) {
    const execution = await client.execute("kept + 2 + changed");
    // Cells and interrupts of an earlier message may still abort what is queued behind them.
    const { status, ename } = execution.reply.content;
    if ((status === "aborted" || ename === "Interrupted") && tries < 50) continue;
    assert.equal(resultText(execution), "42", what);
    return;
  }
}
