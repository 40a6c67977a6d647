import { InputError } from "../errors";
import { readMask } from "../maps/mask";
import type { GaussianModel } from "../model/gaussianModel";
import { maskFlags } from "../model/regions";

/**
 * Which Gaussians may change: 1 for those whose centres lie in a mask, where it is at least 0.5, else 0.
 * @param onNotice  called with what was assumed about the file
 * @throws InputError naming the file where it is no mask, of another box length than the model, or leaves no Gaussian free
 */
export async function readFreeGaussians(
  model: GaussianModel,
  file: string,
  onNotice?: (notice: string) => void,
): Promise<Uint8Array> {
  const flags = maskFlags(model, await readMask(file, undefined, { onWarning: onNotice }), file);
  if (flags.includes(1)) return flags;
  throw new InputError(file, `values of at least 0.5 where one of ${model.count} Gaussians is`, "none");
}
