import { frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { type Gaussian, gaussianMap, projected } from "../maps/analytic.test.helper";
import type { Volume } from "../maps/volume";
import { emptyModel, type GaussianModel, Row } from "../model/gaussianModel";
import { randomRotation } from "../projection/examples";
import { Random } from "../random";
import type { ImageGroup, ImageSource } from "../reconstruction/imageSource";
import type { Motion } from "./motion";

const size = 32;
const apix = 3;
const sigma = 1.2;
/** Gaussians of the core, and of the domain that turns about z. */
const [core, domain] = [60, 40] as const;
/** Turn of the domain at place 1, in radians. */
const turn = 0.35;

function startModel(): GaussianModel {
  const random = new Random(3);
  const model = emptyModel(core + domain, size, apix);
  for (let i = 0; i < model.count; i++) {
    const middle = i < core ? -0.1 : 0.16;
    for (let axis = 0; axis < 3; axis++) {
      model.params[axis * model.count + i] = 0.11 * (2 * random.uniform() - 1) + (axis === 0 ? middle : 0);
    }
    model.params[Row.amplitude * model.count + i] = 0.5 + random.uniform();
    model.params[Row.sigma * model.count + i] = sigma;
  }
  return model;
}

const start = startModel();

/** The state at a place. */
export function stateAt(place: number): GaussianModel {
  const params = start.params.slice();
  const { count } = start;
  const [c, s] = [Math.cos(turn * place), Math.sin(turn * place)];
  for (let i = core; i < count; i++) {
    const [x, y] = [start.params[i]!, start.params[count + i]!];
    params[i] = c * x - s * y;
    params[count + i] = s * x + c * y;
  }
  return { ...start, params };
}

/** Index of the first Gaussian of the domain that turns. */
export const firstOfDomain = core;

/** The map of a state. */
export function mapAt(place: number): Volume {
  return { ...gaussianMap(gaussiansOf(stateAt(place)), sigma, size), apix };
}

function gaussiansOf({ count, params }: GaussianModel): Gaussian[] {
  return Array.from({ length: count }, (_, i) => ({
    centre: [params[i]!, params[count + i]!, params[2 * count + i]!],
    amplitude: params[Row.amplitude * count + i]!,
  }));
}

const group: ImageGroup = { boxSize: size, apix, phaseFlipped: false, ctfPremultiplied: false };

/** Particles at places, seen from random directions, without CTF, with white noise. */
export function movingParticles(
  places: Float32Array,
  noise: number,
): { source: ImageSource; motion: Motion } {
  const random = new Random(8);
  const rotations = Array.from(places, () => randomRotation(random));
  const images = Array.from(places, (place, i) => {
    const half = new Float64Array(2 * halfWidth(size) * size);
    const gaussians = gaussiansOf(stateAt(place));
    for (let y = 0, to = 0; y < size; y++) {
      for (let kx = 0; kx < halfWidth(size); kx++, to += 2) {
        const ky = frequency(y, size);
        if (Math.hypot(kx, ky) >= size / 2) continue;
        [half[to], half[to + 1]] = projected(gaussians, { sigma, size, rotation: rotations[i]! }, kx, ky);
      }
    }
    shiftOrigin(half, [size, size, 1], "toCorner");
    return Float32Array.from(ifft2Real(half, size, size), (x) => x + noise * random.normal());
  });
  const source: ImageSource = {
    count: places.length,
    boxSize: size,
    apix,
    opticsGroup: () => group,
    rotations: () => Float32Array.from(rotations.flat()),
    shifts: () => new Float32Array(2 * places.length),
    ctf: () => undefined,
    readGroupImages: async (indices) => {
      const all = new Float32Array(indices.length * size * size);
      for (let n = 0; n < indices.length; n++) all.set(images[indices[n]!]!, n * size * size);
      return all;
    },
  };
  return { source, motion: { latent: 1, places, decode: (place) => stateAt(place[0]!) } };
}
