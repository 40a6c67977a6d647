import { InputError } from "../errors";
import type { Volume } from "../maps/volume";
import { boxLengthOf, type GaussianModel, originInBox, Row, withOrigin } from "./gaussianModel";

/** Largest box size in voxels: an array holds less than 2^31 of them. */
const maxBoxSize = 1290;
/** Standard deviations beyond which a Gaussian is cut off; exp(−6²/2) = 1.5·10⁻⁸. */
const reach = 6;

/** Options of {@link modelDensity}. */
export interface ModelDensityOptions {
  /** Voxels along each edge of the map. Default: the model's, or what fits `apix` to the model's box length. */
  boxSize?: number;
  /** Å per voxel. Default: what keeps the model's box length. */
  apix?: number;
}

/**
 * The density of a model, M(x) = Σ A exp(−|x − c|² / 2σ²), at the centres of voxels.
 *
 * @returns a map whose voxel ⌊boxSize/2⌋ is the origin of the model, also where the map is larger or smaller than
 *   the model's box; what lies outside is cut off. Its origin in Å follows from the model's
 * @throws InputError unless `boxSize` is a whole number from 1 to 1290 and `apix` above 0
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * await e2.maps.write("neutral.mrc", e2.model.density(model, { boxSize: 32 }));
 * ```
 */
export function modelDensity(model: GaussianModel, options: ModelDensityOptions = {}): Volume {
  const boxLength = boxLengthOf(model);
  const n = options.boxSize ?? (options.apix ? Math.round(boxLength / options.apix) : model.boxSize);
  const apix = options.apix ?? boxLength / n;
  if (!Number.isInteger(n) || n < 1 || n > maxBoxSize) {
    throw new InputError("boxSize", `a whole number of voxels from 1 to ${maxBoxSize}`, String(n));
  }
  if (!(apix > 0) || !Number.isFinite(apix)) {
    throw new InputError("apix", "a number of Å above 0", String(apix));
  }
  const { count, params } = model;
  const sum = new Float64Array(n ** 3);
  const origin = Math.floor(n / 2);
  for (let i = 0; i < count; i++) {
    const amplitude = params[Row.amplitude * count + i]!;
    const sigma = (params[Row.sigma * count + i]! * model.apix) / apix;
    const [x, y, z] = [Row.x, Row.y, Row.z].map((row) =>
      profileAlong((params[row * count + i]! * boxLength) / apix + origin, sigma, n),
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

/** Values of a Gaussian along one axis, from voxel `first` on. */
interface Profile {
  first: number;
  values: Float64Array;
}

/** exp(−(i − centre)²/2σ²) at the voxels i within reach in 0 … n − 1. */
function profileAlong(centre: number, sigma: number, n: number): Profile {
  const first = Math.max(0, Math.ceil(centre - reach * sigma));
  const last = Math.min(n - 1, Math.floor(centre + reach * sigma));
  const values = new Float64Array(Math.max(0, last - first + 1));
  for (let i = 0; i < values.length; i++) {
    const d = first + i - centre;
    values[i] = Math.exp((-d * d) / (2 * sigma * sigma));
  }
  return { first, values };
}
