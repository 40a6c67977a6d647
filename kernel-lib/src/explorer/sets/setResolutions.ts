import { InputError } from "../../errors";
import { sphericalMask } from "../../maps/mask";
import type { Volume } from "../../maps/volume";
import type { TaskOptions } from "../../progress";
import { localResolution } from "../../reconstruction/localResolution";
import type { Reconstruction } from "../../reconstruction/reconstruct";

/** As of `reconstruction.states`: finer steps would not be seen in colours. */
const bands = 16;

/**
 * The local resolution of a reconstructed set from its half maps, in Å within the sphere in which it was reconstructed; 0 outside.
 * @throws InputError without half maps; StoppedError
 */
export async function resolutionOfSet({ half1, half2 }: Reconstruction, task: TaskOptions): Promise<Volume> {
  if (!half1 || !half2)
    throw InputError.of("there are no half maps; reconstruct the set with more particles.");
  const mask = sphericalMask(half1, { diameter: half1.size[0] * half1.apix });
  const { resolution } = await localResolution(half1, half2, mask, { ...task, bands });
  return resolution;
}
