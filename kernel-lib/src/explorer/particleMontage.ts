import type { Figure } from "../display/figure";
import { type LabelledImage, montageFigure } from "../display/montageFigure";
import { halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import type { MapImage } from "../maps/sections";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { projectionTransform } from "../model/projectionTransform";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import type { NamedSet } from "../workbench/setTable";
import type { ExploredRun } from "./exploredRun";
import { particleImage } from "./particleImages";

/** Particles in a montage, at most, and in one of its rows. */
const maxParticles = 12;
const particlesPerRow = 3;

/**
 * Some particles of a set, spread evenly over it, each beside the projection of the model at its latent coordinates, in the
 * particle's pose and with its CTF. Images are resampled to the pixel size of the model.
 *
 * @throws InputError if particles or model are not available, or images are missing or damaged
 */
export async function setMontage(explored: ExploredRun, { name, rows }: NamedSet): Promise<Figure> {
  const particles = explored.requireParticles();
  const run = explored.requireRun("model to compare with");
  const { latents, latent } = explored;
  const count = Math.min(maxParticles, rows.length);
  const shown = Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]!);
  const rotations = particles.rotations();
  const shifts = particles.shifts();
  const pictures: LabelledImage[] = [];
  // Decoded before any image is read: a training may replace the run meanwhile
  const models = shown.map((row) => run.decode(latents.subarray(latent * row, latent * (row + 1))));
  for (const [i, row] of shown.entries()) {
    const model = models[i]!;
    const rotation = rotations.subarray(9 * row, 9 * row + 9);
    const shift = shifts.subarray(2 * row, 2 * row + 2);
    pictures.push(
      { label: `particle ${row}`, image: await particleImage(particles, row, model.boxSize, model.apix) },
      { label: "model", image: projectionImage(model, { rotation, shift, ctf: particles.ctf(row) }) },
    );
  }
  return montageFigure(pictures, { title: name, columns: 2 * Math.min(particlesPerRow, count), size: 104 });
}

/** View of a particle: rotation [9] (reference → image), shift [2] in Å, and CTF. */
interface View {
  rotation: Float32Array;
  shift: Float32Array;
  ctf: Ctf | undefined;
}

/** The projection of a model in its own box, multiplied by the CTF. */
function projectionImage(model: GaussianModel, { rotation, shift, ctf }: View): MapImage {
  const size = model.boxSize;
  const boxLength = boxLengthOf(model);
  const half = new Float64Array(2 * halfWidth(size) * size);
  projectionTransform(model, { rotation, shift: [shift[0]! / boxLength, shift[1]! / boxLength] }, half);
  if (ctf) multiplyByCtf(half, size, boxLength, ctf);
  shiftOrigin(half, [size, size, 1], "toCorner");
  const data = Float32Array.from(ifft2Real(half, size, size, new Float64Array(size * size)));
  return { data, width: size, height: size, apix: model.apix };
}

/** @param half transform of an image of `size` pixels and `boxLength` Å, half plane kx ≥ 0 */
function multiplyByCtf(half: Float64Array, size: number, boxLength: number, ctf: Ctf): void {
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
