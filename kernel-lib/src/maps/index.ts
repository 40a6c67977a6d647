/** Density maps: reading and writing, filters, masks, sections. */
export { filterVolume as filter, gaussianFilter, lowPass } from "./filter";
export { type ReadMapOptions, readMap as read, writeMap as write } from "./mapFile";
export { applyMask, densityMask, readMask, sphericalMask } from "./mask";
export { resizeVolume as resize } from "./resize";
export { type Axis, type MapImage, projectAlong, section } from "./sections";
export type { Volume } from "./volume";
