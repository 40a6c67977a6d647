import { writeAtomic } from "../atomicWrite";
import { writeMap } from "../maps/mapFile";
import type { Volume } from "../maps/volume";
import { type GaussianModel, originInBox, withOrigin } from "../model/gaussianModel";
import { writeModelPdb } from "../model/pdb";
import { writeModelText } from "../model/text";
import { formatFsc } from "../reconstruction/fsc";
import type { Reconstruction } from "../reconstruction/reconstruct";

/** Where a file of the given name goes. @throws InputError where it may not be, or has none of the endings */
export type Place = (name: string, ...endings: string[]) => Promise<string>;

/**
 * Writes the map of a set as MRC, and beside it its half maps and their FSC: `closed.mrc`, `closed_half1.mrc`,
 * `closed_half2.mrc`, `closed_fsc.txt`. All places are looked at before anything is written.
 * @returns the names
 */
export async function writeReconstruction(
  { map, half1, half2, fsc }: Reconstruction,
  name: string,
  place: Place,
): Promise<string[]> {
  const stem = name.replace(/\.mrc$/i, "");
  const files: { name: string; ending: string; write: (target: string) => Promise<void> }[] = [
    { name, ending: ".mrc", write: (target) => writeMap(target, map) },
  ];
  for (const [n, half] of [half1, half2].entries()) {
    if (half) {
      const write = (target: string) => writeMap(target, half);
      files.push({ name: `${stem}_half${n + 1}.mrc`, ending: ".mrc", write });
    }
  }
  if (fsc) {
    const write = (target: string) => writeAtomic(target, formatFsc(fsc, target));
    files.push({ name: `${stem}_fsc.txt`, ending: ".txt", write });
  }
  const targets: string[] = [];
  for (const file of files) targets.push(await place(file.name, file.ending));
  for (const [i, file] of files.entries()) await file.write(targets[i]!);
  return files.map((file) => file.name);
}

/** The maps of a reconstruction at the place of a model in space, so that other programs show them together. */
export function placedLike(model: GaussianModel, made: Reconstruction): Reconstruction {
  const placed = (map: Volume): Volume => ({
    ...map,
    ...withOrigin(originInBox(model.origin, model, { boxSize: map.size[0], apix: map.apix })),
  });
  const { map, half1, half2 } = made;
  return {
    ...made,
    map: placed(map),
    ...(half1 && { half1: placed(half1) }),
    ...(half2 && { half2: placed(half2) }),
  };
}

/** Writes a model as text or, by its ending, as PDB. */
export async function writeModel(model: GaussianModel, target: string): Promise<void> {
  if (/\.pdb$/i.test(target)) await writeModelPdb(target, model);
  else await writeModelText(target, model);
}
