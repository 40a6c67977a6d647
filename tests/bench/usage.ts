/** Loaded before a program: writes what it has used into the file `E2GMM_USAGE` when it ends. Threads count with their process. */
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** What a process has used. */
export interface Usage {
  /** Processor time, s. */
  cpu: number;
  /** Time by the clock, s. */
  wall: number;
  /** Peak resident memory, MB. */
  peak: number;
}

const file = process.env.E2GMM_USAGE;
const started = performance.now();
if (file !== undefined && isMainThread) {
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage: Usage = {
      cpu: (userCPUTime + systemCPUTime) / 1e6,
      wall: (performance.now() - started) / 1e3,
      peak: maxRSS / 1024,
    };
    writeFileSync(file, JSON.stringify(usage));
  });
}
