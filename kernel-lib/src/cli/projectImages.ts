import { throwIfStopped } from "../errors";
import { disc, discToHalf } from "../fourier/disc";
import { halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";

/** Poses and CTFs of projections. */
export interface Views {
  /** Number of projections. */
  count: number;
  /** Rotation matrices reference → image, [count · 9]. */
  rotations: Float32Array;
  /** In Å, [count · 2]. */
  shifts: Float32Array;
  /** CTF of a projection. Missing for projections without CTF. */
  ctf?: (i: number) => Ctf | undefined;
}

/** What to project. */
export interface ProjectionInput {
  model: GaussianModel;
  views: Views;
  engine: ProjectionEngine;
}

/** Floats of the transforms that are projected at a time. */
const batchFloats = 1 << 22;

/**
 * Projects a model in its own box, up to the last ring below the Nyquist frequency. `take` gets batches of images
 * [n · S · S] in the order of the views, which are valid until it returns.
 */
export async function projectImages(
  { model, views, engine }: ProjectionInput,
  take: (images: Float32Array) => Promise<void>,
  { signal, onProgress }: TaskOptions = {},
): Promise<void> {
  const size = model.boxSize;
  const boxLength = boxLengthOf(model);
  const layout = disc(Math.floor((size - 1) / 2));
  const perImage = 2 * layout.samples;
  const most = Math.max(1, Math.floor(batchFloats / perImage));
  const half = new Float32Array(2 * halfWidth(size) * size);
  for (let from = 0; from < views.count; from += most) {
    throwIfStopped(signal);
    const count = Math.min(most, views.count - from);
    const transforms = await engine.project(
      {
        count,
        gaussians: model.count,
        model: model.params,
        rotations: views.rotations.subarray(9 * from, 9 * (from + count)),
        shifts: views.shifts.subarray(2 * from, 2 * (from + count)).map((t) => t / boxLength),
      },
      { boxSize: size, rings: layout.rings },
    );
    const images = new Float32Array(count * size * size);
    for (let i = 0; i < count; i++) {
      const ctf = views.ctf?.(from + i);
      discToHalf(transforms.subarray(i * perImage, (i + 1) * perImage), layout.rings, size, half);
      half[0] = sumOf(model);
      if (ctf) multiplyByCtf(half, size, boxLength, new CtfEvaluator(ctf));
      shiftOrigin(half, [size, size, 1], "toCorner");
      ifft2Real(half, size, size, images.subarray(i * size * size, (i + 1) * size * size));
    }
    await take(images);
    onProgress?.({ task: "projections", done: from + count, total: views.count });
  }
}

/** The transform at the origin, which a disc does not contain: the sum over all pixels, Σ A (2πσ²)^{3/2}. */
function sumOf({ count, params }: GaussianModel): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += params[3 * count + i]! * (2 * Math.PI * params[4 * count + i]! ** 2) ** 1.5;
  }
  return sum;
}

function multiplyByCtf(half: Float32Array, size: number, boxLength: number, ctf: CtfEvaluator): void {
  const columns = halfWidth(size);
  for (let y = 0, i = 0; y < size; y++) {
    const ky = y < (size + 1) >> 1 ? y : y - size;
    for (let kx = 0; kx < columns; kx++, i += 2) {
      const value = ctf.at(kx / boxLength, ky / boxLength);
      half[i]! *= value;
      half[i + 1]! *= value;
    }
  }
}
