import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { ByteSign } from "../formats/mrc";
import { writeMap } from "../maps/mapFile";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { readIndices } from "../particles/indexFile";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { formatFsc } from "../reconstruction/fsc";
import { type Reconstruction, reconstruct } from "../reconstruction/reconstruct";
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
  type QuietOption,
  quietOption,
  required,
  symmetryOption,
  threadsOption,
} from "./options";
import type { Outputs } from "./outputs";
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
  threads?: number;
  bytes?: ByteSign;
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
    .addOption(required(fileOption("--particles <file>", "STAR file of RELION, or .cs file of cryoSPARC")))
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
      lengthOption("--mask-diameter <Å>", "sphere outside which the map is flat (default: the box length)"),
    )
    .addOption(
      new Option(
        "--keep-outliers",
        "also use images that are unlike the others: constant, on another scale, or with a hot pixel",
      ),
    )
    .addOption(threadsOption("the reconstruction; the map does not depend on it"))
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
  const result = await inTermsOf(
    { boxSize: "--box-size" },
    reconstruct(used, libraryOptions(options, session)),
  );
  const { map, fsc, leftOut } = result;
  if (leftOut.length > 0) {
    const sentence = describeLeftOut(leftOut, used.count, (index) => used.rows[index]!);
    session.note(`${particles}: ${sentence}; --keep-outliers uses them`);
  }
  const labels = [`${path.basename(particles)}: ${used.count - leftOut.length} particles`];
  await writeResult(files, result, outputs, { signal: session.signal, labels });
  await outputs.keep(session.signal);
  session.print(
    `${out}: ${used.count - leftOut.length} particles, ${map.size[0]} voxels of ${map.apix.toFixed(3)} Å, ${session.elapsed()}`,
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

function libraryOptions(
  { boxSize, maskDiameter, keepOutliers, symmetry, threads }: ReconstructCommandOptions,
  { signal, onProgress }: Session,
) {
  return {
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
