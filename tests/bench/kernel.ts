import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { KernelProcess, kernelArgv, repositoryRoot } from "../kernel/kernelProcess";
import { percentile, timeCell, timeComm } from "../kernel/measure";
import { printed } from "../kernel/wireClient";

/**
 * Compares this kernel with ipykernel and stock tslab, one after the other, measured by the same client.
 * Usage: node tests/dist/bench/kernel.js [--json]
 */

interface Contestant {
  name: string;
  argv: string[];
  trivial: string;
  lines(count: number): string;
  /** Registers the comm target "echo"; undefined if the kernel has no comms. */
  echo?: string;
}

interface Figures {
  name: string;
  startMs: number;
  cellP50: number;
  cellP95: number;
  commP50: number | undefined;
  commP95: number | undefined;
  linesPerSecond: number | undefined;
  note?: string;
}

const python = process.env["E2GMM_PYTHON"] ?? path.join(repositoryRoot, ".venv/bin/python");
const tslab = path.join(
  path.dirname(
    createRequire(path.join(repositoryRoot, "kernel-lib/package.json")).resolve("tslab/package.json"),
  ),
  "bin/tslab",
);
const typescriptLines = (count: number) => `for (let i = 0; i < ${count}; i++) console.log("line " + i);`;

const contestants: Contestant[] = [
  {
    name: "e2gmm",
    argv: kernelArgv(process.execPath),
    trivial: "1 + 1",
    lines: typescriptLines,
    echo: `(globalThis as any)[Symbol.for("Jupyter.comms")].registerTarget("echo", (c: any) => c.onMessage((m: any) => c.send(m.data)));`,
  },
  {
    name: "ipykernel",
    argv: [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    trivial: "1 + 1",
    lines: (count) => `for i in range(${count}): print("line", i)`,
    echo: `
def opened(comm, message):
    comm.on_msg(lambda m: comm.send(m["content"]["data"]))
get_ipython().kernel.comm_manager.register_target("echo", opened)`,
  },
  {
    name: "tslab",
    argv: [process.execPath, tslab, "kernel", "--config-path={connection_file}"],
    trivial: "1 + 1",
    lines: typescriptLines,
  },
];

const LINES = 20_000;

async function measure({ name, argv, trivial, lines, echo }: Contestant, rounds: number): Promise<Figures> {
  const kernel = await KernelProcess.start({ argv });
  try {
    const client = await kernel.client();
    await client.execute(trivial, { timeout: 60_000 });
    const startMs = performance.now() - kernel.started;
    for (let i = 0; i < 10; i++) await timeCell(client, trivial);
    const cells: number[] = [];
    for (let i = 0; i < rounds; i++) cells.push(await timeCell(client, trivial));

    const comms: number[] = [];
    if (echo) {
      await timeCell(client, echo);
      await client.send(client.shell, "comm_open", { comm_id: "bench", target_name: "echo", data: {} });
      for (let i = 0; i < 50; i++) await timeComm(client, "bench", i);
      for (let i = 0; i < rounds * 5; i++) comms.push(await timeComm(client, "bench", i));
    }

    const begun = performance.now();
    const id = await client.startExecute(lines(LINES));
    // Stock tslab loses messages during long outputs, including the idle status.
    const finished = await client.finished(id, 15_000).then(
      () => true,
      () => false,
    );
    const took = performance.now() - begun;
    const arrived = () => printed({ published: client.publishedFor(id) }).split("\n").length - 1;
    const got = arrived();
    return {
      name,
      startMs,
      cellP50: percentile(cells, 50),
      cellP95: percentile(cells, 95),
      commP50: comms.length > 0 ? percentile(comms, 50) : undefined,
      commP95: comms.length > 0 ? percentile(comms, 95) : undefined,
      linesPerSecond: finished && got === LINES ? (LINES / took) * 1000 : undefined,
      ...(got === LINES ? {} : { note: `${got} of ${LINES} lines arrived${finished ? "" : ", no idle"}` }),
    };
  } finally {
    await kernel.stop();
  }
}

function table(figures: Figures[]): string {
  const number = (value: number | undefined, digits: number) =>
    (value === undefined ? "–" : value.toFixed(digits)).padStart(11);
  const heads = ["start ms", "cell p50 ms", "cell p95 ms", "comm p50 ms", "comm p95 ms", "lines/s"];
  return [
    ["kernel".padEnd(10), ...heads.map((head) => head.padStart(11))].join(" "),
    ...figures.map((f) =>
      [
        f.name.padEnd(10),
        number(f.startMs, 0),
        number(f.cellP50, 1),
        number(f.cellP95, 1),
        number(f.commP50, 2),
        number(f.commP95, 2),
        number(f.linesPerSecond, 0),
        f.note ?? "",
      ].join(" "),
    ),
  ].join("\n");
}

export async function bench(rounds = 100): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const contestant of contestants) {
    if (contestant.argv[0] === python && !existsSync(python)) continue;
    figures.push(await measure(contestant, rounds));
  }
  return figures;
}

if (require.main === module) {
  void bench().then((figures) =>
    console.log(process.argv.includes("--json") ? JSON.stringify(figures, null, 2) : table(figures)),
  );
}
