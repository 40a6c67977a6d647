/** Density maps: reading and writing, filters, masks, sections. */
export { filterVolume as filter, gaussianFilter, type LowPassOptions, lowPass } from "./filter";
export type { CubicBox, Grid } from "./grid";
export {
  type ReadMapOptions,
  readMap as read,
  type WriteMapOptions,
  writeMap as write,
} from "./mapFile";
export {
  type ApplyMaskOptions,
  applyMask,
  type DensityMaskOptions,
  densityMask,
  type ReadMaskOptions,
  readMask,
  type SphericalMaskOptions,
  sphericalMask,
} from "./mask";
export { type ResizeTarget, resizeVolume as resize } from "./resize";
export { type Axis, type MapImage, projectAlong, section } from "./sections";
export { symmetryCorrelation } from "./symmetry";
export type { Volume } from "./volume";
