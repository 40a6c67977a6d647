import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import path from "node:path";

/** How much memory this process may have, and what to say when that was not enough. */

/** How the limit of the address space is called, and what helps: WebAssembly takes 10 GiB of addresses for each memory. */
export const addressLimit = "ulimit -v";
export const raiseAddressLimit =
  "a higher `ulimit -v`: it limits addresses, of which WebAssembly reserves tens of GiB, not memory";

export interface MemoryLimit {
  bytes: number;
  /** What sets it, such as `the container or job (cgroup)`. */
  by: string;
}

/** Where the limits are read; another folder in tests. */
export interface LimitSources {
  proc?: string;
  cgroups?: string;
  total?: number;
}

/**
 * The least of the machine's memory, what its control groups allow, those of containers and of batch systems, which set
 * them on a group further up, and what `ulimit -v` leaves. Where a file cannot be read, it sets no limit.
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

/** Bytes of memory that this process may have. */
export const availableMemory = (): number => memoryLimit().bytes;

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Limits of the process's own group and of all above it; version 2 has one tree, version 1 one for memory. */
function cgroupLimits(proc: string, root: string): number[] {
  const found: number[] = [];
  for (const line of (textOf(path.join(proc, "cgroup")) ?? "").split("\n")) {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    const versions: [string, string[]][] =
      controllers === ""
        ? [[root, ["memory.max", "memory.high"]]]
        : controllers.split(",").includes("memory")
          ? [[path.join(root, "memory"), ["memory.limit_in_bytes"]]]
          : [];
    for (const [tree, files] of versions) {
      // Inside a container the path may be that of the host: the root of the tree is then the container's own group.
      for (let at = group; ; at = path.dirname(at)) {
        for (const file of files) {
          // `max`, or in version 1 a number near 2^63, is no limit.
          const bytes = Number(textOf(path.join(tree, at, file))?.trim());
          if (bytes > 0 && bytes < 2 ** 60) found.push(bytes);
        }
        if (at === "/") break;
      }
    }
  }
  return found;
}

/** Bytes of address space that are left under `ulimit -v`, or undefined where there is no such limit. */
function addressSpaceLeft(proc: string): number | undefined {
  const [, limit] = /^Max address space\s+(\d+)/m.exec(textOf(path.join(proc, "limits")) ?? "") ?? [];
  if (limit === undefined) return undefined;
  const [, pages] = /^(\d+)/.exec(textOf(path.join(proc, "statm")) ?? "") ?? [];
  return Math.max(1, Number(limit) - Number(pages ?? 0) * 4096);
}

/** A number of bytes as users read it. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(2)} GiB`;
}

/** Messages by which V8, WebAssembly, Node and the system say that memory ran out. */
const messages = [
  /array buffer allocation failed/i,
  /invalid typed array length/i,
  /could not allocate memory/i,
  /out of memory/i,
  /reaching memory limit/i,
  /unable to grow instance memory/i,
  /maximum memory size exceeded/i,
];

/** A sentence where the error says that memory ran out, with what can be changed; undefined for any other error. */
export function describeMemoryError(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const memory = ["ENOMEM", "ERR_WORKER_OUT_OF_MEMORY", "ERR_MEMORY_ALLOCATION_FAILED"].includes(code ?? "");
  if (!memory && !messages.some((message) => message.test(error.message))) return undefined;
  const { bytes, by } = memoryLimit();
  const help =
    by === addressLimit
      ? `what helps is ${raiseAddressLimit}`
      : "less is taken by fewer threads (--threads), a smaller batch (--batch-size), fewer Gaussians or a smaller box";
  const [message] = error.message.trim().split("\n");
  return `memory: there is not enough (${message}; the limit is ${gigabytes(bytes)}, by ${by}); ${help}`;
}
