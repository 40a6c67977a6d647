import path from "node:path";
import { InputError } from "../errors";
import { jobsFolderName } from "../jobsFolderName";
import { trimmed } from "./jobRecords";
import type { JobStep, QueueSettings } from "./queueSettings";
import { cpusOf } from "./queueTemplate";

/** Commands that write into their output folder from the beginning, and accept the record of their job there. */
const inPlace = new Set(["train", "study", "rounds"]);
/** Commands that compute in several threads, one per core unless `--threads` is given. */
const withThreads = new Set([
  "train",
  "evidence",
  "latent",
  "place",
  "poses",
  "rounds",
  "reconstruct",
  "states",
  "correct",
  "project",
  "study",
]);

/** Folder of the records of a command's jobs. @throws InputError if it has no output */
export function jobsPlace(command: readonly string[]): string {
  const [name = ""] = command;
  // The result of evidence is in its log, and in the run.
  const [, run = "-"] = command;
  if (name === "evidence" && !run.startsWith("-")) return path.resolve(run, jobsFolderName);
  const out = optionOf(command, "--out");
  if (out === undefined)
    throw new InputError(`e2gmm ${name}`, "--out, beside which its job is recorded", "none");
  return path.resolve(
    inPlace.has(name) ? path.join(out, jobsFolderName) : `${trimmed(out)}.${jobsFolderName}`,
  );
}

/** The step of a command: as many threads as processors are asked for, and a training or states that go on where they were. */
export function commandStep(command: readonly string[], settings: QueueSettings): JobStep {
  const [name = ""] = command;
  const args = [...command];
  if (withThreads.has(name) && optionOf(args, "--threads") === undefined)
    args.push("--threads", String(cpusOf(settings)));
  if (!args.includes("--quiet")) args.push("--quiet");
  if (name === "train" && !args.includes("--resume") && !args.includes("--continue")) args.push("--continue");
  const hasPart = args.some((word) => /^--part(=|$)/.test(word));
  if (name === "states" && !args.includes("--resume") && !hasPart) args.push("--resume");
  return { name: name.replaceAll(/[^\w.-]/g, "_"), tasks: [args] };
}

/** Value of an option, `--name value` or `--name=value`. */
function optionOf(args: readonly string[], flag: string): string | undefined {
  const found = args.flatMap((word, i) => {
    if (word === flag) return args[i + 1] ?? [];
    return word.startsWith(`${flag}=`) ? word.slice(flag.length + 1) : [];
  });
  return found.at(-1);
}
