import type { GaussianModel } from "../../model/gaussianModel";
import { Row } from "../../model/gaussianModel";
import type { ParticleTargets } from "../../particles/targets";
import { gatherRows } from "../batches";
import { ImageGroups } from "../imageGroups";
import type { TrainedDecoder } from "../posterior/decoders";

/** A decoder whose axes stay as they are: that of the run from which a second round started. */
export interface FixedDecoder {
  /** The model that changes are relative to. */
  readonly neutral: GaussianModel;
  /** Parameters of Gaussians of whole particles [n · 5N] at the places of all their units [n · units · latent]. */
  decodeMany(places: Float32Array): Float32Array;
  /** The networks, if nothing but them is between places and Gaussians. */
  readonly trained?: TrainedDecoder | undefined;
}

/** Coordinates on the fixed axes of all rows: particles, with a symmetry their units. */
export interface FixedAxes {
  /** Their number. */
  latent: number;
  /** From the encoder, [rows · latent]. */
  encoder: Float32Array;
  /** Those at which bases are decoded, [rows · latent]. */
  refined: Float32Array;
  /** Their standard deviations, [rows · latent]. */
  standardDeviation: Float32Array;
}

/** Batches whose base models are kept: the same particles are decoded again and again, two batches at a time. */
const keptBatches = 3;

/**
 * What the models of a training are changes of. In a first round that is the neutral model, for every particle. In a second round
 * with fixed axes, each particle has a base of its own: the model that the first round decoded at its place. Everything in a
 * training decodes relative to the neutral model; {@link onBase} puts such a change on the particles' bases, wherever models
 * meet images. A displacement d − n adds to the centre of the base b, a factor d/n multiplies its amplitude and width.
 */
export class BaseModels {
  private readonly recent: { rows: Map<number, number>; models: Float32Array }[] = [];

  /**
   * @param decoder of the first round
   * @param axes    places of all particles, with a symmetry of their units, in its latent space
   * @param units   of a particle
   */
  constructor(
    private readonly decoder: FixedDecoder,
    readonly axes: FixedAxes,
    private readonly units = 1,
  ) {}

  /** The same for the images of these particles: of tilt series each image has the base of its particle. */
  ofImages(targets: Pick<ParticleTargets, "particleOf">): BaseModels {
    const groups = ImageGroups.of(targets);
    if (!groups) return this;
    const { latent, encoder, refined, standardDeviation } = this.axes;
    const width = this.units * latent;
    const axes = {
      latent,
      encoder: groups.toImages(encoder, width),
      refined: groups.toImages(refined, width),
      standardDeviation: groups.toImages(standardDeviation, width),
    };
    return new BaseModels(this.decoder, axes, this.units);
  }

  /** The networks that decode the bases, if a device may compute them by itself. */
  get trained(): TrainedDecoder | undefined {
    return this.decoder.trained;
  }

  /** Latents of the bases of particles, as the networks read them, [B · units · latent of the networks]. */
  latentsOf(particles: ArrayLike<number>): Float32Array {
    const { latent, refined } = this.axes;
    return this.decoder.trained!.latents(
      gatherRows(refined, this.units * latent, particles),
      particles.length,
    );
  }

  /** The base model of each particle, [B · 5N]. */
  private of(particles: ArrayLike<number>): Float32Array {
    const { latent, refined } = this.axes;
    const width = this.decoder.neutral.params.length;
    const wanted = Array.from(particles);
    const known = this.recent.find(({ rows }) => wanted.every((particle) => rows.has(particle)));
    if (known) {
      const rows = wanted.map((particle) => known.rows.get(particle)!);
      return gatherRows(known.models, width, rows);
    }
    const models = this.decoder.decodeMany(gatherRows(refined, this.units * latent, wanted));
    this.recent.unshift({ rows: new Map(wanted.map((particle, row) => [particle, row])), models });
    this.recent.splice(keptBatches);
    return models;
  }

  /**
   * Changes on the bases of particles.
   * @param changed k models of each particle [B · k · 5N], or one for all [5N]
   * @returns the models of the particles, [B · k · 5N]
   */
  withChanges(particles: ArrayLike<number>, changed: Float32Array): Float32Array {
    const width = this.decoder.neutral.params.length;
    const one = changed.length === width && particles.length > 1;
    const perParticle = one ? 1 : changed.length / (width * particles.length);
    const bases = this.of(particles);
    const out = new Float32Array(particles.length * perParticle * width);
    for (let k = 0; k * width < out.length; k++) {
      const own = one ? changed : changed.subarray(k * width, (k + 1) * width);
      const row = Math.floor(k / perParticle);
      const to = out.subarray(k * width, (k + 1) * width);
      changeBase(this.decoder.neutral, bases.subarray(row * width, (row + 1) * width), own, to);
    }
    return out;
  }

  /** Replaces the gradient in the models of particles [B · 5N] by that in the changes that made them. */
  gradientOfChanges(particles: ArrayLike<number>, gradient: Float32Array): Float32Array {
    const { params, count } = this.decoder.neutral;
    const bases = this.of(particles);
    for (let i = 0; i < gradient.length; i++) {
      const at = i % params.length;
      if (at >= Row.amplitude * count) gradient[i]! *= factor(bases[i]!, params[at]!);
    }
    return gradient;
  }

  /** Numbers of the fixed axes before those of the new ones [rows · latent], for each row. */
  beside(which: "encoder" | "refined" | "standardDeviation", values: Float32Array): Float32Array {
    const { latent, [which]: own } = this.axes;
    const rows = own.length / latent;
    const added = values.length / rows;
    const out = new Float32Array(rows * (latent + added));
    for (let i = 0; i < rows; i++) {
      out.set(own.subarray(i * latent, (i + 1) * latent), i * (latent + added));
      out.set(values.subarray(i * added, (i + 1) * added), i * (latent + added) + latent);
    }
    return out;
  }
}

/** Models of particles [B · k · 5N] from changes of the neutral model [B · k · 5N] or [5N]; without bases those themselves. */
export function onBase(
  { base }: { base?: BaseModels | undefined },
  particles: ArrayLike<number>,
  changed: Float32Array,
): Float32Array {
  return base ? base.withChanges(particles, changed) : changed;
}

/**
 * The model [5N] that is changed from `base` as `changed` is from the neutral model.
 * @param to where it is written
 */
export function changeBase(
  { params, count }: GaussianModel,
  base: Float32Array,
  changed: Float32Array,
  to: Float32Array,
): void {
  const centres = Row.amplitude * count;
  for (let i = 0; i < centres; i++) to[i] = base[i]! + changed[i]! - params[i]!;
  for (let i = centres; i < params.length; i++) to[i] = changed[i]! * factor(base[i]!, params[i]!);
}

/** A Gaussian without amplitude stays without. */
function factor(base: number, neutral: number): number {
  return neutral === 0 ? 0 : base / neutral;
}
