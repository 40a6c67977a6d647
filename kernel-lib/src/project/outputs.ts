import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { JobStatus } from "../jobs/jobStatus";

/** What the folder or file is that jobs make: a run, a study of several, refined poses, or maps. */
export type OutputKind = "run" | "study" | "poses" | "maps";

const kinds: Readonly<Record<string, OutputKind>> = {
  ...{ study: "study", poses: "poses", rounds: "poses" },
  ...{ states: "maps", correct: "maps", reconstruct: "maps" },
};

/** Kind of what jobs make; a run if they say nothing else. */
export const kindOf = (jobs: readonly JobStatus[]): OutputKind =>
  kinds[jobs.at(-1)?.command[0] ?? ""] ?? "run";

/** Files that are listed of one output at most. */
const mostResults = 100;

/**
 * Files of a result that people look at: maps, tables and pages that are there, not intermediate ones.
 * @param output the folder or file that its command makes
 */
export async function resultsOf(output: string, jobs: readonly JobStatus[]): Promise<string[]> {
  const command = jobs.at(-1)?.command[0] ?? "";
  const isFile = command === "poses" || command === "correct" || command === "reconstruct";
  const folder = isFile ? path.dirname(output) : output;
  const stem = path.parse(output).name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = patternOf(command, stem);
  if (!pattern || !existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => pattern.test(name));
  return names
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, "en", { numeric: true }))
    .slice(0, mostResults)
    .map((name) => path.join(folder, name));
}

/** Maps first, then pages, particles, and half maps and tables. */
const order = [/^(?!.*_half[12]\.).*\.(mrc|map|ccp4)$/i, /\.html$/, /\.(star|cs)$/, /./];
const rank = (name: string): number => order.findIndex((one) => one.test(name));

function patternOf(command: string, stem: string): RegExp | undefined {
  switch (command) {
    case "states":
      return /^(state_\d+(_local_filtered|_local_resolution)?\.mrc|states\.csv)$/;
    case "correct":
      return new RegExp(
        `^${stem}(_\\d+)?((_plain)?(_local_resolution|_local_filtered)?\\.(mrc|map|ccp4)|_shells\\.csv)$`,
        "i",
      );
    case "reconstruct":
      return new RegExp(`^${stem}(\\.(mrc|map|ccp4)|_half[12]\\.mrc|_fsc\\.txt)$`, "i");
    case "poses":
      return new RegExp(`^${stem}(\\.(star|cs|csg|lst|hdf)|_report\\.json|_moves\\.csv)$`, "i");
    case "rounds":
      return /^(map\.mrc|poses\.\w+|rounds\.csv|trainings\.csv)$/;
    case "study":
      return /^(study\.html|study\.json)$/;
    default:
      return undefined;
  }
}
