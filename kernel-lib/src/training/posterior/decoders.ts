import { type AxisReduction, reducedAt } from "../../network/latentFrame";
import type { LatentModel } from "../../network/latentModel";
import type { PointGroup } from "../../optics/symmetry";

/** Networks that a device may compute by itself. */
export interface TrainedDecoder {
  readonly model: LatentModel;
  /** Point group of the molecule, of which the model is one unit. Default: none. */
  readonly group?: PointGroup | undefined;
  /** Latents of all units as the networks read them, [count · units · model.spec.latent], of places [count · latent]. */
  latents(z: Float32Array, count: number): Float32Array;
}

/** A map from places in a latent space to Gaussians. */
export interface PlaceDecoder {
  /** Axes of the latent space; 0 for a single model. */
  readonly latent: number;
  /** Gaussians [count · 5N] at the places z [count · latent]. The array belongs to the caller. */
  decode(z: Float32Array, count: number): Float32Array;
  /** The networks, if nothing but them is between places and Gaussians. */
  readonly trained?: TrainedDecoder | undefined;
}

/** What decodes places. */
interface Networks {
  readonly spec: { readonly latent: number };
  decode(z: Float32Array, count: number): Float32Array;
  decodeTrained(z: Float32Array, count: number): Float32Array;
}

/** Whether there is more than the decoder of a page, which has no device. */
const isWhole = (model: Networks): model is LatentModel => "encoder" in model;

/**
 * The decoder of a trained model.
 * @param reduced whether it changes as little along each axis as its `AxisReduction` says, as it is shown. Default: as it was
 *   trained, which places are found with
 */
export function decoderOf(model: Networks, reduced = false): PlaceDecoder {
  return {
    latent: model.spec.latent,
    decode: (z, count) => (reduced ? model.decode(z, count) : model.decodeTrained(z, count)),
    ...(isWhole(model) && { trained: { model, latents: (z: Float32Array) => model.toNetwork(z, reduced) } }),
  };
}

/** A decoder that changes less along its axes; its factors and centre are [latent]. */
export function reducedDecoder(decoder: PlaceDecoder, reduction: AxisReduction): PlaceDecoder {
  const { latent, trained } = decoder;
  const at = (z: Float32Array) => z.map((value, i) => reducedAt(reduction, value, i % latent));
  return {
    latent,
    decode: (z, count) => decoder.decode(at(z), count),
    trained: trained && { ...trained, latents: (z, count) => trained.latents(at(z), count) },
  };
}

/** A decoder whose model at the place `from` is `to`, [5N], and that changes from there as the given one does. */
export function shiftedDecoder(
  { latent, decode }: PlaceDecoder,
  from: Float32Array,
  to: Float32Array,
): PlaceDecoder {
  const at = decode(from, 1);
  return {
    latent,
    decode: (z, count) => {
      const models = decode(z, count);
      for (let i = 0; i < models.length; i++) models[i]! += to[i % to.length]! - at[i % at.length]!;
      return models;
    },
  };
}

/** One model for all particles, [5N]: no latent axes. */
export function fixedModel(params: Float32Array): PlaceDecoder {
  return {
    latent: 0,
    decode: (_, count) => {
      const models = new Float32Array(count * params.length);
      for (let i = 0; i < count; i++) models.set(params, i * params.length);
      return models;
    },
  };
}

/**
 * A decoder of which only some axes vary, in this order; the others stay at their coordinate in `held`, [latent].
 * @throws RangeError for axes that the decoder does not have
 */
export function someAxes(
  decoder: PlaceDecoder,
  axes: readonly number[],
  held: ArrayLike<number>,
): PlaceDecoder {
  const { latent } = decoder;
  if (held.length !== latent || axes.some((axis) => !(axis >= 0 && axis < latent))) {
    throw new RangeError(`axes: expected some of 0 to ${latent - 1}, found ${axes} and ${held.length} held`);
  }
  const onAll = (z: Float32Array, count: number) => {
    const whole = new Float32Array(count * latent);
    for (let i = 0; i < count; i++) {
      whole.set(held, i * latent);
      axes.forEach((axis, d) => {
        whole[i * latent + axis] = z[i * axes.length + d]!;
      });
    }
    return whole;
  };
  const { trained } = decoder;
  return {
    latent: axes.length,
    decode: (z, count) => decoder.decode(onAll(z, count), count),
    trained: trained && { ...trained, latents: (z, count) => trained.latents(onAll(z, count), count) },
  };
}
