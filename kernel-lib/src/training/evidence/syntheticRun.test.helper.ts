import { disc } from "../../fourier/disc";
import { normalizeRings } from "../../fourier/imageTransform";
import type { ParticleTargets } from "../../particles/targets";
import { randomRotation } from "../../projection/examples";
import { WasmEngine } from "../../projection/wasm";
import { Random } from "../../random";
import { fixedModel, type PlaceDecoder } from "../posterior/decoders";
import { PointLayout } from "../posterior/poseOffsets";
import { RingWeights } from "../weights";
import type { EvidenceContext } from "./measureEvidence";

/*
 * Noisy particles of a known molecule, and a decoder that is known, so that the evidence can be tested without a training.
 */

export const gaussians = 40;
const boxSize = 24;
const apix = 4;
const rings = 10;
const layout = new PointLayout(2, { rotation: true, shift: true });

/** How synthetic particles differ from what the decoder and the file say. */
export interface SyntheticOptions {
  /** Particles. Default 160, of which half are held out. */
  count?: number;
  /** Motion of the first domain along x per standard deviation of z₁, in box units. Default 0. */
  motion?: number;
  /** Fraction of the particles that are in a state at z₁ = 3, all others at 0. Default: z₁ is normally distributed. */
  rare?: number | undefined;
  /** Errors of the poses: rotation in radians, shift in box units. Default 0. */
  turned?: number;
  shifted?: number;
  /** Width of a soft circular mask on the images, as a fraction of the box. Default: not masked. */
  mask?: number;
  /** Expected FRC of every ring. Default 0.35. */
  frc?: number;
  /** Factor on the signal to noise ratio that the weights assume. Default 1. */
  assumed?: number;
  seed?: number;
}

/** The molecule: two domains beside each other, [5N]. */
function molecule(): Float32Array {
  const random = new Random(8);
  const params = new Float32Array(5 * gaussians);
  for (let i = 0; i < gaussians; i++) {
    params[i] = (i < gaussians / 3 ? -0.14 : 0.1) + 0.06 * random.normal();
    params[gaussians + i] = 0.07 * random.normal();
    params[2 * gaussians + i] = 0.07 * random.normal();
    params[3 * gaussians + i] = 1;
    params[4 * gaussians + i] = 1.2;
  }
  return params;
}

/**
 * A decoder of two axes: the first moves the first third of the Gaussians along x, as in the particles; the second moves
 * all of the others along y, which no particle does.
 */
function decoderOf(params: Float32Array, motion: number): PlaceDecoder {
  return {
    latent: 2,
    decode: (z, count) => {
      const models = fixedModel(params).decode(new Float32Array(0), count);
      for (let b = 0; b < count; b++) {
        for (let i = 0; i < gaussians; i++) {
          const first = i < gaussians / 3;
          const at = 5 * gaussians * b + i;
          if (first) models[at]! += motion * z[2 * b]!;
          else models[at + gaussians]! += 0.02 * z[2 * b + 1]!;
        }
      }
      return models;
    },
  };
}

/** A run that was trained without error. */
export interface SyntheticRun {
  context: EvidenceContext;
  /** True z₁ of each particle. */
  truth: Float32Array;
  close(): Promise<void>;
}

