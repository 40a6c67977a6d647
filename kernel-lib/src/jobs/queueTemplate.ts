import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { Template } from "@huggingface/jinja";
import { InputError } from "../errors";
import type { QueueSettings } from "./queueSettings";

/*
 * Scripts of jobs from the templates that labs already have for RELION and cryoSPARC.
 */

/** What is filled into a template. */
export interface ScriptValues {
  /** Name of the job, without blanks. */
  name: string;
  /** One simple shell command. */
  command: string;
  /** Log for what it prints, in Slurm's notation (`%a`). */
  log: string;
  /** Folder of the job. */
  folder: string;
  cwd: string;
}

/** Signal with which Slurm announces the end of the time limit, to be told apart from a cancelled job. */
export const limitSignal = "SIGUSR2";
const limitWarning = 120;
const defaultMemory = 16;

/** The script of a job. @throws InputError for templates that cannot be filled, and those of other schedulers */
export async function fillTemplate(settings: QueueSettings, values: ScriptValues): Promise<string> {
  if (settings.queue === "slurm") return plainScript(settings, values);
  const file = templateFile(settings.queue);
  const text = await readFile(file, "utf8");
  if (!/^#SBATCH\b/m.test(text) && /^#(PBS|BSUB|COBALT|\$)\s/m.test(text)) {
    throw new InputError(file, "a template for Slurm, with #SBATCH lines", "one for another scheduler");
  }
  if (text.includes("XXXcommandXXX")) return fillRelion(file, text, settings, values);
  if (/\{\{-?\s*run_cmd\b/.test(text)) return fillCryosparc(file, text, settings, values);
  throw new InputError(
    file,
    "a template of RELION (XXXcommandXXX) or cryoSPARC ({{ run_cmd }})",
    "neither of them",
  );
}

/** File of a template. @throws InputError if there is none */
function templateFile(queue: string): string {
  if (queue === "relion") {
    const file = process.env["RELION_QSUB_TEMPLATE"];
    if (!file) throw new InputError("queue", "RELION_QSUB_TEMPLATE in the environment", "none");
    return file;
  }
  const script = path.join(queue, "cluster_script.sh");
  const file = existsSync(queue) && statSync(queue).isDirectory() ? script : queue;
  if (existsSync(file)) return file;
  throw new InputError(
    "queue",
    "slurm, local, relion, a template of RELION or cryoSPARC, or a folder with cluster_script.sh",
    queue,
  );
}

const defaultCpus = 4;

/** The number of processors of a task. */
export function cpusOf({ queue, cpus, atATime = 1 }: QueueSettings): number {
  if (cpus !== undefined) return cpus;
  return queue === "local" ? Math.max(1, Math.floor(availableParallelism() / atATime)) : defaultCpus;
}

function plainScript(settings: QueueSettings, { name, command, log }: ScriptValues): string {
  const { gpus = 0, memory, time, set = {} } = settings;
  const unknown = Object.keys(set).find((key) => key !== "queue");
  if (unknown !== undefined) throw new InputError("set", "queue, the partition", unknown);
  const options = [
    `--job-name=${name}`,
    `--output="${log}"`,
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${cpusOf(settings)}`,
    ...(gpus > 0 ? [`--gres=gpu:${gpus}`] : []),
    ...(memory !== undefined ? [`--mem=${Math.ceil(memory * 1000)}M`] : []),
    ...(time !== undefined ? [`--time=${time}`] : []),
    ...(set["queue"] !== undefined ? [`--partition=${set["queue"]}`] : []),
    // The shell becomes the command, which then gets the signal.
    `--signal=B:${limitSignal.slice(3)}@${limitWarning}`,
  ];
  return `#!/bin/bash\n${options.map((option) => `#SBATCH ${option}\n`).join("")}\nexec ${command}\n`;
}

/** Variables of RELION's templates: XXXnameXXX and so on. */
function fillRelion(file: string, text: string, settings: QueueSettings, values: ScriptValues): string {
  const cpus = String(cpusOf(settings));
  const { set = {} } = settings;
  const { env } = process;
  const known: Record<string, string | undefined> = {
    ...{ name: values.name, command: values.command, outfile: values.log, errfile: values.log },
    ...{ mpinodes: "1", nodes: "1", threads: cpus, cores: cpus, dedicated: cpus },
    queue: env["RELION_QUEUE_NAME"],
    ...set,
  };
  const used = new Set<string>();
  const filled = text.replace(/XXX([A-Za-z0-9_]+?)XXX/g, (_, variable: string) => {
    used.add(variable);
    const standard = env[`RELION_QSUB_${variable.toUpperCase()}_DEFAULT`];
    const value = known[variable] ?? standard;
    if (value !== undefined) return value;
    throw new InputError(
      `${file}: XXX${variable}XXX`,
      `a value: ${variable}=… in \`set\` (--queue-set)`,
      "none",
    );
  });
  requireUsed(file, set, used);
  return filled;
}

/** Variables of cryoSPARC's templates, which are in Jinja. */
function fillCryosparc(file: string, text: string, settings: QueueSettings, values: ScriptValues): string {
  const { gpus = 0, memory = defaultMemory, set = {} } = settings;
  const variables: Record<string, string | number> = {
    ...{ run_cmd: values.command, num_cpu: cpusOf(settings), num_gpu: gpus, ram_gb: memory },
    ...{ job_dir_abs: values.folder, project_dir_abs: values.cwd, job_log_path_abs: values.log },
    ...{
      project_uid: "e2gmm",
      job_uid: values.name,
      job_creator: env("USER"),
      cryosparc_username: env("USER"),
    },
    ...{ job_type: "e2gmm", run_args: "", worker_bin_path: "", command: values.command },
    ...set,
  };
  const named = [...text.matchAll(/\{[{%]-?([^}]*)/g)].flatMap(
    ([, inside]) => inside!.match(/\b[A-Za-z_]\w*/g) ?? [],
  );
  requireUsed(file, set, new Set(named));
  const own = [...text.matchAll(/\{%-?\s*(?:set|for)\s+(\w+)/g)].map(([, name]) => name);
  for (const [, name] of text.matchAll(/^(?!##).*?\{\{-?\s*(\w+)\s*-?\}\}/gm)) {
    if (own.includes(name) || name! in variables) continue;
    throw new InputError(`${file}: {{ ${name} }}`, `a value: ${name}=… in \`set\` (--queue-set)`, "none");
  }
  try {
    return new Template(text).render(variables);
  } catch (error) {
    throw new InputError(file, "a Jinja template that can be filled", (error as Error).message);
  }
}

const env = (name: string): string => process.env[name] ?? "";

/** @throws InputError for a value that the template has no place for */
function requireUsed(file: string, set: object, used: ReadonlySet<string>): void {
  const unused = Object.keys(set).find((name) => !used.has(name));
  if (unused !== undefined)
    throw new InputError(`set: ${unused}`, `a variable of ${file}`, "none of this name");
}
