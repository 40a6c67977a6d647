import type { QueueSettings } from "../jobs/queueSettings";

/*
 * Settings as they are written: words of a command, and values of a cell.
 */

/** An option of a command and its value; nothing if it has none. */
export function commandOption(flag: string, value: string | number | undefined): string[] {
  if (value === undefined || value === "") return [];
  // A value that begins with a hyphen would be taken for an option.
  return String(value).startsWith("-") ? [`${flag}=${value}`] : [flag, String(value)];
}

/** Options that queue a command. @param after outputs that it waits for */
export function queueWords(
  { queue, cpus, gpus, memory, time, set = {} }: Omit<QueueSettings, "onPreview" | "atATime">,
  after: readonly string[],
): string[] {
  return [
    ...commandOption("--queue", queue),
    ...commandOption("--queue-cpus", cpus),
    ...commandOption("--queue-gpus", gpus),
    ...commandOption("--queue-memory", memory),
    ...commandOption("--queue-time", time),
    ...Object.entries(set).flatMap(([name, value]) => ["--queue-set", `${name}=${value}`]),
    ...after.flatMap((output) => commandOption("--queue-after", output)),
  ];
}

/** A value as it is written in TypeScript. */
export function literal(value: unknown, indent: string): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, indent)).join(", ")}]`;
  const entries = Object.entries(value).filter(([, of]) => of !== undefined);
  if (entries.length === 0) return "{}";
  const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
  const inner = `${indent}  `;
  const lines = entries.map(([name, of]) => `${inner}${key(name)}: ${literal(of, inner)},`);
  return `{\n${lines.join("\n")}\n${indent}}`;
}
