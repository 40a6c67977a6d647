import type { TaskSettings } from "e2gmm/messages/tasks";

/** Where a job is computed, as it is typed; empty text is a default. */
export interface QueueForm {
  /** `template`: Slurm with the template in `template`. */
  where: "local" | "slurm" | "template";
  template: string;
  cpus: string;
  gpus: string;
  memory: string;
  time: string;
  partition: string;
  /** Run or other output that it waits for. */
  after: string;
}

/** This machine, at once. */
export const emptyQueue: QueueForm = {
  ...{ where: "local", template: "", cpus: "", gpus: "", memory: "", time: "", partition: "", after: "" },
};

type Queue = TaskSettings["queue"];

/** The queue as it was typed. @param cpus processors of this machine @throws Error for text that is no number */
export function queueOf(form: QueueForm, cpus: number | undefined): Queue {
  const { where, template, time, partition, after } = form;
  const isLocal = where === "local";
  const numbers = {
    cpus: numberOf(form.cpus, "Processors") ?? (isLocal ? cpus : undefined),
    gpus: isLocal ? undefined : numberOf(form.gpus, "GPUs"),
    memory: isLocal ? undefined : numberOf(form.memory, "Memory"),
  };
  return {
    queue: where === "template" ? template : where,
    ...given(numbers),
    ...(!isLocal && time && { time }),
    ...(!isLocal && partition && { set: { queue: partition } }),
    ...(after && { after: [after] }),
  };
}

/** What was typed for a queue; it waits for nothing. */
export function typedQueue(queue: Queue): QueueForm {
  const text = (value: string | number | undefined) => (value === undefined ? "" : String(value));
  const isTemplate = queue.queue !== "local" && queue.queue !== "slurm";
  return {
    where: isTemplate ? "template" : (queue.queue as "local" | "slurm"),
    template: isTemplate ? queue.queue : "",
    ...{ cpus: text(queue.cpus), gpus: text(queue.gpus), memory: text(queue.memory), time: text(queue.time) },
    ...{ partition: text(queue.set?.["queue"]), after: "" },
  };
}

/** A queue with other paths. */
export function placedQueue<Q extends Queue>(queue: Q, full: (file: string) => string): Q {
  const isName = /^(local|slurm|relion|)$/.test(queue.queue);
  return {
    ...queue,
    ...(!isName && { queue: full(queue.queue) }),
    ...(queue.after && { after: queue.after.map(full) }),
  };
}

/** Absolute paths of files below the server's root, once that is known. */
export function fullPath(root: string | undefined): (file: string) => string {
  const folder = root?.replace(/\/$/, "");
  return (file) => (folder === undefined || file.startsWith("/") ? file : `${folder}/${file}`);
}

/** @throws Error for text that is no number */
export function numberOf(text: string, name: string): number | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${name}: “${text}” is not a number`);
  return value;
}

/** The values that are given. */
export function given<T extends object>(values: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** The next name of a series that no output has: `run`, `run_2`, `run_3`; an ending stays. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let next = name;
  while (isTaken(next)) next = nextName(next);
  return next;
}

/** The name after this one. */
export function nextName(name: string): string {
  const [, body = name, ending = ""] = /^(.*?)(\.(?:mrc|map|ccp4|star|cs|csg|lst|hdf))?$/.exec(name) ?? [];
  const [, stem = body, number] = /^(.*?)_(\d+)$/.exec(body) ?? [];
  return `${number === undefined ? `${body}_2` : `${stem}_${Number(number) + 1}`}${ending}`;
}
