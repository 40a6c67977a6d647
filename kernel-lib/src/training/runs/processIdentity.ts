import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";

/** Which process something belongs to, so that it can be told later whether that process is still alive. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** When the process started, in the system's own words: a number that was given again belongs to another. */
  processStarted: string;
  /** The start of the machine; undefined where the system does not say. */
  boot?: string | undefined;
  /** What the number counts in: containers of one host have numbers of their own. */
  pidNamespace?: string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    processStarted: startOf(process.pid) ?? "",
    ...surroundings(),
  };
}

/** Whether a process is alive, as far as this one can see it. */
export type Life = "alive" | "dead" | "elsewhere";

/** @returns `elsewhere` for a process of another host or of another container of this one, which cannot be seen */
export function lifeOf(other: ProcessIdentity): Life {
  const here = surroundings();
  if (other.host !== hostname()) return "elsewhere";
  if (other.boot !== undefined && here.boot !== undefined && other.boot !== here.boot) return "dead";
  if (other.pidNamespace !== here.pidNamespace) return "elsewhere";
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    // EPERM: it lives and is another user's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  const started = startOf(other.pid);
  return started === undefined || other.processStarted === "" || started === other.processStarted
    ? "alive"
    : "dead";
}

function surroundings(): Pick<ProcessIdentity, "boot" | "pidNamespace"> {
  return {
    boot: quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: quietly(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** When a process started: on Linux in clock ticks since the machine did, elsewhere as `ps` prints it. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    // The name, in parentheses, may have blanks and parentheses in it; the start is the 20th field after it.
    const text = quietly(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
    return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  }
  return quietly(() =>
    execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    }).trim(),
  );
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
