import { KernelProcess } from "./kernelProcess";
import { percentile, residentMegabytes, timeCell, timeComm } from "./measure";

/**
 * Many cells and many comm messages on one kernel: does it grow, does it slow down?
 * By hand: node tests/dist/kernel/soak.js [CELLS] [MESSAGES]   (2,000 and 20,000 if not given)
 */

export interface SoakStage {
  /** Cells or messages so far. */
  done: number;
  /** Resident memory in MB. */
  residentMb: number;
  /** Median time in milliseconds. */
  p50: number;
  /** 95th percentile of the times in milliseconds. */
  p95: number;
}

/** What a soak has measured. */
export interface SoakResult {
  /** Stages of the cells. */
  cells: SoakStage[];
  /** Stages of the comm messages. */
  messages: SoakStage[];
}

const STAGES = 5;

async function stages(
  total: number,
  kernel: KernelProcess,
  one: (n: number) => Promise<number>,
): Promise<SoakStage[]> {
  const result: SoakStage[] = [];
  const each = Math.ceil(total / STAGES);
  for (let stage = 0; stage < STAGES; stage++) {
    const times: number[] = [];
    for (let i = 0; i < each; i++) times.push(await one(stage * each + i));
    result.push({
      done: (stage + 1) * each,
      residentMb: residentMegabytes(kernel),
      p50: percentile(times, 50),
      p95: percentile(times, 95),
    });
  }
  return result;
}

/** Cells as in a notebook that is run over and over: variables, functions, output, a result, a widget changed. */
export async function soak(cells: number, messages: number): Promise<SoakResult> {
  const kernel = await KernelProcess.start();
  try {
    const client = await kernel.client();
    await timeCell(
      client,
      `import * as w from "e2gmm/widgets";
       const bar = new w.IntProgress({ max: 1e9 });
       (globalThis as any)[Symbol.for("Jupyter.comms")].registerTarget("echo", (comm: any) => comm.onMessage((m: any) => comm.send(m.data)));`,
    );
    await client.send(client.shell, "comm_open", { comm_id: "soak", target_name: "echo", data: {} });
    const variants = (n: number) => [
      `const v = ${n}; function f${n % 7}(x: number): number { return x + v; } f${n % 7}(1)`,
      `for (let i = 0; i < 100; i++) console.log("line", i);`,
      `await new Promise((resolve) => setTimeout(resolve, 0)); bar.value = ${n};`,
      `({ n: ${n}, list: Array.from({ length: 50 }, (_, i) => i * ${n}) })`,
    ];
    const run = (n: number) => timeCell(client, variants(n)[n % 4]!);
    for (let n = 0; n < 20; n++) await run(n);
    return {
      cells: await stages(cells, kernel, run),
      messages: await stages(messages, kernel, (n) => timeComm(client, "soak", n)),
    };
  } finally {
    await kernel.stop();
  }
}

/** The measurements as a table. */
export function soakTable({ cells, messages }: SoakResult): string {
  const rows = (what: string, list: SoakStage[]) =>
    list.map(
      ({ done, residentMb, p50, p95 }) =>
        `${what.padEnd(14)} ${String(done).padStart(6)} ${residentMb.toFixed(0).padStart(12)} ${p50.toFixed(1).padStart(10)} ${p95.toFixed(1).padStart(10)}`,
    );
  const head = `${"".padEnd(14)} ${"done".padStart(6)} ${"resident MB".padStart(12)} ${"p50 ms".padStart(10)} ${"p95 ms".padStart(10)}`;
  return [head, ...rows("cells", cells), ...rows("comm messages", messages)].join("\n");
}

if (require.main === module) {
  const [cells = 2000, messages = 20_000] = process.argv.slice(2).map(Number);
  void soak(cells, messages).then((result) => console.log(soakTable(result)));
}
