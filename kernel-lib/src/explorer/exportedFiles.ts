import { writeAtomic } from "../atomicWrite";
import { writeMap } from "../maps/mapFile";
import type { Volume } from "../maps/volume";
import { type GaussianModel, originInBox, withOrigin } from "../model/gaussianModel";
import { writeModelPdb } from "../model/pdb";
import { writeModelText } from "../model/text";
import { formatFsc } from "../reconstruction/fsc";
import type { Reconstruction } from "../reconstruction/reconstruct";

/** Resolves a file name to an absolute path. @throws InputError for a name that may not be written or has none of the endings */
export type Place = (name: string, ...endings: string[]) => Promise<string>;

/**
 * Writes the map of a set as MRC, and beside it half maps and FSC: `closed.mrc`, `closed_half1.mrc`, `closed_half2.mrc`,
 * `closed_fsc.txt`. All names are checked before anything is written.
 * @returns the names
 */
export async function writeReconstruction(
  name: string,
  { map, half1, half2, fsc }: Reconstruction,
  place: Place,
): Promise<string[]> {
  const stem = name.replace(/\.mrc$/i, "");
  const maps: [string, Volume | undefined][] = [
    [name, map],
    [`${stem}_half1.mrc`, half1],
    [`${stem}_half2.mrc`, half2],
  ];
  const files: { name: string; target: string; write: (target: string) => Promise<void> }[] = [];
  for (const [file, volume] of maps) {
    if (!volume) continue;
    const target = await place(file, ".mrc");
    files.push({ name: file, target, write: (to) => writeMap(to, volume) });
  }
  if (fsc) {
    const target = await place(`${stem}_fsc.txt`, ".txt");
    files.push({ name: `${stem}_fsc.txt`, target, write: (to) => writeAtomic(to, formatFsc(fsc, to)) });
  }
  for (const { target, write } of files) await write(target);
  return files.map((file) => file.name);
}

/** Gives the maps of a reconstruction the origin of a model, so that other programs show them in place. */
export function placedLike(model: GaussianModel, reconstruction: Reconstruction): Reconstruction {
  const placed = (map: Volume): Volume => ({
    ...map,
    ...withOrigin(originInBox(model.origin, model, { boxSize: map.size[0], apix: map.apix })),
  });
  const { map, half1, half2 } = reconstruction;
  return {
    ...reconstruction,
    map: placed(map),
    ...(half1 && { half1: placed(half1) }),
    ...(half2 && { half2: placed(half2) }),
  };
}

/** Writes a model as PDB if `target` ends in `.pdb`, else as text. */
export async function writeModel(target: string, model: GaussianModel): Promise<void> {
  if (/\.pdb$/i.test(target)) await writeModelPdb(target, model);
  else await writeModelText(target, model);
}
