import { writeAtomic } from "../atomicWrite";
import type { CorrectedReconstruction } from "../correction";
import { commonError } from "../correction/stateFsc";
import { finiteText } from "../finite";
import { writeMap } from "../maps/mapFile";
import type { Volume } from "../maps/volume";
import { formatFsc } from "../reconstruction/fsc";
import { localResolution } from "../reconstruction/localResolution";
import { fscThresholds, resolutionText } from "./fsc";
import { localFiles, localSentence, taskOf } from "./localMaps";
import { besideName } from "./modelFiles";
import type { Outputs } from "./outputs";
import type { Session } from "./session";

/** Output files of a state. */
export interface StateFiles {
  map: string;
  half1: string;
  half2: string;
  fsc: string;
  plain: string;
  plainHalf1: string;
  plainHalf2: string;
  plainFsc: string;
  shells: string;
  /** With `--local`. */
  local?: { resolution: string; filtered: string; plain: string };
}

export function filesOf(map: string, { local = false }: { local?: boolean }): StateFiles {
  return {
    map,
    half1: besideName(map, "_half1.mrc"),
    half2: besideName(map, "_half2.mrc"),
    fsc: besideName(map, "_fsc.txt"),
    plain: besideName(map, "_plain.mrc"),
    plainHalf1: besideName(map, "_plain_half1.mrc"),
    plainHalf2: besideName(map, "_plain_half2.mrc"),
    plainFsc: besideName(map, "_plain_fsc.txt"),
    shells: besideName(map, "_shells.csv"),
    ...(local && { local: { ...localFiles(map), plain: besideName(map, "_plain_local_resolution.mrc") } }),
  };
}

/** Names of all files of a state. */
export const namesOf = ({ local, ...files }: StateFiles): string[] => [
  ...Object.values(files),
  ...Object.values(local ?? {}),
];

/** Writes the files of a state. @returns lines to print */
export async function writeState(
  files: StateFiles,
  found: CorrectedReconstruction,
  outputs: Outputs,
  session: Session,
): Promise<string[]> {
  const { corrected, plain } = found;
  const { signal } = session;
  for (const [file, map] of [
    [files.map, corrected.map],
    [files.half1, corrected.half1],
    [files.half2, corrected.half2],
    [files.plain, plain.map],
    [files.plainHalf1, plain.half1],
    [files.plainHalf2, plain.half2],
  ] as const)
    await writeMap(outputs.place(file), map, { signal });
  await writeAtomic(outputs.place(files.fsc), formatFsc(corrected.fsc, files.fsc));
  await writeAtomic(outputs.place(files.plainFsc), formatFsc(plain.fsc, files.plainFsc));
  await writeAtomic(outputs.place(files.shells), shellTable(found, files.shells));
  return files.local ? writeLocal(files.local, found, outputs, session) : [];
}

/** Local resolution of both pairs of half maps, and the corrected map filtered to it. */
async function writeLocal(
  files: NonNullable<StateFiles["local"]>,
  { corrected, plain, mask }: CorrectedReconstruction,
  outputs: Outputs,
  session: Session,
): Promise<string[]> {
  const task = taskOf(session);
  const own = await localResolution(corrected.half1, corrected.half2, mask, task);
  const write = (file: string, map: Volume) => writeMap(outputs.place(file), map, { signal: session.signal });
  await write(files.resolution, own.resolution);
  await write(files.filtered, own.filtered);
  const without = await localResolution(plain.half1, plain.half2, mask, task);
  await write(files.plain, without.resolution);
  return [localSentence(files.resolution, own), localSentence(files.plain, without)];
}

function shellTable(
  { corrected, plain, stateFsc, maskedFsc, fractions }: CorrectedReconstruction,
  file: string,
): string {
  const parts = fractions.map((_, p) => `fraction_part_${p + 1}`);
  const curves = ["fsc", "fsc_plain", "fsc_in_mask", "fsc_with_nearest"];
  const header = ["shell", "resolution_angstrom", ...curves, ...parts].join(",");
  const rows = Array.from(corrected.fsc.shell, (shell, i) => {
    const text = (x: number) => (Number.isNaN(x) ? "" : finiteText(x, 4, file, `shell ${shell}`));
    const resolution = corrected.fsc.resolution[i]!;
    return [
      shell,
      Number.isFinite(resolution) ? text(resolution) : "",
      ...[corrected.fsc.fsc[i]!, plain.fsc.fsc[i]!, maskedFsc[i]!, stateFsc[i]!].map(text),
      ...fractions.map((part) => text(part[i]!)),
    ].join(",");
  });
  return `${header}\n${rows.join("\n")}\n`;
}

/** What is said of a state. */
export function reportOf(
  file: string,
  z: readonly number[],
  found: CorrectedReconstruction,
  session: Session,
): string[] {
  const { corrected, plain, motion, cells, used } = found;
  return [
    `${file}: state ${z.join(",")} from ${used} particles in ${cells} ${cells === 1 ? "cell" : "cells"} of each half, ` +
      `${motion.toFixed(1)} Å RMS of motion undone, ${session.elapsed()}`,
    ...fscThresholds.map(
      (threshold) =>
        `FSC of the half maps ${threshold} ${resolutionText(corrected.fsc, threshold)}, without correction ${resolutionText(plain.fsc, threshold)}`,
    ),
    ...commonErrorNote(found),
  ];
}

/** Says where both halves err alike, so that their FSC tells more than the map has of the state. */
function commonErrorNote(found: CorrectedReconstruction): string[] {
  const common = commonError(found);
  if (!common) return [];
  const { resolution } = found.corrected.fsc;
  const [from, to] = [common.first, common.last].map((shell) => resolution[shell]!.toFixed(1));
  return [
    `from ${from} to ${to} Å the halves agree by up to ${common.excess.toFixed(2)} more than each with the particles nearest to the state would ` +
      "make them: both err alike (where the decoder carries what, and how far particles of one cell differ), and their FSC says too much there",
  ];
}
