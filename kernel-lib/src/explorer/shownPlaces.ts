import type { Latents } from "../training/runs/run";
import type { ExploredRunSource } from "./exploredRun";

/** The latent coordinates of a run that are shown, with their standard deviations if they have any. */
export function shownPlaces(
  latents: Latents,
  which: "refined" | "encoder",
): Pick<ExploredRunSource, "latents" | "deviations"> {
  return which === "encoder"
    ? { latents: latents.encoder }
    : { latents: latents.refined, deviations: latents.standardDeviation };
}
