import { pText } from "../training/leaks/leakSentence";
import type { Leaks } from "../training/leaks/leaks";

/**
 * The leaks of a run as lines of text: the sentence, then a line for each property of the particles with what it explains of the places,
 * by axis if there are several.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * console.log(e2.evidence.leaksReport(await run.leaks()).join("\n"));
 * run.close();
 * ```
 */
export function leaksReport({ sentence, leaks, untested, permutations }: Leaks): string[] {
  const lines = [sentence];
  const width = Math.max(0, ...leaks.map(({ name }) => name.length));
  for (const leak of leaks) {
    const { name, explained, axes, p, information, informationP, groups } = leak;
    const byAxis = axes.length > 1 ? ` (axes ${axes.map((axis) => text(axis.explained)).join(", ")})` : "";
    const of = groups === undefined ? "" : `, ${groups} groups`;
    lines.push(
      `  ${name.padEnd(width)}  R² ${text(explained)}${byAxis}, p ${pText(p)}; ` +
        `information ${text(information)} nats, p ${pText(informationP)}${of}`,
    );
  }
  if (untested.length > 0) lines.push(`  the same for all particles, or too few: ${untested.join(", ")}`);
  const particles = Math.max(0, ...leaks.map((leak) => leak.particles));
  lines.push(
    `  on at most ${particles} particles; R² and information above the mean of ${permutations} permutations; p corrected for ` +
      `${2 * leaks.length} tests`,
  );
  return lines;
}

/** Below 0 is less than permutations reach: nothing. */
function text(value: number): string {
  return Math.max(0, value).toFixed(3);
}
