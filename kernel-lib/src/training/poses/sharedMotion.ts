import { throwIfStopped } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { coreMotion } from "../../model/rigidMotion";
import { vectorFromRotation } from "../../optics/pose";
import type { TaskOptions } from "../../progress";
import { particlesPerPass } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import { withoutFrame } from "./commonFrame";

const degree = Math.PI / 180;

/** Root mean squares over the particles of a rigid motion. */
export interface SharedMotion {
  /** Degrees. */
  angle: number;
  /** Å. */
  shift: number;
}

/** Poses with the places that they were found with. */
export interface PlacedPoses {
  /** [particles · 9] */
  rotations: Float32Array | Float64Array;
  /** Å, [particles · 2]. */
  shifts: Float32Array | Float64Array;
  /** [particles · latent] */
  places: Float32Array;
}

/**
 * Poses relative to the model that does not move. A free pose and a free decoder share the rigid motion of the whole molecule:
 * what the decoder moves as a body, from the model `base` to that of a particle's place, belongs to the pose.
 */
export async function withoutSharedMotion(
  { rotations, shifts, places }: PlacedPoses,
  { decoder, base }: { decoder: PlaceDecoder; base: GaussianModel },
  options: TaskOptions,
): Promise<{ rotations: Float64Array; shifts: Float64Array; shared: SharedMotion }> {
  const { latent } = decoder;
  const count = shifts.length / 2;
  const out = { rotations: Float64Array.from(rotations), shifts: Float64Array.from(shifts) };
  if (latent === 0) return { ...out, shared: { angle: 0, shift: 0 } };
  let [angles, lengths] = [0, 0];
  const step = particlesPerPass(base.count);
  for (let from = 0; from < count; from += step) {
    throwIfStopped(options.signal);
    const size = Math.min(step, count - from);
    const models = decoder.decode(places.slice(from * latent, (from + size) * latent), size);
    for (let i = 0; i < size; i++) {
      const params = models.subarray(i * base.params.length, (i + 1) * base.params.length);
      const motion = coreMotion(base, { ...base, params });
      const at = from + i;
      // The image of R·x + shift in a pose is that of x in this one.
      const own = withoutFrame(
        {
          rotations: rotations.subarray(9 * at, 9 * at + 9),
          shifts: shifts.subarray(2 * at, 2 * at + 2),
        },
        motion,
      );
      out.rotations.set(own.rotations, 9 * at);
      out.shifts.set(own.shifts, 2 * at);
      angles += (Math.hypot(...vectorFromRotation(motion.rotation)) / degree) ** 2;
      lengths += motion.shift.reduce((sum, x) => sum + x * x, 0);
    }
    // Yields to the event loop, since nothing above waits for anything.
    await new Promise(setImmediate);
    options.onProgress?.({ task: "taking out rigid motion", done: from + size, total: count });
  }
  return { ...out, shared: { angle: Math.sqrt(angles / count), shift: Math.sqrt(lengths / count) } };
}
