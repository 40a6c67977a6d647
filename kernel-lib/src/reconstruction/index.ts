/** Maps from particles, half maps, and their Fourier shell correlation (FSC). */
export {
  type FscCurve,
  formatFsc,
  fourierShellCorrelation as fsc,
  halfMapsToFull,
  parseFsc,
  readFsc,
  resolutionAt,
} from "./fsc";
export { type Reconstruction, type ReconstructOptions, reconstruct } from "./reconstruct";
