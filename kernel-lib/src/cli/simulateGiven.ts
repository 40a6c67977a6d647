import path from "node:path";
import { Option } from "commander";
import { atomCentre, atomDensity } from "../atoms/atomDensity";
import type { AtomModel } from "../atoms/atomModel";
import { readAtomEnsemble } from "../atoms/readAtoms";
import { InputError } from "../errors";
import { columnsOf, readNumberTable } from "../formats/numberTable";
import { noMicroscope } from "../formats/relionStar";
import { readMap } from "../maps/mapFile";
import type { Ctf } from "../optics/ctf";
import type { DesignOptions } from "../simulate/designOptions";
import type { SimulatedViews } from "../simulate/simulatedParticles";
import { type SimulatedData, simulateFromMaps } from "../simulate/simulateParticles";
import { matchingFiles } from "./filePattern";
import { lengthOption } from "./options";
import { openPoses } from "./poses";
import type { Session } from "./session";

/*
 * Simulation of given states (maps, atoms), in given views, with given CTFs.
 */

/** Where the states come from. */
export interface GivenStates {
  from?: string[];
  resolution?: number;
}

type Simulated = Promise<Omit<SimulatedData, "models">>;

/** Options of given states. */
export const givenOptions = (): Option[] => [
  new Option(
    "--from <files...>",
    "maps, atoms: files of the states in their order, names, a pattern or a folder",
  ),
  lengthOption("--resolution <Å>", "atoms: resolution of the maps that are made of them (default: 3)"),
];

/** One state for each map. */
export async function simulateGivenMaps({ from, ...options }: DesignOptions & GivenStates): Simulated {
  const { boxSize, apix, ...given } = options;
  if (boxSize !== undefined || apix !== undefined) {
    const option = boxSize === undefined ? "--apix" : "--box-size";
    throw new InputError(option, "not an option of the design maps, whose voxels are the pixels");
  }
  const files = await matchingFiles(needed(from), "--from");
  const task = given.signal && { signal: given.signal };
  return simulateFromMaps(
    files.map((file) => () => readMap(file, task)),
    given,
  );
}

/** Endings of atomic models. */
const atomName = /\.(pdb|ent|cif|bcif|mmcif)(\.gz|\.bz2)?$/i;

/** One state for each model of each file. */
export async function simulateAtoms({
  from,
  resolution,
  ...options
}: DesignOptions & GivenStates): Simulated {
  const { boxSize = 64, apix = 3, ...given } = options;
  const models: AtomModel[] = [];
  for (const file of await matchingFiles(needed(from), "--from", atomName)) {
    models.push(...(await readAtomEnsemble(file, given.signal && { signal: given.signal })));
  }
  // One centre for all, so that the motion stays.
  const how = { boxSize, apix, centre: atomCentre(models), ...(resolution !== undefined && { resolution }) };
  return simulateFromMaps(
    models.map((model) => async () => atomDensity(model, how)),
    given,
  );
}

function needed(from: string[] | undefined): string[] {
  if (from === undefined) throw new InputError("--from", "the files of the states", "none");
  return from;
}

/** Images whose size does not matter, for particle files whose stacks may be missing. */
const anyImages = { images: { boxSize: 64, apix: undefined } };

/** The views of a particle file, or of a STAR file with poses only. */
export async function readViews(file: string, session: Session): Promise<SimulatedViews> {
  const { rotations, shifts, warnings } = await openPoses(
    file,
    { withCtf: false, ...anyImages },
    session.signal,
  );
  for (const warning of warnings) session.note(warning);
  return { rotations, shifts };
}

/** The CTFs of a particle file, or of a table of numbers (CSV). */
export async function readCtfs(file: string, session: Session): Promise<Ctf[]> {
  if (/\.(star|cs)$/i.test(path.extname(file))) {
    const { count, ctf } = await openPoses(file, { withCtf: true, ...anyImages }, session.signal);
    return Array.from({ length: count }, (_, i) => ctf!(i)!);
  }
  const table = await readNumberTable(file);
  const standard = { ...noMicroscope, phaseShift: 0, bFactor: 0, scale: 1 };
  const more = (Object.keys(standard) as (keyof typeof standard)[]).filter((key) =>
    table.columns.includes(key),
  );
  const names = ["defocusU", "defocusV", "angle", ...more] as const;
  const values = columnsOf(table, names, file);
  return table.rows.map((_, i) => {
    const row = Object.fromEntries(names.map((name, c) => [name, values[i * names.length + c]!]));
    return { ...standard, ...row } as Ctf;
  });
}
