import { InputError } from "../errors";
import { readMask } from "../maps/mask";
import type { GaussianModel } from "../model/gaussianModel";
import { maskFlags } from "../model/regions";
import type { Session } from "./session";

/** Indices of the Gaussians inside a mask file. @throws InputError for a mask that does not fit, or that holds none */
export async function gaussiansInMask(
  model: GaussianModel,
  file: string,
  session: Session,
): Promise<Int32Array> {
  const flags = maskFlags(model, await readMask(file, undefined, session.reading), file);
  const inside = Int32Array.from(flags.keys()).filter((i) => flags[i] === 1);
  if (inside.length === 0)
    throw new InputError(file, "a mask with Gaussians of the neutral model inside", "none");
  return inside;
}
