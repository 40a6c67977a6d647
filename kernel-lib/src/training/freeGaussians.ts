import { InputError } from "../errors";
import { readMask } from "../maps/mask";
import type { GaussianModel } from "../model/gaussianModel";
import { maskFlags } from "../model/regions";

/**
 * Flags the Gaussians that may change: 1 for those whose centres lie in a mask, where it is at least 0.5, else 0.
 * @param onWarning called with assumptions about the file
 * @throws InputError if the file is no mask, has another box length than the model, or contains no Gaussian
 */
export async function readFreeGaussians(
  model: GaussianModel,
  file: string,
  onWarning?: (warning: string) => void,
): Promise<Uint8Array> {
  const flags = maskFlags(model, await readMask(file, undefined, { onWarning }), file);
  if (flags.includes(1)) return flags;
  throw new InputError(
    file,
    `values of at least 0.5 at the centre of one of ${model.count} Gaussians`,
    "none",
  );
}
