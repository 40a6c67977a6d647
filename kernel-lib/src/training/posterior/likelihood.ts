import type { LatentModel } from "../../network/latentModel";
import { product, transposed } from "../../optics/symmetry";
import { productNumbers } from "../../projection/products";
import { gatherRows, ParticleBatches } from "../batches";
import type { TrainingDevice } from "../device/device";
import { deviceOf } from "../device/deviceOf";
import { ImageGroups } from "../imageGroups";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import { BatchCache } from "./batchCache";
import { decoderOf, type PlaceDecoder } from "./decoders";
import type { HalfSamples } from "./halfSamples";
import { PointLayout, type PoseFreedom } from "./poseOffsets";
import type { LatentLikelihood, LocalLikelihood } from "./posterior";
import { type BatchPoses, Variants } from "./variants";

/** What a {@link latentLikelihood} is defined by. */
export interface LikelihoodContext extends ProjectionContext {
  model: LatentModel;
  weights: RingWeights;
}

/** What a {@link PlaceLikelihood} is defined by. */
export interface PlaceContext extends ProjectionContext {
  decoder: PlaceDecoder;
  weights: Pick<RingWeights, "of" | "expectedFrc">;
  /** What is unknown of the pose. Default: nothing. */
  pose?: PoseFreedom | undefined;
  /** The Fourier samples to use. Default: all. */
  half?: HalfSamples | undefined;
}

/** Scores of particles at their points. */
export interface PointScores {
  /** Log-likelihood, [B]. */
  score: Float32Array;
  /** Part of each ring in it, [B · (rings + 1)]; 0 in ring 0. */
  ofRing: Float32Array;
}

/** The log-likelihood of particles as a function of z, given a trained model; see {@link PlaceLikelihood}. */
export function latentLikelihood({ model, ...context }: LikelihoodContext): LatentLikelihood {
  return new PlaceLikelihood({ ...context, decoder: decoderOf(model) });
}

/**
 * The log-likelihood of particles as a function of place and pose, given a decoder and ring weights: L = Σ_r w_r·FRC_r. A
 * point has the numbers of {@link PointLayout}.
 *
 * Its derivatives need no gradient of the projections. The models at a point and a small step along each of its numbers are
 * projected; the inner products of the projections give the change of every FRC, and the expected curvature (Fisher
 * information): for an image whose correlation with the truth is f_r, −∂²L/∂u_d∂u_e = Σ_r w_r·f_r·Re⟨∂_d P̂, ∂_e P̂⟩_r, with
 * P̂ = P/|P|_r. It is never negative and does not depend on the noise of the image. D numbers need D + 1 projections.
 *
 * Of tilt series a particle is given by any of its images, and everything is a sum over them. Its pose offsets turn and move the
 * particle in the frame of its first image, and all others with it.
 */
export class PlaceLikelihood implements LatentLikelihood {
  /** Meaning of the numbers of a point. */
  readonly layout: PointLayout;
  private readonly cache: BatchCache;
  private readonly rings: number;
  private readonly variants: Variants;
  private readonly device: TrainingDevice;
  /** Images of each particle, over which its log-likelihood is the sum. */
  private readonly groups: ImageGroups | undefined;

  constructor(private readonly context: PlaceContext) {
    const { targets, neutral, decoder, half } = context;
    this.cache = new BatchCache(new ParticleBatches(targets), neutral.count, half);
    this.layout = new PointLayout(decoder.latent, context.pose ?? { rotation: false, shift: false });
    this.rings = targets.rings;
    this.groups = ImageGroups.of(targets);
    this.device = deviceOf(context.engine);
    this.variants = new Variants(decoder, this.layout, neutral);
  }

  /** Models per particle that {@link local} projects. */
  get modelsPerParticle(): number {
    return this.variants.count;
  }

  async shared(particles: Int32Array, z: Float32Array): Promise<Float32Array> {
    const { groups } = this;
    if (!groups) return (await this.evaluate(particles, z)).score;
    const score = new Float32Array(particles.length);
    for (const { images, rows } of this.parts(groups, particles)) {
      const found = await this.evaluate(images, z);
      rows.forEach((row, i) => {
        score[row]! += found.score[i]!;
      });
    }
    return score;
  }

  /** The images of particles in parts of limited size, and for each image the row of its particle. */
  private *parts(
    groups: ImageGroups,
    particles: Int32Array,
  ): Generator<{ images: Int32Array; rows: Int32Array }> {
    const { images, rowOf } = groups.imagesOf(particles);
    const step = particlesPerPass(this.context.neutral.count * this.variants.count);
    for (let from = 0; from < images.length; from += step) {
      yield { images: images.slice(from, from + step), rows: rowOf.slice(from, from + step) };
    }
  }

