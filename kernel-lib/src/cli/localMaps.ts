import type { TaskOptions } from "../progress";
import type { LocalResolution } from "../reconstruction/localResolution";
import { besideName } from "./modelFiles";
import type { Session } from "./session";

/** Names of the maps of `--local`. */
export function localFiles(out: string): { resolution: string; filtered: string } {
  return {
    resolution: besideName(out, "_local_resolution.mrc"),
    filtered: besideName(out, "_local_filtered.mrc"),
  };
}

/** What a task of the library is given of a session. */
export const taskOf = ({ signal, onProgress }: Session): TaskOptions => ({ signal, onProgress });

/** The median local resolution in the mask, and that of its best and worst tenth. */
export function localSentence(file: string, { resolution }: LocalResolution): string {
  const sorted = resolution.data.filter((x) => x > 0).sort();
  const at = (fraction: number) => sorted[Math.floor(fraction * (sorted.length - 1))]!.toFixed(1);
  return `${file}: ${at(0.5)} Å in the median, ${at(0.1)} Å or better in a tenth, ${at(0.9)} Å or worse in another`;
}
