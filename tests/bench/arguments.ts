import * as e2 from "e2gmm";
import type { KeptRunOptions } from "./keptRun";

/** What a benchmark of a kept training is called with. */
export interface BenchArguments extends KeptRunOptions {
  seeds: number[];
  /** Where trainings are kept. */
  folder: string | undefined;
}

/** A word as a number, a truth value, or itself. */
function parsed(word: string): unknown {
  if (word === "true" || word === "false") return word === "true";
  return word !== "" && Number.isFinite(Number(word)) ? Number(word) : word;
}

/**
 * Arguments of a benchmark: `--folder`, `--seeds 1-3` (default 1), `--resolution` and `--gaussians` of the model; further
 * `--name value` are options of the simulation, `name=value` those of the training or its settings.
 */
export function readArguments(words: readonly string[]): BenchArguments {
  const found: BenchArguments = {
    ...{ seeds: [1], folder: undefined },
    ...{ growth: {}, simulation: {}, training: {}, settings: {} },
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("--")) {
      const [name = "", value] = word.split("=");
      if (value === undefined) throw new Error(`expected --name value or name=value, found ${word}`);
      const standard = e2.training.defaultOptions[name as keyof e2.training.TrainingOptions];
      const part = name in e2.training.defaultOptions ? found.training : found.settings;
      // Options that are lists have an array as default.
      part[name] = Array.isArray(standard) ? value.split(",").map(parsed) : parsed(value);
      if (name === "symmetry") found.growth[name] = value;
      continue;
    }
    const name = word.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = words[++i] ?? "";
    if (name === "folder") found.folder = value;
    else if (name === "seeds") {
      const [first, last] = value.split("-").map(Number) as [number, number?];
      found.seeds = Array.from({ length: (last ?? first) - first + 1 }, (_, k) => first + k);
    } else if (name === "resolution" || name === "gaussians") found.growth[name] = Number(value);
    else found.simulation[name] = name === "ctf" && value !== "none" ? {} : parsed(value);
  }
  return found;
}
