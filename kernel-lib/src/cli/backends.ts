import { type Command, Option } from "commander";
import { type BackendReport, listBackends } from "../compute/backends";
import { type GpuReport, measureCpuStep, measureGpus } from "../training/trial/gpuReports";
import { examples } from "./options";
import type { RunCommand } from "./session";

/** Adds the command `backends`. */
export function addBackends(program: Command, run: RunCommand): void {
  const command = program
    .command("backends")
    .summary("list the GPUs and backends that this machine can compute with")
    .description(
      "Lists the GPUs of the engine webgpu with the numbers by which --gpu and E2GMM_GPU choose them. Each is tested, and a training " +
        "step timed (32 particles, 512 Gaussians, 64 pixels, networks of 3 x 256), also on the CPU; GFLOPS are float32 " +
        "multiplications and additions in registers. Then every TensorFlow.js backend is tried: its device and its speed in " +
        "matrix products, or why it is not available and how to install it. Each runs in a process of its own.",
    )
    .addOption(new Option("--json", "print the reports as JSON"));
  examples(command, "e2gmm backends");
  command.action((options: { json?: boolean }) =>
    run({}, async (session) => {
      const gpus = await measureGpus();
      const cpu = { stepMilliseconds: await measureCpuStep() };
      const backends = await listBackends();
      if (options.json) session.print(JSON.stringify({ cpu, gpus, backends }, null, 2));
      else for (const line of [...gpuLines(gpus, cpu), "", ...backendLines(backends)]) session.print(line);
    }),
  );
}

const rateText = (gflops: number | undefined) =>
  gflops === undefined ? "" : `${gflops >= 10 ? gflops.toFixed(0) : gflops.toFixed(1)} GFLOPS`;

const stepText = (milliseconds: number | undefined) =>
  milliseconds === undefined ? "" : `${milliseconds.toPrecision(3)} ms a step`;

/** A line for the CPU and for each GPU. */
export function gpuLines(gpus: readonly GpuReport[], cpu: { stepMilliseconds: number }): string[] {
  const line = (name: string, { gflops, stepMilliseconds }: Partial<GpuReport>, state: string) =>
    `${name.padEnd(6)}  ${rateText(gflops).padStart(12)}  ${stepText(stepMilliseconds).padStart(18)}  ${state}`.trimEnd();
  const lines = gpus.map((gpu) => {
    const { index, name, api, reason, hiddenBy } = gpu;
    const hidden = hiddenBy === undefined ? "" : `; its name does not tell it from GPU ${hiddenBy}`;
    return line(`GPU ${index}`, gpu, `${name} (${api})${reason ? `: ${reason}` : ""}${hidden}`);
  });
  const none = "no GPU is found by WebGPU (a driver with Vulkan and, on Debian, libvulkan1)";
  return [line("CPU", cpu, "all cores"), ...(gpus.length > 0 ? lines : [none])];
}

function backendLines(reports: readonly BackendReport[]): string[] {
  const width = Math.max(...reports.map(({ name }) => name.length));
  return reports.map(({ name, available, device, gflops, reason, advice }) => {
    const state = available ? device : `not available: ${reason}${advice ? ` (needed: ${advice})` : ""}`;
    return `${name.padEnd(width)}  ${rateText(gflops).padStart(12)}  ${state}`;
  });
}