  /** Score and, by ring, FRC of particles at places, valid until the next call. */
  private async evaluate(
    particles: Int32Array,
    places: Float32Array,
    points?: Float32Array,
  ): Promise<{ score: Float32Array; frc: Float32Array; ringWeights: Float32Array }> {
    const { context, rings } = this;
    const { neutral, half, decoder } = context;
    const ringWeights = this.weightsOf(particles);
    const loaded = await this.cache.load(particles);
    const poses = points && this.posesOf(particles, points);
    const found = await this.device.evaluate(
      { context, decoder, particles: loaded, places, poses },
      { boxSize: neutral.boxSize, rings, ringWeights, inside: half?.inside },
    );
    return { ...found, ringWeights };
  }

  /** Weights of the rings of some particles, [B · (rings + 1)]. */
  private weightsOf(particles: Int32Array): Float32Array {
    const ringWeights = this.context.weights.of(particles);
    return this.context.half?.weigh(ringWeights) ?? ringWeights;
  }

  /** Log-likelihood of each particle at its own point [B · width], also by ring. The arrays belong to the caller. */
  async scores(particles: Int32Array, points: Float32Array): Promise<PointScores> {
    const { groups, layout, rings } = this;
    if (!groups) return this.imageScores(particles, points);
    const width = rings + 1;
    const all = {
      score: new Float32Array(particles.length),
      ofRing: new Float32Array(particles.length * width),
    };
    for (const { images, rows } of this.parts(groups, particles)) {
      const found = await this.imageScores(images, gatherRows(points, layout.width, rows));
      rows.forEach((row, i) => {
        all.score[row]! += found.score[i]!;
        for (let r = 0; r < width; r++) all.ofRing[row * width + r]! += found.ofRing[i * width + r]!;
      });
    }
    return all;
  }

  private async imageScores(particles: Int32Array, points: Float32Array): Promise<PointScores> {
    const { rings, layout } = this;
    const { score, frc, ringWeights } = await this.evaluate(particles, layout.places(points), points);
    return {
      score: score.slice(),
      ofRing: frc.map((value, i) => (i % (rings + 1) === 0 ? 0 : value * ringWeights[i]!)),
    };
  }

  /** Rotations [B · 9] and shifts in box units [B · 2] of particles at their points [B · width]. */
  posesOf(particles: Int32Array, points: Float32Array): BatchPoses {
    const own = this.turned(this.givenPoses(particles), points);
    return this.groups && this.layout.width > this.layout.latent
      ? this.alongWithHeads(particles, points, own)
      : own;
  }

  /** Rotations of the frames in which offsets of the pose are given: of the particles' heads at their points, [B · 9]. */
  private framesOf(particles: Int32Array, points: Float32Array): Float32Array | undefined {
    const { groups, layout } = this;
    if (!groups || layout.width === layout.latent) return undefined;
    const heads = particles.map((image) => groups.headOf(image));
    return this.turned(this.givenPoses(heads), points).rotations;
  }

  /** Poses of images whose particle is turned and moved as it is in the pose of its head: W·R and t + W·shift, W from there to here. */
  private alongWithHeads(particles: Int32Array, points: Float32Array, own: BatchPoses): BatchPoses {
    const { groups, layout } = this;
    const given = this.givenPoses(particles);
    const heads = this.givenPoses(particles.map((image) => groups!.headOf(image)));
    const turned = this.turned(heads, points);
    for (let i = 0; i < particles.length; i++) {
      const head = heads.rotations.subarray(9 * i, 9 * i + 9);
      const way = product(given.rotations.subarray(9 * i, 9 * i + 9), transposed(head));
      own.rotations.set(product(way, turned.rotations.subarray(9 * i, 9 * i + 9)), 9 * i);
      if (layout.shift < 0) continue;
      const [x, y] = [0, 1].map((axis) => points[i * layout.width + layout.shift + axis]!) as [
        number,
        number,
      ];
      own.shifts[2 * i] = given.shifts[2 * i]! + way[0]! * x + way[1]! * y;
      own.shifts[2 * i + 1] = given.shifts[2 * i + 1]! + way[3]! * x + way[4]! * y;
    }
    return own;
  }

  /** Poses of the targets. */
  private givenPoses(particles: Int32Array): BatchPoses {
    const { targets } = this.context;
    const rotations = new Float32Array(9 * particles.length);
    const shifts = new Float32Array(2 * particles.length);
    for (const [i, particle] of particles.entries()) {
      rotations.set(targets.rotations.subarray(9 * particle, 9 * particle + 9), 9 * i);
      shifts.set(targets.shifts.subarray(2 * particle, 2 * particle + 2), 2 * i);
    }
    return { rotations, shifts };
  }

  private turned(poses: BatchPoses, points: Float32Array): BatchPoses {
    const { layout } = this;
    if (layout.width === layout.latent) return poses;
    const rotations = poses.rotations.slice();
    const shifts = poses.shifts.slice();
    for (let i = 0; 9 * i < rotations.length; i++) {
      layout.apply(points.subarray(i * layout.width, (i + 1) * layout.width), {
        rotation: rotations.subarray(9 * i, 9 * i + 9),
        shift: shifts.subarray(2 * i, 2 * i + 2),
      });
    }
    return { rotations, shifts };
  }

