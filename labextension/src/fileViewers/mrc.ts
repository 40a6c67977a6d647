import type { MrcHeader } from "e2gmm/formats/mrcHeader";

// Values derived from the header of an MRC, CCP4 or MAP file (Cheng et al., J. Struct. Biol. 192, 146–150, 2015);
// the library parses the header and the values.

export { headerBytes, type MrcHeader, modeName, parseHeader } from "e2gmm/formats/mrcHeader";
export { findValues, layoutOf, type MrcLayout } from "e2gmm/formats/mrcLayout";
export { decodeValues } from "e2gmm/formats/mrcValues";

/** Size along X, Y and Z, whatever the order of axes in the file. */
export function sizeOf(header: MrcHeader): [number, number, number] {
  const extent = [header.nc, header.nr, header.ns];
  return [1, 2, 3].map((axis) => extent[header.axes.indexOf(axis)]!) as [number, number, number];
}

/** Å per voxel along X, Y and Z; 1 if the header has none. */
export function voxelOf(header: MrcHeader): { voxel: [number, number, number]; isKnown: boolean } {
  const size = sizeOf(header);
  const edges = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  const good = (edge: number) => edge > 0 && Number.isFinite(edge);
  const fallback = edges.find(good) ?? 1;
  const voxel = edges.map((edge) => (good(edge) ? edge : fallback)) as [number, number, number];
  return { voxel, isKnown: good(edges[0]!) };
}

/** Position of the first voxel in Å: words 50–52 if set, else its position in the cell, as in CCP4 and EMDB. */
export function originOf(header: MrcHeader): [number, number, number] {
  if (header.origin.some((x) => x !== 0 && Number.isFinite(x))) {
    return header.origin.map((x) => (Number.isFinite(x) ? x : 0)) as [number, number, number];
  }
  const { voxel } = voxelOf(header);
  return [1, 2, 3].map((axis) => header.start[header.axes.indexOf(axis)]! * voxel[axis - 1]!) as [
    number,
    number,
    number,
  ];
}

/** Whether sections are separate images instead of planes of a volume, judged by extension and header. */
export function isStack(header: MrcHeader, file: string): boolean {
  if (/\.(mrcs|st)$/i.test(file)) return true;
  if (header.ns === 1) return true;
  // Stacks of RELION and IMOD have a sampling of 1 along Z; many volumes have space group 0 by mistake
  if (header.spaceGroup === 0 && header.sampling[2] === 1) return true;
  // A few large sections are images, whatever the header says
  return header.ns < 32 && header.nc >= 8 * header.ns && header.nr >= 8 * header.ns;
}
