import { disc, sampleIndex } from "../../fourier/disc";
import { ParticleBatches } from "../batches";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";
import { evenly } from "./sample";

/** Particles from which the correlation is estimated. */
const sampleSize = 64;
/** Innermost ring: further in, the molecule itself differs between neighbours. */
const firstRing = 4;
/** Correlation below which neighbouring samples count as independent: what the model does not explain is correlated, too. */
const independent = 0.15;

/**
 * Width of fields of samples with independent noise: 1, or ⌈box / mask diameter⌉ for images that were masked by a disc, whose
 * neighbouring Fourier samples are correlated.
 * @param model the Gaussians that are subtracted from the images, [5N]
 */
export async function independentBlock(
  context: ProjectionContext,
  model: Float32Array,
  particles: Int32Array,
): Promise<number> {
  const correlation = await neighbourCorrelation(context, model, evenly(particles, sampleSize));
  if (!(correlation > independent)) return 1;
  return Math.max(2, Math.ceil(1 / diameterOf(correlation)));
}

/** Correlation of neighbouring samples of images less their projections, along kx and ky. */
async function neighbourCorrelation(
  context: ProjectionContext,
  model: Float32Array,
  particles: Int32Array,
): Promise<number> {
  const { targets, neutral, engine } = context;
  const { rings } = targets;
  const { samples, ring, multiplicity } = disc(rings);
  const models = onBase(context, particles, model);
  const batch = await new ParticleBatches(targets).load(particles, neutral.count, models);
  const projections = await engine.project(batch, { boxSize: neutral.boxSize, rings });
  let [product, power] = [0, 0];
  for (let b = 0; b < particles.length; b++) {
    const image = batch.targets.subarray(2 * b * samples, 2 * (b + 1) * samples);
    const rest = residual(image, projections.subarray(2 * b * samples, 2 * (b + 1) * samples), rings);
    const inside = (i: number) => multiplicity[i]! > 0 && ring[i]! >= firstRing;
    for (let kx = 0; kx < rings; kx++) {
      for (let ky = -rings; ky < rings; ky++) {
        const here = sampleIndex(rings, kx, ky);
        if (!inside(here)) continue;
        for (const next of [sampleIndex(rings, kx + 1, ky), sampleIndex(rings, kx, ky + 1)]) {
          if (!inside(next)) continue;
          product += rest[2 * here]! * rest[2 * next]! + rest[2 * here + 1]! * rest[2 * next + 1]!;
          power += (rest[2 * here]! ** 2 + rest[2 * here + 1]! ** 2) / 2;
          power += (rest[2 * next]! ** 2 + rest[2 * next + 1]! ** 2) / 2;
        }
      }
    }
  }
  return product / power;
}

/** An image less its projection, each ring at the scale of the other, in units of equal power per sample. */
function residual(image: Float32Array, projection: Float32Array, rings: number): Float32Array {
  const { samples, ring, multiplicity, samplesInRing } = disc(rings);
  const cross = new Float64Array(rings + 1);
  const power = new Float64Array(rings + 1);
  for (let i = 0; i < samples; i++) {
    const [re, im] = [projection[2 * i]!, projection[2 * i + 1]!];
    cross[ring[i]!]! += multiplicity[i]! * (re * image[2 * i]! + im * image[2 * i + 1]!);
    power[ring[i]!]! += multiplicity[i]! * (re * re + im * im);
  }
  return image.map((value, at) => {
    const r = ring[at >> 1]!;
    const scale = power[r]! > 0 ? cross[r]! / power[r]! : 0;
    return (value - scale * projection[at]!) * Math.sqrt(samplesInRing[r]!);
  });
}

/** The diameter, as a fraction of the box, of a disc whose transform is `correlation` at the next sample: 2·J₁(πx)/(πx). */
function diameterOf(correlation: number): number {
  let [low, high] = [0.05, 1.2];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (airy(Math.PI * middle) > correlation) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** 2·J₁(x)/x by its series, for x below 4. */
function airy(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; k < 20; k++) {
    term *= -(x * x) / 4 / (k * (k + 1));
    sum += term;
  }
  return sum;
}
