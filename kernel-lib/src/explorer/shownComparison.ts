import type { ComparedRun, RunComparison } from "../project/compareRuns";
import type { ShownComparison, ShownRun } from "./projectMessages";

/** Particles that a page draws: more hide each other, and make the message large. */
const mostShown = 4000;

/** What a page shows of a comparison. @param names folders as the page knows them */
export function shownComparison(
  { first, second, common, correlations, canonical, differences }: RunComparison,
  [one, other]: readonly [string, string],
): ShownComparison {
  const shown = Math.min(common, mostShown);
  // Evenly among the common particles, the same for both
  const rows = Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * common) / shown));
  const run = ({ particles, axes, evidence, places }: ComparedRun, folder: string): ShownRun => ({
    ...{ folder, particles, axes },
    ...(evidence && { evidence }),
    places: Array.from({ length: axes }, (_, d) => rows.map((i) => Number(places[i * axes + d]!.toFixed(3)))),
  });
  return {
    first: run(first, one),
    second: run(second, other),
    shown,
    common,
    correlations,
    canonical,
    differences,
  };
}
