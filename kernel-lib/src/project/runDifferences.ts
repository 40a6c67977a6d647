import type { RunRecord } from "../training/runs/runRecord";

/** A setting that two runs have differently, as text; empty where a run does not have it. */
export interface SettingDifference {
  /** Its name, such as `options.latent`. */
  name: string;
  /** Its value in the first run. */
  first: string;
  /** Its value in the second run. */
  second: string;
}

/** Settings in which two runs differ, by their records: files, resolution, options, the run that they started from. */
export function runDifferences(first: RunRecord, second: RunRecord): SettingDifference[] {
  const [a, b] = [settingsOf(first), settingsOf(second)];
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((name) => {
    const [one = "", other = ""] = [a.get(name), b.get(name)];
    return one === other ? [] : [{ name, first: one, second: other }];
  });
}

function settingsOf({ inputs, options, detail, boxSize, particles, from }: RunRecord): Map<string, string> {
  const found = new Map<string, string>();
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (typeof value === "object" && !Array.isArray(value)) {
      for (const [key, of] of Object.entries(value)) add(`${name}.${key}`, of);
    } else found.set(name, typeof value === "string" ? value : JSON.stringify(value));
  };
  for (const [name, value] of Object.entries(inputs)) add(name, value);
  add("options", options);
  add("resolution", detail && `${detail.resolution.toFixed(2)} Å`);
  add("box", `${boxSize} pixels`);
  add("number of particles", particles);
  add("from", from && { run: from.run, axes: from.axes });
  return found;
}
