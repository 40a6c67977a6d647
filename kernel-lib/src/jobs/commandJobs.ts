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
/** Commands that can be divided by particles: the arrays of their parts, and what the last step has in place of `--part`. */
const divisible = new Map<string, { arrays: readonly PartsArray[]; last: readonly string[] }>([
  ["states", { arrays: [{ name: "sums", words: [] }], last: ["--resume"] }],
  // Cells need the sums of all parts.
  ["correct", { arrays: ["sums", "cells"].map((name) => ({ name, words: ["--step", name] })), last: [] }],
  ["reconstruct", { arrays: [{ name: "sums", words: [] }], last: [] }],
  ["place", { arrays: [{ name: "parts", words: [] }], last: [] }],
]);

/** An array of jobs, one for each part: its name, and what its commands have beside `--part`. */
interface PartsArray {
  name: string;
  words: readonly string[];
}

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

/**
 * The steps of a command: itself, or with `parts` arrays of its parts, and then itself, which puts them together.
 * @throws InputError for parts of a command that is not divided by particles
 */
export function commandSteps(command: readonly string[], settings: QueueSettings): JobStep[] {
  const { parts = 1 } = settings;
  const whole = commandStep(command, settings);
  if (!Number.isInteger(parts) || parts < 1)
    throw new InputError("parts", "an integer of 1 or more", `${parts}`);
  if (parts === 1) return [startedAgain(whole)];
  const division = divisible.get(command[0] ?? "");
  if (!division) {
    throw new InputError(
      "parts",
      `a command that is divided by particles (${[...divisible.keys()].join(", ")})`,
      command[0] ?? "",
    );
  }
  const taken = ["--part", "--step", "--resume"].find((flag) =>
    whole.tasks[0]!.some((word) => word.split("=")[0] === flag),
  );
  if (taken) throw new InputError(taken, "none with parts, which have it themselves", taken);
  const [args = []] = whole.tasks;
  const partsWith = (words: readonly string[]) =>
    Array.from({ length: parts }, (_, i) => [...args, "--part", `${i + 1}/${parts}`, ...words]);
  return [
    ...division.arrays.map(({ name, words }) => ({ name, tasks: partsWith(words) })),
    { ...whole, tasks: [[...args, ...division.last]] },
  ];
}

/** The step of a command: as many threads as processors are asked for, and a training that goes on where it was. */
function commandStep(command: readonly string[], settings: QueueSettings): JobStep {
  const [name = ""] = command;
  const args = [...command];
  if (withThreads.has(name) && optionOf(args, "--threads") === undefined)
    args.push("--threads", String(cpusOf(settings)));
  if (!args.includes("--quiet")) args.push("--quiet");
  if (name === "train" && !args.includes("--resume") && !args.includes("--continue")) args.push("--continue");
  return { name: name.replaceAll(/[^\w.-]/g, "_"), tasks: [args] };
}

/** A step that may be started again: states go on in their folder, which would be refused as another one's. */
function startedAgain({ name, tasks }: JobStep): JobStep {
  const isWhole = (task: readonly string[]) =>
    task[0] === "states" && !task.some((word) => /^--(resume|part)(=|$)/.test(word));
  return { name, tasks: tasks.map((task) => (isWhole(task) ? [...task, "--resume"] : task)) };
}

/** Value of an option, `--name value` or `--name=value`. */
function optionOf(args: readonly string[], flag: string): string | undefined {
  const found = args.flatMap((word, i) => {
    if (word === flag) return args[i + 1] ?? [];
    return word.startsWith(`${flag}=`) ? word.slice(flag.length + 1) : [];
  });
  return found.at(-1);
}
