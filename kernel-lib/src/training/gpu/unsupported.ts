import { GpuNetworks, mostNetworks } from "../../network/gpu/gpuNetworks";
import type { LatentModel } from "../../network/latentModel";
import type { BaseModels } from "../secondRound/baseModels";
import type { EpochParts } from "../stepParts";
import { mostAxes } from "./gpuDecoder";

/** What kernels do not do yet in a training step, as the end of a sentence; undefined if they can take the steps of an epoch. */
export function unsupported({ context, model }: Pick<EpochParts, "context" | "model">): string | undefined {
  const obstacle =
    unsupportedRun({ latent: model.spec.latent, base: context.base }) ?? unsupportedDecoder(model);
  if (obstacle !== undefined) return obstacle;
  return GpuNetworks.supports(model.encoder.spec) ? undefined : "dropout without batch normalization";
}

/** As {@link unsupported}, before there are networks. @param latent axes that are trained, `base` what models are changes of */
export function unsupportedRun({ latent, base }: { latent: number; base?: BaseModels | undefined }) {
  if (base && !base.trained) return "axes of several earlier runs that stay as they are";
  const ofBase = base?.trained && unsupportedDecoder(base.trained.model);
  if (ofBase !== undefined) return `${ofBase} of an earlier run`;
  return tooManyAxes(latent);
}

const tooManyAxes = (latent: number): string | undefined =>
  latent > mostAxes ? `${latent} axes (at most ${mostAxes})` : undefined;

/** What kernels do not do yet of a decoder, as the end of a sentence; undefined if they can decode with it. */
export function unsupportedDecoder({ spec, decoder, decoderNetworks }: LatentModel): string | undefined {
  const axes = tooManyAxes(spec.latent);
  if (axes !== undefined) return axes;
  if (decoderNetworks.length > mostNetworks) {
    return `${decoderNetworks.length} networks of the decoder (at most ${mostNetworks})`;
  }
  return decoder.networks.every((network) => GpuNetworks.supports(network.spec))
    ? undefined
    : "dropout without batch normalization";
}
