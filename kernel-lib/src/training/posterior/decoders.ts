/** A map from places in a latent space to Gaussians. */
export interface PlaceDecoder {
  /** Axes of the latent space; 0 for a single model. */
  readonly latent: number;
  /** Gaussians [count · 5N] at the places z [count · latent]. The array belongs to the caller. */
  decode(z: Float32Array, count: number): Float32Array;
}

/** The decoder of a trained model. */
export function decoderOf(model: {
  readonly spec: { readonly latent: number };
  decode(z: Float32Array, count: number): Float32Array;
}): PlaceDecoder {
  return { latent: model.spec.latent, decode: (z, count) => model.decode(z, count) };
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
  return {
    latent: axes.length,
    decode: (z, count) => {
      const whole = new Float32Array(count * latent);
      for (let i = 0; i < count; i++) {
        whole.set(held, i * latent);
        axes.forEach((axis, d) => {
          whole[i * latent + axis] = z[i * axes.length + d]!;
        });
      }
      return decoder.decode(whole, count);
    },
  };
}
