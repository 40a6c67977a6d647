import type { Figure } from "../display/figure";
import { type LabelledImage, montageFigure } from "../display/montageFigure";
import { InputError } from "../errors";
import { halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { resampler } from "../fourier/resample";
import type { MapImage } from "../maps/sections";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { projectionTransform } from "../model/projectionTransform";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import type { ParticleSet } from "../particles/particleSet";

/** Pairs of pictures in a montage. */
const MOST_PAIRS = 12;
const PAIRS_IN_A_ROW = 3;

/**
 * Some particles of a set, spread evenly over it, each beside the projection, in its pose and with its CTF, of the model at
 * its place in the latent space. Images are brought to the pixels of the model, which takes away what is finer.
 *
 * @param decode the model of a particle
 * @throws InputError for an empty set, and where images are missing or broken
 */
export async function particleMontage(
  particles: ParticleSet,
  rows: Uint32Array,
  decode: (row: number) => GaussianModel,
  title: string,
): Promise<Figure> {
  if (rows.length === 0) throw InputError.of(`There are no particles in “${title}”.`);
  const pairs = Math.min(MOST_PAIRS, rows.length);
  const shown = Array.from({ length: pairs }, (_, i) => rows[Math.floor((i * rows.length) / pairs)]!);
  const rotations = particles.rotations();
  const shifts = particles.shifts();
  const pictures: LabelledImage[] = [];
  // All at once: while images are read, a training that goes on may put another model in the place of this one
  const models = shown.map(decode);
  for (const [i, row] of shown.entries()) {
    const model = models[i]!;
    const [particle, projection] = [
      await particleImage(particles, row, model.boxSize, model.apix),
      projectionImage(
        model,
        rotations.subarray(9 * row, 9 * row + 9),
        shifts.subarray(2 * row, 2 * row + 2),
        particles.ctf(row),
      ),
    ];
    pictures.push({ label: `particle ${row}`, image: particle }, { label: "model", image: projection });
  }
  return montageFigure(pictures, {
    title,
    columns: 2 * Math.min(PAIRS_IN_A_ROW, pairs),
    size: 104,
  });
}

/** One particle in pixels of `apix` Å. @throws InputError where its image is missing or broken */
export async function particleImage(
  particles: ParticleSet,
  row: number,
  size: number,
  apix: number,
): Promise<MapImage> {
  const [image, data] = [await particles.readImages([row]), new Float32Array(size * size)];
  resampler(particles, { boxSize: size, apix })(image, 0, data, 0);
  return { data, width: size, height: size, apix };
}

/** The projection of a model in its own box, as the microscope shows it. */
function projectionImage(
  model: GaussianModel,
  rotation: Float32Array,
  shift: Float32Array,
  ctf: Ctf | undefined,
): MapImage {
  const size = model.boxSize;
  const boxLength = boxLengthOf(model);
  const half = new Float64Array(2 * halfWidth(size) * size);
  projectionTransform(model, { rotation, shift: [shift[0]! / boxLength, shift[1]! / boxLength] }, half);
  if (ctf) {
    const evaluator = new CtfEvaluator(ctf);
    for (let y = 0, i = 0; y < size; y++) {
      const ky = y < (size + 1) >> 1 ? y : y - size;
      for (let kx = 0; kx < halfWidth(size); kx++, i += 2) {
        const value = evaluator.at(kx / boxLength, ky / boxLength);
        half[i]! *= value;
        half[i + 1]! *= value;
      }
    }
  }
  shiftOrigin(half, [size, size, 1], "toCorner");
  const data = Float32Array.from(ifft2Real(half, size, size, new Float64Array(size * size)));
  return { data, width: size, height: size, apix: model.apix };
}
