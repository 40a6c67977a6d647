import { InputError } from "../errors";
import { readMask } from "../maps/mask";
import type { GaussianModel } from "../model/gaussianModel";
import { maskFlags } from "../model/regions";

/** Most bodies of a model. */
const mostBodies = 255;

/**
 * The rigid body of each Gaussian, [N]: the number of the first mask, from 1, that its centre lies in (where it is at least
 * 0.5), 0 for those in none.
 * @param files     one mask for each body
 * @param free      1 for each Gaussian that may change, [N]; others are in no body. Default: all may
 * @param onWarning called with assumptions about the files
 * @throws InputError if a file is no mask, has another box length than the model, or adds fewer than three Gaussians
 */
export async function readRigidBodies(
  model: GaussianModel,
  files: readonly string[],
  { free, onWarning }: { free?: Uint8Array | undefined; onWarning?: (warning: string) => void },
): Promise<Uint8Array> {
  if (files.length > mostBodies) {
    throw new InputError("rigid", `masks of at most ${mostBodies} bodies`, String(files.length));
  }
  const bodies = new Uint8Array(model.count);
  for (const [b, file] of files.entries()) {
    const flags = maskFlags(model, await readMask(file, undefined, { onWarning }), file);
    let members = 0;
    for (let i = 0; i < model.count; i++) {
      if (!flags[i] || bodies[i] !== 0 || (free && !free[i])) continue;
      bodies[i] = b + 1;
      members++;
    }
    if (members >= 3) continue;
    const others = b > 0 ? ", and that no mask before it holds" : "";
    throw new InputError(
      file,
      `values of at least 0.5 at the centres of three or more Gaussians that may change${others}`,
      String(members),
    );
  }
  return bodies;
}
