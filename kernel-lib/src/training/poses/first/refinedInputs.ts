import { particleExtension } from "../../../particles/particleExtension";
import type { ParticleSet } from "../../../particles/particleSet";
import type { CompleteSettings } from "../../settings";
import type { PoseDecision } from "./poseDecision";
import type { PosesFolder, TrainingRequest } from "./posesFolder";
import { stackFolder } from "./stackFolder";

/** Inputs of a training with refined poses. */
export type RefinedInputs = Pick<CompleteSettings, "particles" | "model" | "dataFolder">;

/** Inputs of a training with the poses that were last refined together with places if there are any, else with those of the rounds. */
export async function refinedInputs(
  { folder, request, set }: { folder: PosesFolder; request: TrainingRequest; set: ParticleSet },
  { motion = [] }: PoseDecision,
): Promise<RefinedInputs> {
  const name = `poses${particleExtension(request.particles)}`;
  const dataFolder = request.dataFolder ?? (await stackFolder(set));
  const passes = motion.filter(({ used }) => used).length;
  return {
    particles: passes > 0 ? folder.motion(passes, name) : folder.rounds("rounds", name),
    model: passes > 0 ? folder.motion(passes, "neutral.txt") : folder.file("neutral"),
    ...(dataFolder !== undefined && dataFolder !== "absolute" && { dataFolder }),
  };
}
