import type { TaskOptions } from "../../progress";
import { type ExplainingModel, placeAgreement } from "./placeAgreement";
import { judgeUnexplained, type Unexplained } from "./unexplained";

/** Measures what a trained model does not explain. */
export async function measureUnexplained(model: ExplainingModel, options: TaskOptions): Promise<Unexplained> {
  const { count, rings, ctfPower, rotations } = model.context.targets;
  const { places, members } = model;
  const agreement = await placeAgreement(model, options);
  return judgeUnexplained({ count, rings, ctfPower, rotations, places, members, ...agreement });
}
