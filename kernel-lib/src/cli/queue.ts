import { type Command, Option } from "commander";
import { InputError } from "../errors";
import type { JobStatus } from "../jobs/jobStatus";
import type { QueueSettings } from "../jobs/queueSettings";
import { submit } from "../jobs/submit";
import { shellWord } from "../shellWord";
import { inTermsOf } from "./failure";
import { filesOption, numberOption, type QuietOption } from "./options";
import type { Session } from "./session";

/** Options of all commands that can be queued. */
export interface QueueOptions extends QuietOption {
  queue?: string;
  queuePreview?: boolean;
  queueCpus?: number;
  queueGpus?: number;
  queueMemory?: number;
  queueTime?: string;
  queueSet?: Record<string, string>;
  queueAfter?: string[];
  queueParts?: number;
}

/** Adds `--queue` and the options that belong to it. */
export function addQueueOptions(command: Command): void {
  const own = [
    new Option(
      "--queue <where>",
      "queue it as a job instead of doing it here: slurm (a plain script), local (in the background on this machine), relion (the " +
        "template in RELION_QSUB_TEMPLATE), or a template for Slurm of RELION or cryoSPARC (cluster_script.sh, or its folder)",
    ),
    new Option("--queue-preview", "print what would be submitted, and submit nothing"),
    numberOption(
      "--queue-cpus <n>",
      "processors, and threads unless --threads is given (default: 4; with local all of this machine)",
      {
        integer: true,
        least: 1,
      },
    ),
    numberOption("--queue-gpus <n>", "GPUs (default: 0)", { integer: true, least: 0 }),
    numberOption(
      "--queue-memory <GB>",
      "memory (default: as the cluster has it; 16 in a template of cryoSPARC)",
      {
        above: 0,
      },
    ),
    new Option(
      "--queue-time <time>",
      "time limit, such as 12:00:00 (default: as the template or the cluster has it)",
    ),
    new Option(
      "--queue-set <name=value>",
      "value of another variable of the template, such as queue=gpu (the partition) or extra1=…; may be repeated",
    ).argParser((text: string, before: Record<string, string> = {}) => {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined) throw new InputError("--queue-set", "name=value", `"${text}"`);
      return { ...before, [name]: value! };
    }),
    numberOption(
      "--queue-parts <n>",
      "of states, correct, reconstruct and place: tasks among which the particles are divided (default: 1)",
      {
        integer: true,
        least: 1,
      },
    ),
    filesOption("--queue-after <outputs...>", "outputs of queued jobs that have to be complete before"),
  ];
  for (const option of own) command.addOption(option.helpGroup("Queue:"));
}

/** Settings of the queue, if there are any. @throws InputError for options without --queue */
export function queueSettings(options: QueueOptions, session: Session): QueueSettings | undefined {
  const {
    queue,
    queuePreview,
    queueCpus,
    queueGpus,
    queueMemory,
    queueTime,
    queueSet,
    queueAfter,
    queueParts,
  } = options;
  const given = {
    ...(queueCpus !== undefined && { cpus: queueCpus }),
    ...(queueGpus !== undefined && { gpus: queueGpus }),
    ...(queueMemory !== undefined && { memory: queueMemory }),
    ...(queueTime !== undefined && { time: queueTime }),
    ...(queueSet && { set: queueSet }),
    ...(queueAfter && { after: queueAfter }),
    ...(queueParts !== undefined && { parts: queueParts }),
    ...(queuePreview && { onPreview: (text: string) => session.print(text.trimEnd()) }),
  };
  if (queue !== undefined) return { queue, ...given };
  const [name] = Object.keys(given);
  if (name === undefined) return undefined;
  const flag = name === "onPreview" ? "preview" : name;
  throw new InputError(`--queue-${flag}`, "--queue, which it belongs to", "none");
}

/** Names of the settings, for errors. */
export const queueNames: Record<string, string> = {
  ...{ queue: "--queue", cpus: "--queue-cpus", gpus: "--queue-gpus", memory: "--queue-memory" },
  ...{ time: "--queue-time", set: "--queue-set", parts: "--queue-parts" },
};

/** Queues a command that has `--queue`; undefined for all others, and for studies, which queue their parts themselves. */
export function queueCommand(
  args: readonly string[],
  options: QueueOptions,
  session: Session,
): Promise<void> | undefined {
  if (args[0] === "study") return undefined;
  const hasQueue = Object.keys(options).some((name) => name.startsWith("queue"));
  return hasQueue ? queueIt(args, options, session) : undefined;
}

async function queueIt(args: readonly string[], options: QueueOptions, session: Session): Promise<void> {
  const settings = queueSettings(options, session)!;
  const jobs = await inTermsOf(queueNames, submit(withoutQueue(args), settings));
  tellSubmitted(jobs, session);
}

/** Says what was submitted, and how to look after it. */
export function tellSubmitted(jobs: readonly JobStatus[], session: Session): void {
  for (const { name, task, tasks, queue, id } of jobs) {
    if (task > 1) continue;
    session.print(
      `${name}: ${queue === "slurm" ? "job" : "process"} ${id}${tasks > 1 ? `, ${tasks} tasks` : ""}`,
    );
  }
  const [first] = jobs;
  if (!first) return;
  const place = first.folder.replace(/\/jobs\/[^/]+$/, "").replace(/\.jobs\/[^/]+$/, "");
  session.print(`e2gmm jobs ${shellWord(place)} says how far it is`);
}

/** A command line without the options of the queue. */
function withoutQueue(args: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (!/^--queue(-|=|$)/.test(word)) {
      kept.push(word);
      continue;
    }
    if (word === "--queue-preview" || /^[\w-]+=/.test(word)) continue;
    i++;
    // --queue-after takes several.
    if (word === "--queue-after") while (i + 1 < args.length && !args[i + 1]!.startsWith("-")) i++;
  }
  return kept;
}
