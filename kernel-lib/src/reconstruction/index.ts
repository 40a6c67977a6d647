/** Maps from particles, half maps, and their Fourier shell correlation (FSC). */
export {
  type FscCurve,
  type FscOptions,
  formatFsc,
  fourierShellCorrelation as fsc,
  halfMapsToFull,
  parseFsc,
  readFsc,
  resolutionAt,
} from "./fsc";
export type { Helix } from "./helicalSource";
export type { ImageGroup, ImageSource } from "./imageSource";
export type { InvertedImages } from "./invertedImages";
export type { Part } from "./keptSums";
export type { PlacedParticles } from "./kernelWeights";
export {
  type LocalResolution,
  type LocalResolutionOptions,
  localResolution,
} from "./localResolution";
export { type MaskedFsc, type MaskedFscOptions, maskedFsc } from "./maskedFsc";
export { type Reconstruction, type ReconstructOptions, reconstruct } from "./reconstruct";
export { type SharpenedMap, type SharpenOptions, sharpen } from "./sharpen";
export { type WriteStatesOptions, type WrittenState, type WrittenStates, writeStates } from "./stateFolder";
export {
  reconstructStates as states,
  type StateMap,
  type StateMaps,
  type StateMapsOptions,
} from "./stateMaps";