/** Particles and decoder. The decoder moves its first axis by 0.03 box units where the particles do not move. */
export async function syntheticRun(options: SyntheticOptions = {}): Promise<SyntheticRun> {
  const {
    count = 160,
    motion = 0,
    turned = 0,
    shifted = 0,
    frc = 0.35,
    assumed = 1,
    mask,
    rare,
    seed = 1,
  } = options;
  const random = new Random(seed);
  const params = molecule();
  const engine = new WasmEngine({ threads: 1 });
  const rotations = new Float32Array(9 * count);
  const shifts = new Float32Array(2 * count);
  const points = new Float32Array(layout.width * count);
  for (let i = 0; i < count; i++) {
    rotations.set(randomRotation(random), 9 * i);
    const offsets = [turned, turned, turned, shifted, shifted].map((size) => size * random.normal());
    const z = rare === undefined ? random.normal() : (i * rare) % 1 < rare ? 3 : 0;
    points.set([z, 0, ...offsets], layout.width * i);
  }
  const places = layout.places(points);
  const right = { rotations: rotations.slice(), shifts: shifts.slice() };
  for (let i = 0; i < count; i++) {
    layout.apply(points.subarray(layout.width * i, layout.width * (i + 1)), {
      rotation: right.rotations.subarray(9 * i, 9 * i + 9),
      shift: right.shifts.subarray(2 * i, 2 * i + 2),
    });
  }
  const model = decoderOf(params, motion).decode(places, count);
  const images = await engine.project({ count, gaussians, model, ...right }, { boxSize, rings });
  addNoise(images, frc, random, mask);
  const neutral = { count: gaussians, params, boxSize, apix };
  const power = frc ** 2 / (1 - frc ** 2);
  const believed = Math.sqrt((assumed * power) / (1 + assumed * power));
  const weights = new RingWeights({
    weighting: "information",
    meanFrc: new Float64Array(rings + 1).fill(believed),
    ...{ ctfPower: new Float32Array(count * (rings + 1)).fill(1), particles: count },
  });
  const half = count >> 1;
  const context: EvidenceContext = {
    ...{ neutral, engine, weights, vary: ["position", "amplitude"] },
    targets: targetsOf(images, { count, rotations, shifts }),
    decoder: decoderOf(params, motion || 0.03),
    population: {
      ...{ latent: 2, members: range(half, count) },
      mean: Float32Array.from({ length: 2 * count }, (_, i) =>
        rare !== undefined && i % 2 === 0 ? 0.8 * places[i]! + 0.4 * random.normal() : 0.9 * random.normal(),
      ),
      standardDeviation: new Float32Array(2 * count).fill(0.4),
    },
    heldOut: range(0, half),
  };
  return { context, truth: places.filter((_, i) => i % 2 === 0), close: () => engine.dispose() };
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

function targetsOf(
  images: Float32Array,
  poses: { count: number; rotations: Float32Array; shifts: Float32Array },
): ParticleTargets {
  const width = images.length / poses.count;
  return {
    ...{ ...poses, boxSize, apix, rings, inMemory: true, ctfPower: new Float32Array(0) },
    batch: async (indices) => {
      const out = new Float32Array(indices.length * width);
      for (let i = 0; i < indices.length; i++) {
        out.set(images.subarray(indices[i]! * width, (indices[i]! + 1) * width), i * width);
      }
      return out;
    },
    dispose: async () => undefined,
  };
}

/** Adds white noise to transforms of unit ring norm, in place, so that their correlation with the signal is `frc`. */
function addNoise(images: Float32Array, frc: number, random: Random, mask: number | undefined): void {
  const { samples, ring, multiplicity, samplesInRing } = disc(rings);
  for (let at = 0; at < images.length; at += 2 * samples) {
    const image = images.subarray(at, at + 2 * samples);
    normalizeRings(image, 0, disc(rings));
    const noise = mask === undefined ? whiteNoise(random) : maskedNoise(random, mask);
    for (let i = 0; i < samples; i++) {
      if (multiplicity[i] === 0) continue;
      const scale = Math.sqrt((1 - frc * frc) / samplesInRing[ring[i]!]! / 4);
      for (const part of [2 * i, 2 * i + 1]) image[part] = frc * image[part]! + scale * noise[part]!;
    }
    normalizeRings(image, 0, disc(rings));
  }
}

/** Noise of unit variance in each part of each sample; Friedel mates of the column kx = 0 agree. */
function whiteNoise(random: Random): Float32Array {
  const noise = Float32Array.from({ length: 2 * disc(rings).samples }, () => random.normal());
  for (let ky = 1; ky <= rings; ky++) {
    noise[2 * (rings - ky)] = noise[2 * (rings + ky)]!;
    noise[2 * (rings - ky) + 1] = -noise[2 * (rings + ky) + 1]!;
  }
  return noise;
}

/** White noise of an image that is multiplied by a disc, as wide as a fraction of the box. */
function maskedNoise(random: Random, width: number): Float32Array {
  const n = boxSize;
  const pixels: [x: number, y: number, value: number][] = [];
  for (let y = -n / 2; y < n / 2; y++) {
    for (let x = -n / 2; x < n / 2; x++) {
      const value = random.normal();
      if (Math.hypot(x, y) <= (width * n) / 2) pixels.push([x, y, value]);
    }
  }
  const noise = new Float32Array(2 * disc(rings).samples);
  const unit = Math.sqrt(2 / pixels.length);
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const i = 2 * (kx * (2 * rings + 1) + ky + rings);
      for (const [x, y, value] of pixels) {
        const phase = (-2 * Math.PI * (kx * x + ky * y)) / n;
        noise[i]! += unit * value * Math.cos(phase);
        noise[i + 1]! += unit * value * Math.sin(phase);
      }
    }
  }
  return noise;
}
