import type { Measured } from "../evidence/verdict";
import type { LatentAxis } from "../training/axes/latentAxis";
import type { Latents, Run } from "../training/runs/run";

/** What a run knows about itself. */
export interface RunKnowledge {
  /** What was measured at the end of the training. */
  measured: Measured;
  /** What the axes of the latent space change. */
  axes: readonly LatentAxis[];
  /** Undefined before the run is complete. */
  latents: Latents | undefined;
  /** Why a part of it could not be read; empty for none. */
  problem: string;
}

/** Reads what a run knows about itself. Damaged evidence is a problem, not an error: the rest can be explored. */
export async function knowledgeOf(run: Run): Promise<RunKnowledge> {
  const latents = run.record.status === "complete" ? await run.latents() : undefined;
  try {
    const measured = { evidence: await run.storedEvidence(), leaks: await run.storedLeaks() };
    return { measured, axes: await run.axes(latents), latents, problem: "" };
  } catch (error) {
    const measured = { evidence: undefined, leaks: undefined };
    return { measured, axes: [], latents, problem: (error as Error).message };
  }
}
