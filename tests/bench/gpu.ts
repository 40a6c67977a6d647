import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureAdapter, measureKernels, measureSelfTest } from "./gpuKernels";
import { measureCpuStep, measureGpuStep } from "./gpuSteps";
import { gpuTable } from "./gpuTable";
import { measureWhole } from "./gpuWhole";

/**
 * `npm run bench -- gpu`: training on the GPU of this machine, and the same on all its cores, in at most eight minutes. Each part
 * runs in a process of its own with a time limit, and is written when it ends; parts for which no time is left are left out, with
 * a sentence. Options:
 *   --small         the same parts in sizes for a software GPU
 *   --only a,b      some parts by their names
 *   --minutes M     time for all parts (default 7.8; with --small 30)
 *   --json FILE     output file (default tests/artefacts/gpu.json); a table is written beside it (.md)
 * Steps: noise as particles, all five parameters, strain penalty, batch 32, networks of 3 × 512. Whole training: simulated images,
 * repeated up to the number of particles.
 */

/** A part of the measurement. */
interface Part {
  /** Limit in seconds. */
  seconds: number;
  /** Measures for at most so many seconds, as far as that can be chosen. */
  measure: (seconds: number) => Promise<object>;
}

/** Seconds with which a part is worth beginning, and seconds that a training is given less than its process: it ends with what it has. */
const leastSeconds = 10;
const secondsToEnd = 20;

function partsFor(small: boolean): Record<string, Part> {
  const [batch, hidden] = small ? [8, 16] : [32, 512];
  const size = (gaussians: number, boxSize: number) => ({ gaussians, boxSize, batch, hidden });
  const sizes = small
    ? [size(24, 16), size(40, 24)]
    : [size(512, 64), size(2048, 84), size(3082, 128), size(30000, 128)];
  const typical = small ? sizes[1]! : sizes[2]!;
  const parts: Record<string, Part> = {
    adapter: { seconds: 25, measure: () => measureAdapter(small) },
    "self-test": { seconds: small ? 60 : 20, measure: measureSelfTest },
    kernels: { seconds: 45, measure: () => measureKernels(typical, small ? 2 : 100) },
  };
  for (const each of sizes) {
    const name = `${each.gaussians}/${each.boxSize}`;
    const seconds = each.gaussians > 10000 ? 60 : 25;
    parts[`gpu ${name}`] = { seconds, measure: () => measureGpuStep(each, small ? 1 : 8) };
  }
  const whole = small
    ? { images: 40, gaussians: 16, boxSize: 16, hidden }
    : { images: 5000, gaussians: 3082, boxSize: 128, hidden };
  const trained = (engine: "webgpu" | "wasm", particles: number, epochs: number, limit: number): Part => ({
    seconds: limit,
    measure: (seconds) =>
      measureWhole({ ...whole, engine, particles, epochs, seconds: Math.max(5, seconds - secondsToEnd) }),
  });
  const many = small ? 50 : 124900;
  parts["whole gpu"] = trained("webgpu", many, small ? 2 : 10, small ? 480 : 190);
  for (const each of small ? sizes.slice(0, 1) : [sizes[0]!, sizes[2]!]) {
    const measure = () => measureCpuStep(each, small ? 1 : 6);
    parts[`cpu ${each.gaussians}/${each.boxSize}`] = { seconds: 25, measure };
  }
  // A tenth of the particles: all of them take longer than is left.
  parts["whole cpu"] = trained("wasm", small ? 50 : 12490, small ? 2 : 10, 80);
  return parts;
}

/** What the driver says about memory while a part runs; empty without NVIDIA's tool. */
function watchMemory(): () => number | undefined {
  let most: number | undefined;
  const words = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "250"];
  const watcher = spawn("nvidia-smi", words, { stdio: ["ignore", "pipe", "ignore"] });
  watcher.on("error", () => undefined);
  watcher.stdout.on("data", (text: Buffer) => {
    for (const line of String(text).split("\n")) {
      const used = Number.parseInt(line, 10);
      if (Number.isFinite(used)) most = Math.max(most ?? 0, used);
    }
  });
  return () => {
    watcher.kill();
    return most;
  };
}

/** Runs a part in a process of its own. */
async function apart(name: string, seconds: number, small: boolean): Promise<object> {
  const start = performance.now();
  const words = [__filename, "--part", name, "--seconds", `${seconds}`, ...(small ? ["--small"] : [])];
  const memory = watchMemory();
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), 1000 * seconds);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(limit);
  const gpuMiB = memory();
  const took = { seconds: (performance.now() - start) / 1000, ...(gpuMiB !== undefined && { gpuMiB }) };
  const last = out.trim().split("\n").at(-1) ?? "";
  if (child.exitCode === 0 && last.startsWith("{")) return { ...(JSON.parse(last) as object), ...took };
  const error = child.exitCode === null ? `not done in ${seconds} s` : errorLine(errors);
  return { error, ...took };
}

/** The line of a program's messages that says what went wrong. */
function errorLine(text: string): string {
  const lines = text.trim().split("\n");
  return lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1) ?? "";
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      small: { type: "boolean", default: false },
      only: { type: "string" },
      part: { type: "string" },
      seconds: { type: "string" },
      minutes: { type: "string" },
      json: { type: "string", default: path.resolve(__dirname, "../../artefacts/gpu.json") },
    },
  });
  const parts = partsFor(values.small);
  if (values.part !== undefined) {
    const { seconds, measure } = parts[values.part]!;
    console.log(JSON.stringify(await measure(Number(values.seconds ?? seconds))));
    process.exit(0);
  }
  const driver = spawnSync("nvidia-smi", [
    "--query-gpu=name,driver_version,memory.total",
    "--format=csv,noheader",
  ]);
  const machine = {
    processor: cpus()[0]?.model.trim(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    driver: String(driver.stdout ?? "").trim() || undefined,
  };
  const record = {
    date: new Date().toISOString(),
    small: values.small,
    machine,
    parts: {} as Record<string, object>,
  };
  const wanted = values.only?.split(",");
  const minutes = Number(values.minutes ?? (values.small ? 30 : 7.8));
  const end = performance.now() + 60000 * minutes;
  mkdirSync(path.dirname(values.json), { recursive: true });
  for (const [name, { seconds }] of Object.entries(parts)) {
    if (wanted && !wanted.includes(name)) continue;
    const left = Math.floor((end - performance.now()) / 1000);
    const found =
      left < leastSeconds
        ? { error: `left out: the ${minutes} minutes were over` }
        : await apart(name, Math.min(seconds, left), values.small);
    record.parts[name] = found;
    console.log(`${name}: ${JSON.stringify(found)}`);
    writeFileSync(values.json, `${JSON.stringify(record, null, 2)}\n`);
    writeFileSync(values.json.replace(/(\.json)?$/, ".md"), gpuTable(record));
  }
  console.log(`\n${gpuTable(record)}`);
}

main().catch((error: Error) => {
  console.error(error.stack);
  process.exit(1);
});
