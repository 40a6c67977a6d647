/** Mobilities in Å around which parts of a molecule are judged apart. */
const steps = [0, 1.5, 5];

/**
 * Divides a molecule by how far its places move, since where little moves far particles are worth as much as near ones: for each
 * part (still, moving by about 1.5 Å, by 5 Å and more) its share in each voxel; the shares of a voxel sum to 1 and change smoothly
 * with the mobility.
 * @param mobility RMS displacement in each voxel, in Å
 */
export function mobilityClasses(mobility: Float32Array): Float32Array[] {
  const most = mobility.reduce((a, b) => Math.max(a, b), 0);
  const own = steps.filter((step) => step <= most);
  return own.map((step, k) => {
    const [before, after] = [own[k - 1], own[k + 1]];
    return mobility.map((value) => {
      if (value <= step) return before === undefined ? 1 : Math.max(0, (value - before) / (step - before));
      return after === undefined ? 1 : Math.max(0, (after - value) / (after - step));
    });
  });
}
