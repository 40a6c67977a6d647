import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";

/** Identity of a process, by which it can be found out later whether it is still alive. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Start time of the process in the system's format, since process ids are reused. */
  processStarted: string;
  /** Identifies the boot of the machine; undefined if the system has no such id. */
  boot?: string | undefined;
  /** Namespace of the process id: containers of one host have their own. */
  pidNamespace?: string | undefined;
  /** Job of Slurm that it belongs to, with the name of the cluster. */
  job?: string | undefined;
  /** How often this job had been started again. */
  restart?: number | undefined;
}

/** Identity of the current process. */
export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    processStarted: startOf(process.pid) ?? "",
    ...surroundings(),
    ...slurmJob(),
  };
}

/** The job of Slurm that this process belongs to. */
function slurmJob(): Pick<ProcessIdentity, "job" | "restart"> {
  const {
    SLURM_JOB_ID: id,
    SLURM_CLUSTER_NAME: cluster = "",
    SLURM_RESTART_COUNT: restart = "0",
  } = process.env;
  return id === undefined ? {} : { job: `${cluster}/${id}`, restart: Number(restart) };
}

/** Whether a process is alive; `elsewhere` if it cannot be seen from here. */
export type Life = "alive" | "dead" | "elsewhere";

/**
 * Whether a process is alive. Processes of other hosts and containers cannot be seen, but those of earlier starts of the own
 * job are dead: Slurm ends them before it starts a job again, perhaps on another host. One that is seen to be alive is: some clusters
 * leave processes that have left the group of their job.
 */
export function lifeOf(other: ProcessIdentity): Life {
  const seen = lifeSeen(other);
  const own = slurmJob();
  const isEarlier =
    own.job !== undefined && other.job === own.job && (other.restart ?? 0) < (own.restart ?? 0);
  return seen === "elsewhere" && isEarlier ? "dead" : seen;
}

function lifeSeen(other: ProcessIdentity): Life {
  const here = surroundings();
  if (other.host !== hostname()) return "elsewhere";
  if (other.boot !== undefined && here.boot !== undefined && other.boot !== here.boot) return "dead";
  if (other.pidNamespace !== here.pidNamespace) return "elsewhere";
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    // EPERM means that it is alive and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  // One that has ended keeps its number until its parent asks how, which in some containers nobody does.
  if (/^[ZX]$/.test(statOf(other.pid)?.[0] ?? "")) return "dead";
  const started = startOf(other.pid);
  return started === undefined || other.processStarted === "" || started === other.processStarted
    ? "alive"
    : "dead";
}

function surroundings(): Pick<ProcessIdentity, "boot" | "pidNamespace"> {
  return {
    boot: orUndefined(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: orUndefined(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** Start time of a process: on Linux in clock ticks since boot, elsewhere as printed by `ps`. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return statOf(pid)?.[19];
  return orUndefined(() =>
    execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    }).trim(),
  );
}

/** What Linux says about a process, from its state on; the name before it, in parentheses, may contain blanks and parentheses. */
function statOf(pid: number): string[] | undefined {
  const text = orUndefined(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
