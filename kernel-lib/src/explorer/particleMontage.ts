import type { Figure } from "../display/figure";
import { type LabelledImage, montageFigure } from "../display/montageFigure";
import { halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import type { MapImage } from "../maps/sections";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { projectionTransform } from "../model/projectionTransform";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import type { ParticleSet } from "../particles/particleSet";
import type { NamedSet } from "../workbench/setTable";
import type { ExploredRun } from "./exploredRun";
import { particleImage } from "./particleImages";

/** Particles in a montage, at most, and in one of its rows. */
const maxParticles = 12;
const particlesPerRow = 3;
/** Particles of tilt series in a montage, at most, and tilts of each. */
const maxSeries = 6;
const tiltsShown = 4;

/**
 * Some particles of a set, spread evenly over it, each beside the projection of the model at its latent coordinates, in the
 * particle's pose and with its CTF. Of tilt series each row shows some tilts of a particle. Images are resampled to the pixel size of
 * the model.
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
  if (particles.tilts() !== particles) {
    const some = shown.slice(0, maxSeries);
    for (const [i, row] of some.entries()) pictures.push(...(await tiltPictures(particles, row, models[i]!)));
    return montageFigure(pictures, { title: name, columns: 2 * tiltsShown, size: 104 });
  }
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

/**
 * Tilts of a particle, spread evenly over its series in the order of their exposure, each beside the projection of the model; labelled
 * with the particle and the exposure in e/Å². A particle with fewer tilts is shown with its first one again, so that each has a row.
 */
async function tiltPictures(
  particles: ParticleSet,
  row: number,
  model: GaussianModel,
): Promise<LabelledImage[]> {
  const images = particles.select([row]).tilts();
  const order = Array.from({ length: images.count }, (_, i) => i);
  const dose = order.map((i) => images.ctf(i)?.dose ?? 0);
  order.sort((a, b) => dose[a]! - dose[b]!);
  const [rotations, shifts] = [images.rotations(), images.shifts()];
  const pictures: LabelledImage[] = [];
  for (let k = 0; k < tiltsShown; k++) {
    const i =
      order[images.count < tiltsShown ? k % images.count : Math.floor((k * images.count) / tiltsShown)]!;
    const view = {
      rotation: rotations.subarray(9 * i, 9 * i + 9),
      shift: shifts.subarray(2 * i, 2 * i + 2),
      ctf: images.ctf(i),
    };
    const exposure = `${Math.round(dose[i]!)} e/Å²`;
    pictures.push(
      {
        label: k === 0 ? `${row}: ${exposure}` : exposure,
        image: await particleImage(images, i, model.boxSize, model.apix),
      },
      { label: "model", image: projectionImage(model, view) },
    );
  }
  return pictures;
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
