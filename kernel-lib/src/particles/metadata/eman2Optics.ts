import { InputError } from "../../errors";
import type { Eman2Images } from "./eman2Images";
import type { Eman2Rows } from "./eman2Rows";
import { phaseOfContrast } from "./eman2Values";
import type { DefocusColumns, GivenOptics, OpticsGroup } from "./metadata";

/** Å per µm. */
const micrometre = 1e4;

/** Optics groups of files of EMAN2, which have none: images of equal size, pixel size and microscope. */
export interface Eman2Groups {
  opticsGroups: OpticsGroup[];
  /** Index into `opticsGroups` of each row. */
  opticsGroup: Uint16Array;
  /** The first row of each group. */
  firstOfGroup: number[];
  defocus: DefocusColumns | undefined;
  warnings: string[];
}

/** @throws InputError for images without pixel size, for images of which some have a CTF and some have none, and for more than 65536 groups */
export function eman2Groups(rows: Eman2Rows, images: Eman2Images, given: GivenOptics): Eman2Groups {
  const { count } = rows;
  const warnings: string[] = [];
  const hasCtf = count > 0 && images.ctf.has(0);
  let changes = 0;
  while (changes < count && images.ctf.has(changes) === hasCtf) changes++;
  if (changes < count) {
    const [expected, found] = hasCtf ? ["a CTF, as row 1", "none"] : ["no CTF, as row 1", "one"];
    throw new InputError(rows.where(changes), expected, found);
  }
  const opticsGroups: OpticsGroup[] = [];
  const opticsGroup = new Uint16Array(count);
  const firstOfGroup: number[] = [];
  const known = new Map<string, number>();
  const apixFromCtf = new Set<number>();
  for (let row = 0; row < count; row++) {
    const { boxSize, apix: inHeader } = images.stacks[rows.stack[row]!]!;
    const ctf = images.ctf.of(row);
    const unknown = inHeader === undefined || inHeader === 1;
    const fromCtf = unknown && ctf !== undefined && ctf.apix > 0 ? ctf.apix : undefined;
    if (fromCtf !== undefined && fromCtf !== inHeader && given.apix === undefined) apixFromCtf.add(fromCtf);
    const apix = given.apix ?? fromCtf ?? inHeader;
    if (apix === undefined) {
      const expected =
        "a pixel size in the header of the images or their CTF (--apix, in a notebook `apix`, gives one)";
      throw new InputError(rows.where(row), expected, "none");
    }
    const flipped = images.flipped[row]!;
    const contrast = ctf && phaseOfContrast(ctf.ampcont).amplitudeContrast;
    const key = [boxSize, apix, ctf?.voltage, ctf?.cs, contrast, flipped].join(" ");
    let index = known.get(key);
    if (index === undefined) {
      index = opticsGroups.length;
      if (index === 65536) throw new InputError(rows.file, "at most 65536 different sets of optics");
      known.set(key, index);
      firstOfGroup.push(row);
      opticsGroups.push({
        name: `optics ${index + 1}`,
        apix,
        boxSize,
        voltage: ctf?.voltage ?? Number.NaN,
        sphericalAberration: ctf?.cs ?? Number.NaN,
        amplitudeContrast: contrast ?? Number.NaN,
        phaseFlipped: flipped === 1 || (flipped === 2 && hasCtf),
        ctfPremultiplied: false,
      });
    }
    opticsGroup[row] = index;
  }
  for (const apix of apixFromCtf) {
    warnings.push(`no pixel size in the headers of the images: ${apix} Å is taken from their CTF`);
  }
  if (!hasCtf) {
    warnings.push("no CTF in the list or the headers of the images: images are used without CTF correction");
  } else if (images.flipped.includes(2)) {
    warnings.push(
      "nothing says whether the images are phase flipped (ctf_phase_flipped in their headers, or __ctf_flip in their names): " +
        "they are taken as flipped, as EMAN2's refinement needs them",
    );
  } else if (opticsGroups.some(({ phaseFlipped }) => phaseFlipped)) {
    warnings.push("images are marked as phase flipped: their phases are not flipped");
  }
  return {
    opticsGroups,
    opticsGroup,
    firstOfGroup,
    warnings,
    defocus: hasCtf ? defocusColumns(images) : undefined,
  };
}

/** The CTF of each row: defocus ± half its difference, in Å. EMAN2's bfactor is left out, since its refinement uses the sign alone. */
function defocusColumns({ ctf }: Eman2Images): DefocusColumns {
  const column = () => new Float64Array(ctf.count);
  const [defocusU, defocusV, angle, phaseShift] = [column(), column(), column(), column()];
  for (let row = 0; row < ctf.count; row++) {
    const { defocus, dfdiff, dfang, ampcont } = ctf.of(row)!;
    defocusU[row] = micrometre * (defocus + dfdiff / 2);
    defocusV[row] = micrometre * (defocus - dfdiff / 2);
    angle[row] = dfang;
    phaseShift[row] = phaseOfContrast(ampcont).phaseShift;
  }
  return {
    ...{ defocusU, defocusV, angle },
    phaseShift: phaseShift.some((x) => x !== 0) ? phaseShift : undefined,
    bFactor: undefined,
    scale: undefined,
  };
}
