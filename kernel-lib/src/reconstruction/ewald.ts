import { electronWavelength } from "../optics/ctf";
import type { ImageSource } from "./imageSource";

/**
 * What is lost because images are taken for projections. A place at a distance z from the particle's centre along the beam has another defocus, by z,
 * so that the phase of its CTF differs by πλz/d² at a resolution d (the curvature of the Ewald sphere seen from the other side; DeRosier,
 * Ultramicroscopy 81, 83, 2000). Averaged over −D/2 … D/2 the amplitude is sin x / x of what it was, x = πλD / (2d²).
 */
export interface DepthLoss {
  /** Fraction of the amplitude that is lost at the resolution. */
  loss: number;
  /** Å where a tenth of the amplitude is lost. */
  tenth: number;
  /** kV of the lowest voltage. */
  voltage: number;
}

/** x at which sin x / x = 0.9. */
const tenthAt = 0.7867;

/** The loss at a resolution in Å for particles as deep as `depth` Å; undefined for particles without CTF. */
export function depthLoss(
  source: ImageSource,
  { resolution, depth }: { resolution: number; depth: number },
): DepthLoss | undefined {
  let voltage = Number.POSITIVE_INFINITY;
  for (let i = 0; i < source.count; i++) voltage = Math.min(voltage, source.ctf(i)?.voltage ?? voltage);
  if (!Number.isFinite(voltage)) return undefined;
  const turns = (Math.PI * electronWavelength(voltage) * depth) / 2;
  const x = turns / resolution ** 2;
  return {
    loss: 1 - Math.sin(Math.min(x, Math.PI)) / Math.min(x, Math.PI),
    tenth: Math.sqrt(turns / tenthAt),
    voltage,
  };
}
