import { GpuNetworks, mostNetworks } from "../../network/gpu/gpuNetworks";
import type { EpochParts } from "../stepParts";
import { mostAxes } from "./gpuDecoding";

/** What kernels for a training step do not do yet, as the end of a sentence; undefined if they can take the steps of an epoch. */
export function unsupported({ context, model }: Pick<EpochParts, "context" | "model">): string | undefined {
  const { spec, decoder, head, networks } = model;
  if (context.base !== undefined) return "the axes of an earlier run that stay as they are";
  if (head.bodies !== undefined) return "rigid bodies";
  if (spec.latent > mostAxes) return `${spec.latent} axes (at most ${mostAxes})`;
  if (decoder.partCount > mostNetworks) {
    return `${decoder.partCount} networks of the decoder (at most ${mostNetworks})`;
  }
  if (!networks.every((network) => GpuNetworks.supports(network.spec))) {
    return "dropout without batch normalization";
  }
  return undefined;
}
