import { existsSync } from "node:fs";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { writeMap } from "../maps/mapFile";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { readIndices } from "../particles/indexFile";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { formatFsc } from "../reconstruction/fsc";
import type { Part } from "../reconstruction/keptSums";
import {
  type Reconstruction,
  reconstructKept,
  reconstructPart,
  removeParts,
  unusedParticles,
} from "../reconstruction/reconstruct";
import { inTermsOf } from "./failure";
import { fscThresholds, resolutionText } from "./fsc";
import { besideName } from "./modelFiles";
import {
  addBoxSize,
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  lengthOption,
  mapOutOption,
  numberOption,
  particleFileHelp,
  partOption,
  type QuietOption,
  quietOption,
  required,
  symmetryOption,
  threadsOption,
} from "./options";
import type { Outputs } from "./outputs";
import { depthNote, invertedNote } from "./reconstructionNotes";
import type { RunCommand, Session } from "./session";

interface ReconstructCommandOptions extends QuietOption {
  particles: string;
  select?: string;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  boxSize?: number;
  maskDiameter?: number;
  keepOutliers?: boolean;
  symmetry?: string;
  helicalUnits?: number;
  helicalRise?: number;
  helicalTwist?: number;
  threads?: number;
  bytes?: ByteSign;
  part?: Part;
  out: string;
}

/** Adds the command `reconstruct`. */
export function addReconstruct(program: Command, run: RunCommand): void {
  const command = program
    .command("reconstruct")
    .summary("reconstruct a map from particles")
    .description(
      "Reconstructs a map by direct Fourier inversion with the poses and CTFs of the particle file. Writes the map, and " +
        "beside it two half maps and their FSC (map_half1.mrc, map_half2.mrc and map_fsc.txt for map.mrc). The halves are " +
        "those of _rlnRandomSubset if the file has it, else every other particle; rows of the same image stay together.",
    )
    .addOption(required(fileOption("--particles <file>", particleFileHelp)))
    .addOption(
      fileOption(
        "--select <file>",
        "text file with the indices of the particles to use, from 0; particles that are skipped on reading do not count",
      ),
    )
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption());
  addBoxSize(command, "voxels", "box size of the map; smaller is coarser (default: that of the images)", {
    least: 4,
  });
  command
    .addOption(symmetryOption("every image is used in all equivalent orientations"))
    .addOption(
      numberOption(
        "--helical-units <n>",
        "helical units about the z axis that every image is used for, with --helical-rise and --helical-twist",
        { integer: true, least: 1 },
      ),
    )
    .addOption(numberOption("--helical-rise <Å>", "Å along the axis from one unit to the next"))
    .addOption(
      numberOption(
        "--helical-twist <degrees>",
        "degrees about the axis from one unit to the next, above 0 for a right-handed helix",
      ),
    )
    .addOption(
      lengthOption("--mask-diameter <Å>", "sphere outside which the map is flat (default: the box length)"),
    )
    .addOption(
      new Option(
        "--keep-outliers",
        "also use images that are unlike the others: constant, on another scale, or with a hot pixel",
      ),
    )
    .addOption(threadsOption("the reconstruction; the map does not depend on it"))
    .addOption(
      partOption(
        "sums of its images, kept in map_sums; the command without --part makes what is missing, and the map",
      ),
    )
    .addOption(required(mapOutOption("--out <file>", "output file of the map (MRC)")))
    .addOption(quietOption());
  examples(command, "e2gmm reconstruct --particles run_data.star --select set_1.txt --out set_1.mrc");
  command.action((options: ReconstructCommandOptions) =>
    run(options, (session) => reconstructMap(options, session)),
  );
}

/** Output files. */
interface MapFiles {
  map: string;
  half1: string;
  half2: string;
  fsc: string;
}

