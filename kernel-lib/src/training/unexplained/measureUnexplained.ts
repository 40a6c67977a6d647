import type { TaskOptions } from "../../progress";
import type { PlaceDecoder } from "../posterior/decoders";
import type { ProjectionContext } from "../projectionContext";
import { placeFrc } from "./placeFrc";
import { judgeUnexplained, type Unexplained } from "./unexplained";

/** A trained decoder, and the places of the particles in it. */
export interface ExplainingModel {
  context: ProjectionContext;
  decoder: PlaceDecoder;
  /** [particles · latent of the decoder] */
  places: Float32Array;
  /** Particles that are judged, ascending. */
  members: Int32Array;
}

/** Measures what the model does not explain. */
export async function measureUnexplained(
  { context, decoder, places, members }: ExplainingModel,
  options: TaskOptions,
): Promise<Unexplained> {
  const { count, rings, ctfPower, rotations } = context.targets;
  const frc = await placeFrc(context, decoder, places, options);
  return judgeUnexplained({ count, rings, frc, ctfPower, rotations, places, members });
}
