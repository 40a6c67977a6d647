import { Row } from "../../model/gaussianModel";
import type { Varied } from "../../network/head";
import type { PlaceDecoder } from "../posterior/decoders";

/** Rows of a set of Gaussians that belong to a kind of parameter. */
const rowsOf: Record<Varied, number[]> = {
  position: [Row.x, Row.y, Row.z],
  amplitude: [Row.amplitude],
  width: [Row.sigma],
};

/** 1 for each parameter of a kind, or of a Gaussian that is flagged, [5N]. */
export function parametersOf(gaussians: number, of: { kind: Varied } | { flags: Uint8Array }): Uint8Array {
  const chosen = new Uint8Array(5 * gaussians);
  for (let row = 0; row < 5; row++) {
    for (let i = 0; i < gaussians; i++) {
      const inside = "kind" in of ? rowsOf[of.kind].includes(row) : of.flags[i] === 1;
      chosen[row * gaussians + i] = inside ? 1 : 0;
    }
  }
  return chosen;
}

/** A decoder of which only the flagged parameters [5N] vary; the others are those of `base`, [5N]. */
export function partialDecoder(decoder: PlaceDecoder, base: Float32Array, varied: Uint8Array): PlaceDecoder {
  return {
    latent: decoder.latent,
    decode: (z, count) => {
      const models = decoder.decode(z, count);
      for (let i = 0; i < models.length; i++) {
        if (!varied[i % base.length]) models[i] = base[i % base.length]!;
      }
      return models;
    },
  };
}