async function reconstructMap(options: ReconstructCommandOptions, session: Session): Promise<void> {
  const { particles, select, out } = options;
  const files: MapFiles = {
    map: out,
    half1: besideName(out, "_half1.mrc"),
    half2: besideName(out, "_half2.mrc"),
    fsc: besideName(out, "_fsc.txt"),
  };
  const outputs = await session.writes(Object.values(files), [particles, select]);
  const used = await openSelected(options, outputs, session);
  const names = {
    boxSize: "--box-size",
    "helix: twist": "--helical-twist",
    "helix: units": "--helical-units",
  };
  const sums = besideName(out, "_sums");
  const { part } = options;
  const own = libraryOptions(options, session);
  if (part) {
    await inTermsOf(names, reconstructPart(used, own, { folder: sums, part }));
    session.print(
      `${sums}: sums of part ${part.number} of ${part.of}, ${session.elapsed()}; the same command without --part makes the map`,
    );
    return;
  }
  const result = await inTermsOf(names, reconstructKept(used, own, existsSync(sums) ? sums : undefined));
  const { map, fsc, leftOut, inverted } = result;
  if (leftOut.length > 0) {
    const sentence = describeLeftOut(leftOut, used.tilts().count, (index) => used.rows[index]!);
    session.note(`${particles}: ${sentence}; --keep-outliers uses them`);
  }
  if (inverted) session.note(invertedNote(inverted, used));
  const depth = fsc && depthNote(used, fsc, options.maskDiameter ?? map.size[0] * map.apix);
  if (depth) session.note(depth);
  const count = used.count - unusedParticles(used, leftOut).size;
  const labels = [`${path.basename(particles)}: ${count} particles`];
  await writeResult(files, result, outputs, { signal: session.signal, labels });
  await outputs.keep(session.signal);
  await removeParts(sums);
  session.print(
    `${out}: ${count} particles, ${map.size[0]} voxels of ${map.apix.toFixed(3)} Å, ${session.elapsed()}`,
  );
  if (!fsc) session.print("no half maps: one half has no particles");
  else {
    const { maskDiameter = Number.POSITIVE_INFINITY } = options;
    const isMasked = maskDiameter < map.size[0] * map.apix;
    const where = isMasked
      ? ` in the sphere of ${maskDiameter} Å, not corrected for what it correlates,`
      : "";
    for (const threshold of fscThresholds) {
      session.print(`FSC of the half maps${where} ${threshold} ${resolutionText(fsc, threshold)}`);
    }
  }
}

/** Opens the particles, checks their stacks and selects those to use. */
async function openSelected(
  options: ReconstructCommandOptions,
  outputs: Outputs,
  session: Session,
): Promise<ParticleSet> {
  const { particles, select, dataFolder, apix, invertContrast, bytes } = options;
  const { signal, onProgress } = session;
  const set = session.closing(
    await openParticles(particles, { signal, dataFolder, apix, invertContrast, bytes }),
  );
  await outputs.spare(await set.stackFiles());
  const used = select === undefined ? set : set.select(await readIndices(select, set.count));
  await used.checkStacks({ signal, onProgress });
  for (const warning of used.warnings) session.note(warning);
  return used;
}

/** @throws InputError unless all three or none are given */
function helixOf({ helicalUnits: units, helicalRise: rise, helicalTwist: twist }: ReconstructCommandOptions) {
  if (units !== undefined && rise !== undefined && twist !== undefined) return { units, rise, twist };
  if (units === undefined && rise === undefined && twist === undefined) return undefined;
  throw new InputError("helix", "--helical-units, --helical-rise and --helical-twist together", "not all");
}

function libraryOptions(options: ReconstructCommandOptions, { signal, onProgress }: Session) {
  const { boxSize, maskDiameter, keepOutliers, symmetry, threads } = options;
  return {
    helix: helixOf(options),
    signal,
    onProgress,
    symmetry,
    threads,
    ...(boxSize !== undefined && { boxSize }),
    ...(maskDiameter !== undefined && { maskDiameter }),
    ...(keepOutliers && { keepOutliers: true }),
  };
}

async function writeResult(
  files: MapFiles,
  { map, half1, half2, fsc }: Reconstruction,
  outputs: Outputs,
  options: { signal: AbortSignal; labels: string[] },
): Promise<void> {
  await writeMap(outputs.place(files.map), map, options);
  if (!half1 || !half2 || !fsc) return;
  await writeMap(outputs.place(files.half1), half1, options);
  await writeMap(outputs.place(files.half2), half2, options);
  await writeAtomic(outputs.place(files.fsc), formatFsc(fsc, files.fsc));
}
