import { frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { type Gaussian, gaussianMap, projected } from "../maps/analytic.test.helper";
import type { Volume } from "../maps/volume";
import { emptyModel, type GaussianModel, Row } from "../model/gaussianModel";
import { pointGroup, product, turned } from "../optics/symmetry";
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
export const mapAt = (place: number): Volume => mapOf(stateAt(place));

/** The map of a model with Gaussians of this helper. */
export const mapOf = (model: GaussianModel): Volume => ({
  ...gaussianMap(gaussiansOf(model), sigma, size),
  apix,
});

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
  const models = Array.from(places, (place) => stateAt(place));
  return {
    source: particlesOf(models, noise),
    motion: { latent: 1, places, decode: (place) => stateAt(place[0]!) },
  };
}

/** Operators of C3 about z. */
export const threefold = pointGroup("C3");
/** How far units are from the axis, and how much smaller than the molecule without symmetry. */
const [away, smaller] = [0.17, 0.6];

/** A molecule of three units, each like {@link stateAt} a place, smaller and away from the axis. */
export function unitsAt(places: readonly number[]): GaussianModel {
  const units = places.map((place) => stateAt(place));
  const n = start.count;
  const whole = emptyModel(n * units.length, size, apix);
  for (const [g, unit] of units.entries()) {
    for (let i = 0; i < n; i++) {
      const own = [0, 1, 2].map((axis) => smaller * unit.params[axis * n + i]! + (axis === 0 ? away : 0));
      const [x, y, z] = turned(threefold.operators[g]!, own as [number, number, number]);
      for (const [axis, c] of [x, y, z].entries()) whole.params[axis * whole.count + g * n + i] = c;
      for (const row of [Row.amplitude, Row.sigma])
        whole.params[row * whole.count + g * n + i] = unit.params[row * n + i]!;
    }
  }
  return whole;
}

/** Symmetry copies of particles of three units, one after the other; places of all units, [particles · 3]. */
export function symmetricParticles(
  places: Float32Array,
  noise: number,
): { source: ImageSource; motion: Motion } {
  const particles = places.length / 3;
  const unitsOf = (i: number) => [...places.subarray(3 * i, 3 * i + 3)];
  const models = Array.from({ length: particles }, (_, i) => unitsAt(unitsOf(i)));
  const own = particlesOf(models, noise);
  const rotations = own.rotations();
  const copies = Float32Array.from(
    Array.from({ length: places.length }, (_, k) => {
      const i = Math.floor(k / 3);
      return [...product(rotations.subarray(9 * i, 9 * i + 9), threefold.operators[k % 3]!)];
    }).flat(),
  );
  const source: ImageSource = {
    ...own,
    count: places.length,
    images: Int32Array.from(places, (_, k) => Math.floor(k / 3)),
    rotations: () => copies,
    shifts: () => new Float32Array(2 * places.length),
    readGroupImages: (indices) => own.readGroupImages(Array.from(indices, (k) => Math.floor(k / 3))),
  };
  // As runs with symmetry decode: the first unit, the others at the neutral model.
  const decode = (place: ArrayLike<number>) => unitsAt([place[0]!, 0, 0]);
  return {
    source,
    motion: { latent: 1, places, decode, unit: { group: threefold, gaussians: start.count } },
  };
}

function particlesOf(models: readonly GaussianModel[], noise: number): ImageSource {
  const random = new Random(8);
  const rotations = models.map(() => randomRotation(random));
  const images = models.map((model, i) => {
    const half = new Float64Array(2 * halfWidth(size) * size);
    const gaussians = gaussiansOf(model);
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
  return {
    count: models.length,
    boxSize: size,
    apix,
    opticsGroup: () => group,
    rotations: () => Float32Array.from(rotations.flat()),
    shifts: () => new Float32Array(2 * models.length),
    ctf: () => undefined,
    readGroupImages: async (indices) => {
      const all = new Float32Array(indices.length * size * size);
      for (let n = 0; n < indices.length; n++) all.set(images[indices[n]!]!, n * size * size);
      return all;
    },
  };
}
