import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import type { TrainingOptions } from "../training/options";

/** Seeds from text: integers and ranges of them, separated by commas. @throws InputError for anything else */
export function parseSeeds(text: string): number[] {
  return text.split(",").flatMap((word) => {
    const [, from, to] = /^\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*$/.exec(word) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    if (from === undefined || last < first || last - first >= 100) {
      throw new InputError("--seeds", "integers such as 1-3 or 1,5,9", `"${text}"`);
    }
    return Array.from({ length: last - first + 1 }, (_, k) => first + k);
  });
}

/** Reads sets of options by name. @throws InputError unless the file is a JSON object of objects */
export async function readOptionSets(file: string): Promise<Record<string, Partial<TrainingOptions>>> {
  const text = await readFile(file, "utf8");
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  try {
    const sets = JSON.parse(text) as Record<string, Partial<TrainingOptions>>;
    if (isObject(sets) && Object.values(sets).every(isObject)) return sets;
  } catch {
    // Reported below.
  }
  throw new InputError(
    file,
    'sets of options by name, such as {"small": {"hidden": [64]}}',
    "something else",
  );
}