  async local(particles: Int32Array, points: Float32Array): Promise<LocalLikelihood> {
    const { groups, layout } = this;
    if (!groups) return this.imageLocal(particles, points);
    const { width } = layout;
    const count = particles.length;
    const all: LocalLikelihood = {
      value: new Float32Array(count),
      gradient: new Float32Array(count * width),
      curvature: new Float32Array(count * width * width),
    };
    for (const { images: part, rows } of this.parts(groups, particles)) {
      const found = await this.imageLocal(part, gatherRows(points, width, rows));
      for (const [name, size] of [
        ["value", 1],
        ["gradient", width],
        ["curvature", width * width],
      ] as const) {
        rows.forEach((row, i) => {
          for (let k = 0; k < size; k++) all[name][row * size + k]! += found[name][i * size + k]!;
        });
      }
    }
    return all;
  }

  private async imageLocal(particles: Int32Array, points: Float32Array): Promise<LocalLikelihood> {
    const { context, rings, variants } = this;
    const { neutral, half, decoder } = context;
    const { width } = this.layout;
    const b = particles.length;
    const poses = this.posesOf(particles, points);
    const loaded = await this.cache.load(particles);
    const products = await this.device.products(
      {
        context,
        decoder,
        particles: loaded,
        poses,
        variants,
        points,
        frames: this.framesOf(particles, points),
      },
      { boxSize: neutral.boxSize, rings, inside: half?.inside },
    );
    const ringWeights = this.weightsOf(particles);
    const result: LocalLikelihood = {
      value: new Float32Array(b),
      gradient: new Float32Array(b * width),
      curvature: new Float32Array(b * width * width),
    };
    const numbers = (rings + 1) * productNumbers(variants.count);
    for (let i = 0; i < b; i++) {
      const own = {
        particle: particles[i]!,
        products: products.subarray(i * numbers, (i + 1) * numbers),
        ringWeights: ringWeights.subarray(i * (rings + 1), (i + 1) * (rings + 1)),
      };
      this.differentiate(this.sumOverRings(own), i, result);
    }
    return result;
  }

  /** Scores of all variants of a particle, [width + 1], and the expected curvature, lower triangle of [width · width]. */
  private sumOverRings({ particle, products, ringWeights }: ParticleProducts): RingSums {
    const { rings } = this;
    const { width } = this.layout;
    const { count: variants, steps } = this.variants;
    const numbers = productNumbers(variants);
    const score = new Float64Array(variants);
    const curvature = new Float64Array(width * width);
    for (let r = 1; r <= rings; r++) {
      const weight = ringWeights[r]!;
      const at = r * numbers;
      // All products of a ring without signal are 0.
      if (weight === 0 || products[at + variants] === 0) continue;
      const onTarget = (v: number) => products[at + v]!;
      const product = (v: number, w: number) => products[at + variants + triangleIndex(v, w, variants)]!;
      const expected = weight * this.context.weights.expectedFrc(particle, r);
      score[0]! += weight * onTarget(0);
      for (let d = 0; d < width; d++) {
        const along = product(0, d + 1);
        const norm = Math.sqrt(Math.max(1 + 2 * along + product(d + 1, d + 1), Number.EPSILON));
        score[d + 1]! += (weight * (onTarget(0) + onTarget(d + 1))) / norm;
        for (let e = 0; e <= d; e++) {
          const information = expected / (steps[d]! * steps[e]!);
          curvature[d * width + e]! += information * (product(e + 1, d + 1) - along * product(0, e + 1));
        }
      }
    }
    return { score, curvature };
  }

  /** Writes value, gradient and curvature of particle i. */
  private differentiate({ score, curvature }: RingSums, i: number, result: LocalLikelihood): void {
    const { width } = this.layout;
    result.value[i] = score[0]!;
    for (let d = 0; d < width; d++) {
      const step = this.variants.steps[d]!;
      // The forward difference is the gradient half a step ahead; the curvature corrects for it.
      const ahead = (score[d + 1]! - score[0]!) / step;
      result.gradient[i * width + d] = ahead + (step / 2) * curvature[d * width + d]!;
      for (let e = 0; e <= d; e++) {
        result.curvature[(i * width + d) * width + e] = curvature[d * width + e]!;
        result.curvature[(i * width + e) * width + d] = curvature[d * width + e]!;
      }
    }
  }
}

/** Inner products and weights of one particle, ring by ring. */
interface ParticleProducts {
  particle: number;
  products: Float32Array;
  ringWeights: Float32Array;
}

interface RingSums {
  score: Float64Array;
  curvature: Float64Array;
}

/** Index of the pair v ≤ w in the upper triangle of `variants` × `variants`, row by row. */
function triangleIndex(v: number, w: number, variants: number): number {
  return v * variants - (v * (v - 1)) / 2 + (w - v);
}
