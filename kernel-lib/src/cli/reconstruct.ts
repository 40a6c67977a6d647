import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import type { ByteSign } from "../formats/mrc";
import { writeMap } from "../maps/mapFile";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { openParticles } from "../particles/particleSet";
import { formatFsc } from "../reconstruction/fsc";
import { reconstruct } from "../reconstruction/reconstruct";
import { inTermsOf } from "./failure";
import { resolutionText } from "./fsc";
import { besideName } from "./modelFiles";
import {
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  numberOption,
  type QuietOption,
  quietOption,
  readIndices,
  required,
} from "./options";
import type { RunCommand } from "./session";

interface ReconstructCommandOptions extends QuietOption {
  particles: string;
  select?: string;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  box?: number;
  maskDiameter?: number;
  keepOutliers?: boolean;
  bytes?: ByteSign;
  out: string;
}

export function addReconstruct(program: Command, run: RunCommand): void {
  const command = program
    .command("reconstruct")
    .summary("reconstruct a map from particles")
    .description(
      "Reconstructs a map by direct Fourier inversion with the poses and CTFs of the particle file. Writes the map, " +
        "and beside it two half maps and their FSC (map_half1.mrc, map_half2.mrc and map_fsc.txt for map.mrc). Halves " +
        "are those of _rlnRandomSubset where the file has it, else every other particle; rows that name the same image " +
        "stay together.",
    )
    .addOption(required(fileOption("--particles <file>", "STAR file of RELION, or .cs file of cryoSPARC")))
    .addOption(
      fileOption(
        "--select <file>",
        "text file of the particles to use, counted from 0; those that are left out on reading do not count",
      ),
    )
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("images"))
    .addOption(bytesOption())
    .addOption(
      numberOption(
        "--box <voxels>",
        "edge of the map (default: that of the images); fewer voxels are coarser",
        {
          integer: true,
          least: 4,
        },
      ),
    )
    .addOption(
      numberOption(
        "--mask-diameter <Å>",
        "sphere outside which the map is flat (default: the edge of the box)",
        {
          expected: "a length in Å",
          above: 0,
        },
      ),
    )
    .addOption(
      new Option(
        "--keep-outliers",
        "use images, too, that are unlike the others: constant, on another scale, or with a hot pixel",
      ),
    )
    .addOption(required(fileOption("--out <file>", "the map (MRC)")))
    .addOption(quietOption());
  examples(command, "e2gmm reconstruct --particles run_data.star --select set_1.txt --out set_1.mrc");
  command.action((options: ReconstructCommandOptions) =>
    run(options, async (session) => {
      const { particles, select, out } = options;
      const files = [
        out,
        besideName(out, "_half1.mrc"),
        besideName(out, "_half2.mrc"),
        besideName(out, "_fsc.txt"),
      ];
      const [mapFile, half1File, half2File, fscFile] = files as [string, string, string, string];
      const outputs = await session.writes(files, [particles, select]);
      const { signal, onProgress } = session;
      const set = session.closing(
        await openParticles(particles, {
          signal,
          dataFolder: options.dataFolder,
          apix: options.apix,
          invertContrast: options.invertContrast,
          bytes: options.bytes,
        }),
      );
      await outputs.spare(await set.stackFiles());
      const used = select === undefined ? set : set.select(await readIndices(select, set.count));
      await used.checkStacks({ signal, onProgress });
      for (const notice of used.warnings) session.note(notice);
      const { map, half1, half2, fsc, leftOut } = await inTermsOf(
        { boxSize: "--box" },
        reconstruct(used, {
          signal,
          onProgress,
          ...(options.box !== undefined && { boxSize: options.box }),
          ...(options.maskDiameter !== undefined && { maskDiameter: options.maskDiameter }),
          ...(options.keepOutliers && { keepOutliers: true }),
        }),
      );
      if (leftOut.length > 0) {
        const sentence = describeLeftOut(leftOut, used.count, (index) => used.rows[index]!);
        session.note(`${particles}: ${sentence}; --keep-outliers uses them`);
      }
      await writeMap(outputs.place(mapFile), map, { signal });
      if (half1 && half2 && fsc) {
        await writeMap(outputs.place(half1File), half1, { signal });
        await writeMap(outputs.place(half2File), half2, { signal });
        await writeAtomic(outputs.place(fscFile), formatFsc(fsc, fscFile));
      }
      await outputs.keep(signal);
      session.print(
        `${out}: ${used.count - leftOut.length} particles, ${map.size[0]} voxels of ${map.apix.toFixed(3)} Å, ${session.elapsed()}`,
      );
      if (!fsc) session.print("no half maps: one half has no particles");
      else {
        for (const threshold of [0.5, 0.143]) {
          session.print(`FSC of the half maps ${threshold} ${resolutionText(fsc, threshold)}`);
        }
      }
    }),
  );
}
