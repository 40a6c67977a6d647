/** Factor by which the transform is oversampled: RELION's default. */
export const padding = 2;
/** Weights are kept above this fraction of the mean weight of their shell, as RELION does. */
export const minWeight = 1e-3;

/** Indices of the map's voxels, along one axis, in a padded map with the origin in its corner. */
export function placesInPadded(size: number): Int32Array {
  const padded = padding * size;
  const origin = Math.floor(size / 2);
  return Int32Array.from({ length: size }, (_, x) => (x - origin + padded) % padded);
}

/** Trilinear weights are a triangle in the transform, sinc² in the map: its inverse along one axis. */
export function griddingCorrection(size: number): Float64Array {
  const origin = Math.floor(size / 2);
  return Float64Array.from({ length: size }, (_, x) => {
    const turns = (Math.PI * (x - origin)) / (padding * size);
    return turns === 0 ? 1 : (turns / Math.sin(turns)) ** 2;
  });
}
