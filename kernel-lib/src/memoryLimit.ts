import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import path from "node:path";

/** The memory available to this process, and messages for when it runs out. */

/** Name of the address space limit in {@link MemoryLimit.by}. */
export const addressLimit = "ulimit -v";
/** Advice if that limit is too low: WebAssembly reserves 10 GiB of addresses for each memory. */
export const raiseAddressLimit =
  "a higher `ulimit -v`: it limits addresses, of which WebAssembly reserves tens of GiB, not memory";

/** A limit, and what sets it. */
export interface MemoryLimit {
  bytes: number;
  /** What sets the limit, such as `the container or job (cgroup)`. */
  by: string;
}

/** Where limits are read from; tests use other folders. */
export interface LimitSources {
  /** Default `/proc/self`. */
  proc?: string;
  /** Default `/sys/fs/cgroup`. */
  cgroups?: string;
  /** Bytes of the machine's memory. Default: as the system reports it. */
  total?: number;
}

/**
 * The smallest of the machine's memory, the limits of the process's control groups and their parents (where containers and
 * batch systems set them), and what `ulimit -v` leaves. Files that cannot be read set no limit.
 */
export function memoryLimit(sources: LimitSources = {}): MemoryLimit {
  const { proc = "/proc/self", cgroups = "/sys/fs/cgroup", total = totalmem() } = sources;
  const limits: MemoryLimit[] = [
    { bytes: total, by: "the machine" },
    ...cgroupLimits(proc, cgroups).map((bytes) => ({ bytes, by: "the container or job (cgroup)" })),
  ];
  const addresses = addressSpaceLeft(proc);
  if (addresses !== undefined) limits.push({ bytes: addresses, by: addressLimit });
  return limits.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least));
}

/** Bytes of memory available to this process. */
export const availableMemory = (): number => memoryLimit().bytes;

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Memory limits of the process's control group and its parents, in cgroup version 2 or version 1. */
function cgroupLimits(proc: string, root: string): number[] {
  const lines = (textOf(path.join(proc, "cgroup")) ?? "").split("\n");
  return lines.flatMap((line) => {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) return [];
    if (controllers === "") return groupLimits(root, group, ["memory.max", "memory.high"]);
    if (!controllers.split(",").includes("memory")) return [];
    return groupLimits(path.join(root, "memory"), group, ["memory.limit_in_bytes"]);
  });
}

/** Limits in the files of a group and of its parents up to the root of the tree. */
function groupLimits(tree: string, group: string, files: readonly string[]): number[] {
  const found: number[] = [];
  // In a container the group may be a path of the host; the root of the tree is then the container's group.
  for (let at = group; ; at = path.dirname(at)) {
    for (const file of files) {
      // `max` (version 2) and numbers near 2^63 (version 1) mean no limit.
      const bytes = Number(textOf(path.join(tree, at, file))?.trim());
      if (bytes > 0 && bytes < 2 ** 60) found.push(bytes);
    }
    if (at === "/") return found;
  }
}

/** Bytes of address space left under `ulimit -v`; undefined without such a limit. */
function addressSpaceLeft(proc: string): number | undefined {
  const [, limit] = /^Max address space\s+(\d+)/m.exec(textOf(path.join(proc, "limits")) ?? "") ?? [];
  if (limit === undefined) return undefined;
  const [, pages] = /^(\d+)/.exec(textOf(path.join(proc, "statm")) ?? "") ?? [];
  return Math.max(1, Number(limit) - Number(pages ?? 0) * 4096);
}

/** A number of bytes in GiB, for messages. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(2)} GiB`;
}

/** Messages of V8, WebAssembly, Node and the system when memory runs out. */
const messages = [
  /array buffer allocation failed/i,
  /invalid typed array length/i,
  /could not allocate memory/i,
  /out of memory/i,
  /reaching memory limit/i,
  /unable to grow instance memory/i,
  /maximum memory size exceeded/i,
];

/** A message with advice if the error means that memory ran out; undefined for any other error. */
export function describeMemoryError(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const memory = ["ENOMEM", "ERR_WORKER_OUT_OF_MEMORY", "ERR_MEMORY_ALLOCATION_FAILED"].includes(code ?? "");
  if (!memory && !messages.some((message) => message.test(error.message))) return undefined;
  const { bytes, by } = memoryLimit();
  const help =
    by === addressLimit
      ? `use ${raiseAddressLimit}`
      : "use fewer threads (--threads), a smaller batch (--batch-size), fewer Gaussians or a smaller box";
  const [message] = error.message.trim().split("\n");
  return `memory: not enough (${message}; the limit is ${gigabytes(bytes)}, set by ${by}); ${help}`;
}
