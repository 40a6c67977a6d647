import { GpuNetworks, mostNetworks } from "../../network/gpu/gpuNetworks";
import type { LatentModel } from "../../network/latentModel";
import type { EpochParts } from "../stepParts";
import { mostAxes } from "./gpuDecoder";

/** What kernels do not do yet in a training step, as the end of a sentence; undefined if they can take the steps of an epoch. */
export function unsupported({ context, model }: Pick<EpochParts, "context" | "model">): string | undefined {
  const { base } = context;
  if (base && !base.trained) return "axes of several earlier runs that stay as they are";
  const ofBase = base?.trained && unsupportedDecoder(base.trained.model);
  if (ofBase !== undefined) return `${ofBase} of an earlier run`;
  const ofDecoder = unsupportedDecoder(model);
  if (ofDecoder !== undefined) return ofDecoder;
  return GpuNetworks.supports(model.encoder.spec) ? undefined : "dropout without batch normalization";
}

/** What kernels do not do yet of a decoder, as the end of a sentence; undefined if they can decode with it. */
export function unsupportedDecoder({ spec, decoder, decoderNetworks }: LatentModel): string | undefined {
  if (spec.latent > mostAxes) return `${spec.latent} axes (at most ${mostAxes})`;
  if (decoderNetworks.length > mostNetworks) {
    return `${decoderNetworks.length} networks of the decoder (at most ${mostNetworks})`;
  }
  return decoder.networks.every((network) => GpuNetworks.supports(network.spec))
    ? undefined
    : "dropout without batch normalization";
}
