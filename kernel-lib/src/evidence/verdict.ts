import { shellWord } from "../shellWord";
import type { LatentAxis } from "../training/axes/latentAxis";
import type { Evidence } from "../training/evidence/evidence";
import { verdictText } from "../training/evidence/verdict";
import type { Leaks } from "../training/leaks/leaks";
import type { Run } from "../training/runs/run";

/** What a run knows about its own heterogeneity, in words. */
export interface Verdict {
  /** `unmeasured`: the training is not finished, or the run is of an earlier version. */
  kind: Evidence["verdict"] | "unmeasured";
  /** Whether there is nothing to look at: nothing was found, and the run has no axes of an earlier one. */
  isEmpty: boolean;
  /** The verdict, such as `heterogeneity found`. */
  headline: string;
  /** What it follows from: the gain, real axes, the size of the decoded motion; or why it was not measured. */
  facts: string;
  /** What is wrong beside it: poses, pixel size or defocus, and places that depend on what must not matter; empty for nothing. */
  advice: string;
  /** A line for each axis of the latent space: what it changes, how much, whether it is real, how well it is seen. */
  axes: string[];
}

/**
 * The verdict of a run on its own heterogeneity, as it was measured at the end of the training. Nothing is measured now.
 * @throws InputError if files of the run are damaged
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { headline, facts, axes } = await e2.evidence.verdict(run);
 * console.log(`${headline}: ${facts}`, axes);
 * ```
 */
export async function verdict(run: Run): Promise<Verdict> {
  const measured = { evidence: await run.storedEvidence(), leaks: await run.storedLeaks() };
  return verdictOfRun(run, measured, await run.axes());
}

/** What was measured at the end of a training. */
export interface Measured {
  /** Undefined in runs of earlier versions, and before the run is complete. */
  evidence: Evidence | undefined;
  /** The same. */
  leaks: Leaks | undefined;
}

/** The verdict of a run from what was measured. @param axes measured by `run.axes()` */
export function verdictOfRun(
  run: Pick<Run, "folder" | "record">,
  { evidence, leaks }: Measured,
  axes: readonly LatentAxis[],
): Verdict {
  const lines = axes.map(({ summary }) => summary);
  if (evidence) {
    const { advice: fit, ...text } = verdictText(evidence);
    // Where there is nothing, nothing depends on anything.
    const dependent = leaks?.found && evidence.verdict !== "none" ? capitalised(leaks.sentence) : "";
    const advice = [fit, dependent].filter((one) => one !== "").join(". ");
    const isEmpty = evidence.verdict === "none" && (evidence.fixed ?? 0) === 0;
    return { kind: evidence.verdict, isEmpty, ...text, advice, axes: lines };
  }
  const complete = run.record.status === "complete";
  return {
    ...unmeasured(complete ? `e2gmm evidence ${shellWord(run.folder)}` : "it is when the training has ended"),
    axes: lines,
  };
}

/** The verdict before there is one. @param how it is measured */
export function unmeasured(how: string): Verdict {
  return {
    kind: "unmeasured",
    isEmpty: false,
    headline: "heterogeneity not measured",
    ...{ facts: how, advice: "", axes: [] },
  };
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Headline and facts in a line of text. */
export function verdictLine({ headline, facts, advice }: Verdict): string {
  return `${headline}: ${facts}${advice === "" ? "" : `. ${advice}`}`;
}
