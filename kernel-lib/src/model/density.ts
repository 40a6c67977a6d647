import { InputError } from "../errors";
import type { Volume } from "../maps/volume";
import { type GaussianModel, originInBox, physicalSize, Row, withOrigin } from "./gaussianModel";

/** Edge of a map: more voxels than 2^31 are no array. */
const MOST_VOXELS = 1290;
/** Widths beyond which a Gaussian counts as nothing: exp(−6²/2) = 1.5·10⁻⁸ is left out. */
const REACH = 6;

/**
 * The density of a model, M(x) = Σ A exp(−|x − c|² / 2σ²), at the centres of voxels.
 *
 * @param options.boxSize voxels along each edge of the map; default the model's box
 * @param options.apix    Å per voxel; default what makes the map as large as the model's box
 * @returns a map whose voxel ⌊boxSize/2⌋ is the origin of the model, also where the map is larger or smaller than
 *   the model's box; what lies outside is cut off. Its origin in Å follows from the model's
 * @throws InputError for a box of no voxels, or of more than can be held
 */
export function modelDensity(
  model: GaussianModel,
  options: { boxSize?: number; apix?: number } = {},
): Volume {
  const edge = physicalSize(model);
  const n = options.boxSize ?? (options.apix ? Math.round(edge / options.apix) : model.boxSize);
  const apix = options.apix ?? edge / n;
  if (!Number.isInteger(n) || n < 1 || n > MOST_VOXELS) {
    throw new InputError("boxSize", `a whole number of voxels from 1 to ${MOST_VOXELS}`, String(n));
  }
  if (!(apix > 0) || !Number.isFinite(apix))
    throw new InputError("apix", "a number of Å above 0", String(apix));
  const { count, params } = model;
  const sum = new Float64Array(n ** 3);
  const origin = Math.floor(n / 2);
  for (let i = 0; i < count; i++) {
    const amplitude = params[Row.amplitude * count + i]!;
    const sigma = (params[Row.sigma * count + i]! * model.apix) / apix;
    const [x, y, z] = [Row.x, Row.y, Row.z].map((row) =>
      alongAxis((params[row * count + i]! * edge) / apix + origin, sigma, n),
    ) as [Profile, Profile, Profile];
    for (let iz = 0; iz < z.values.length; iz++) {
      for (let iy = 0; iy < y.values.length; iy++) {
        const factor = amplitude * z.values[iz]! * y.values[iy]!;
        const at = x.first + n * (y.first + iy + n * (z.first + iz));
        for (let ix = 0; ix < x.values.length; ix++) sum[at + ix]! += factor * x.values[ix]!;
      }
    }
  }
  const placed = withOrigin(originInBox(model.origin, model, { boxSize: n, apix }));
  return { data: Float32Array.from(sum), size: [n, n, n], apix, ...placed };
}

interface Profile {
  first: number;
  values: Float64Array;
}

/** exp(−(i − centre)²/2σ²) at the voxels i in reach and inside 0 … n − 1. */
function alongAxis(centre: number, sigma: number, n: number): Profile {
  const first = Math.max(0, Math.ceil(centre - REACH * sigma));
  const last = Math.min(n - 1, Math.floor(centre + REACH * sigma));
  const values = new Float64Array(Math.max(0, last - first + 1));
  for (let i = 0; i < values.length; i++) {
    const d = first + i - centre;
    values[i] = Math.exp((-d * d) / (2 * sigma * sigma));
  }
  return { first, values };
}
