import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { InputError } from "../errors";

/*
 * The commands of Slurm. Nothing else of it is needed: no accounting, no JSON plugin.
 */

const execute = promisify(execFile);

/** Environment of a submission: without what a job that submits another has of its own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ([name]: [string, unknown]) => !name.startsWith("SLURM_") || name === "SLURM_CONF";
  return Object.fromEntries(Object.entries(process.env).filter(kept));
}

async function slurm(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, args, { env: cleanEnvironment(), maxBuffer: 1 << 26 });
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT")
      throw new InputError("queue", `Slurm's ${program} on this machine`, "none; local works without it");
    throw InputError.of(`${program}: ${stderr?.trim() || message}`);
  }
}

/** Submits a script. @returns the id of the job */
export async function submitToSlurm(args: readonly string[]): Promise<string> {
  // A cluster's name may follow the id.
  const id = (await slurm("sbatch", args)).trim().split(";")[0]!;
  if (!/^\d+$/.test(id)) throw new InputError("sbatch", "the id of a job", JSON.stringify(id));
  return id;
}

/** State of a task in the queue, and why it waits. */
export interface QueuedTask {
  state: string;
  reason: string;
}

/**
 * Tasks that Slurm has in its queue, by `id_task`; jobs without an array have task 1.
 * @param ids ids of jobs
 */
export async function slurmQueue(ids: readonly string[]): Promise<Map<string, QueuedTask>> {
  const found = new Map<string, QueuedTask>();
  if (ids.length === 0) return found;
  const args = ["--noheader", "--array", `--jobs=${ids.join(",")}`, "--format=%F|%K|%T|%r"];
  const text = await slurm("squeue", args).catch((error: Error) => {
    // All of them have left the queue.
    if (/Invalid job id/i.test(error.message)) return "";
    throw error;
  });
  for (const line of text.split("\n")) {
    const [id, task, state, reason] = line.trim().split("|");
    if (state === undefined || ended.test(state)) continue;
    found.set(`${id}_${/^\d+$/.test(task!) ? task : 1}`, { state, reason: reason! });
  }
  return found;
}

const ended = /^(COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|BOOT_FAIL|DEADLINE|OUT_OF_MEMORY)/;

/** How a task that has left the queue ended, as far as Slurm remembers: `TIMEOUT`, `OUT_OF_MEMORY`, …. */
export async function slurmEnd(id: string): Promise<string | undefined> {
  const text = await slurm("scontrol", ["--oneliner", "show", "job", id]).catch(() => "");
  const state = /\bJobState=(\w+)/.exec(text)?.[1];
  if (state !== undefined) return state;
  const accounted = await slurm("sacct", ["-n", "-X", "-P", "-o", "State", "-j", id]).catch(() => "");
  return /^\w+/.exec(accounted)?.[0];
}

/** Takes jobs out of the queue. */
export async function cancelInSlurm(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await slurm("scancel", ids);
}

/** Puts a running task back into the queue. @param id of this task, as in SLURM_JOB_ID */
export async function requeueInSlurm(id: string): Promise<void> {
  await slurm("scontrol", ["requeue", id]);
}
