import type { Product } from "./gpuKernels";

/** What `npm run bench -- gpu` writes. */
export interface GpuRecord {
  date: string;
  small: boolean;
  machine: Record<string, unknown>;
  /** Result of each part, as far as they have ended; `error` in place of figures. */
  parts: Record<string, object>;
}

type Found = Record<string, unknown> & {
  kernels?: { name: string; times: number; microseconds: number; teraflops?: number }[];
  stages?: Record<string, number>;
  products?: Product[];
};

const digits = (value: unknown, places: number) => (typeof value === "number" ? value.toFixed(places) : "–");

/** Tables for BENCHMARKS.md. */
export function gpuTable({ date, machine, parts, small }: GpuRecord): string {
  const found = parts as Record<string, Found>;
  const { adapter, kernels } = found;
  const peak = adapter?.["peakTeraflops"];
  const lines = [
    `${date.slice(0, 10)}: ${adapter?.["name"] ?? "unknown GPU"}, ${machine["driver"] ?? "driver unknown"}; ` +
      `${machine["cores"]} × ${machine["processor"]}, Node ${machine["node"]}${small ? "; small sizes" : ""}. ` +
      `Multiplications and additions in registers: ${digits(peak, 2)} TFLOPS. Self-test: ${selfTestText(found["self-test"])}.`,
    "",
    ...productLines(adapter?.products ?? [], adapter?.["productForm"], peak),
    "| step: N/S | GPU, ms a particle | all cores | GPU memory, MiB |",
    "| --- | --- | --- | --- |",
  ];
  for (const [name, gpu] of Object.entries(found)) {
    if (!/^gpu \d/.test(name)) continue;
    const cpu = found[name.replace("gpu", "cpu")];
    const ms = gpu["error"] ?? digits(gpu["ms"], 4);
    lines.push(`| ${name.slice(4)} | ${ms} | ${digits(cpu?.["ms"], 3)} | ${gpu["gpuMiB"] ?? "–"} |`);
  }
  if (kernels?.kernels) lines.push("", ...kernelLines(kernels, peak));
  for (const name of ["whole gpu", "whole cpu"]) {
    const whole = found[name];
    if (!whole) continue;
    if (whole["error"] !== undefined) {
      lines.push("", `Whole training, ${name.slice(6)}: ${whole["error"]}`);
      continue;
    }
    const what =
      `${whole["particles"]} particles of ${whole["boxSize"]}² (${whole["images"]} images, repeated), ` +
      `N ${whole["gaussians"]}, ${whole["epochs"]} epochs, ${whole["engine"]}`;
    lines.push("", `Whole training, ${what}: ${whole["ended"]}`);
    lines.push("", "| stage | s |", "| --- | --- |");
    for (const [stage, seconds] of Object.entries(whole.stages ?? {}))
      lines.push(`| ${stage} | ${digits(seconds, 1)} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Whether the GPU passed its tests, and how long they took. */
function selfTestText(found: Found | undefined): string {
  if (found?.["passed"] !== true) return String(found?.["error"] ?? "not done");
  return `passed, ${digits(found["projections"], 1)} s for projections, ${digits(found["training"], 1)} s for a training`;
}

/** Rates of products; a star marks the form that is used. */
function productLines(products: readonly Product[], used: unknown, peak: unknown): string[] {
  const forms = Object.keys(products[0]?.teraflops ?? {});
  if (forms.length === 0) return [];
  const title = forms.map((form) => `${form}${form === used ? "*" : ""}, TFLOPS (share of the registers)`);
  const lines = [`| product | ${title.join(" | ")} |`, `| --- |${" --- |".repeat(forms.length)}`];
  for (const { rows, inputs, outputs, teraflops } of products) {
    const cells = forms.map((form) => {
      const rate = teraflops[form]!;
      const share = typeof peak === "number" ? ` (${digits((100 * rate) / peak, 0)} %)` : "";
      return `${rate < 0.1 ? rate.toPrecision(2) : digits(rate, 2)}${share}`;
    });
    lines.push(`| ${rows} × ${inputs} by ${inputs} × ${outputs} | ${cells.join(" | ")} |`);
  }
  return [...lines, ""];
}

function kernelLines(found: Found, peak: unknown): string[] {
  const { gaussians, boxSize, dispatches, stepMicroseconds } = found;
  const lines = [
    `Kernels of a step of ${gaussians}/${boxSize}: ${dispatches} dispatches, together ${digits(stepMicroseconds, 0)} µs.`,
    "",
    "| kernel | dispatches | µs | TFLOPS | share of the rate in registers |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const { name, times, microseconds, teraflops } of found.kernels ?? []) {
    const share =
      teraflops !== undefined && typeof peak === "number" ? `${digits((100 * teraflops) / peak, 0)} %` : "";
    const rate = teraflops === undefined ? "" : digits(teraflops, 2);
    lines.push(`| ${name.split("+").at(-1)} | ${times} | ${digits(microseconds, 1)} | ${rate} | ${share} |`);
  }
  return lines;
}
