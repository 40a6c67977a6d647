import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { posedSource } from "../correction/posedSource";
import { InputError, StoppedError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { kMeansAsync } from "../latent/kmeans";
import { matchPlaces } from "../latent/matchPlaces";
import { readPlaces } from "../latent/placesFile";
import { readMask } from "../maps/mask";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import type { ImageSource } from "../reconstruction/imageSource";
import type { Part } from "../reconstruction/keptSums";
import type { PlacedParticles } from "../reconstruction/kernelWeights";
import { stateRecordName, type WrittenState, writeStates } from "../reconstruction/stateFolder";
import { openRun } from "../training/runs/openRun";
import { openRunParticles } from "../training/runs/runParticles";
import { inTermsOf } from "./failure";
import { givenPoints, pointOption } from "./latentPoints";
import {
  addBoxSize,
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  lengthOption,
  numberOption,
  partOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
  symmetryOption,
  threadsOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface StatesOptions extends QuietOption {
  particles?: string;
  places?: string;
  array?: string;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  z?: string[];
  path?: string;
  clusters?: number;
  grid?: number;
  nearest?: number;
  boxSize?: number;
  maskDiameter?: number;
  symmetry?: string;
  keepOutliers?: boolean;
  local?: boolean;
  mask?: string;
  threads?: number;
  memory?: number;
  seed: number;
  resume?: boolean;
  part?: Part;
  out: string;
}

/** Adds the command `states`. */
export function addStates(program: Command, run: RunCommand): void {
  const command = program
    .command("states")
    .summary("reconstruct the states of a run, or of places of another program, in one pass over the images")
    .description(
      "Reconstructs states from the particles near them in the latent space, which count the less the farther they are, all states in one " +
        "pass over the images. Places are those of a run, or of any program (--particles and --places). Writes a folder with a map for each " +
        "state (state_01.mrc, …), half maps as relion_postprocess takes them (state_01_half1_unfil.mrc, …), their FSC, states.csv, and series.cxc, " +
        "which shows the states as a movie in ChimeraX.",
    )
    .argument("[run]", "run folder of e2gmm train")
    .addOption(
      fileOption(
        "--particles <file>",
        "STAR or .cs file; with a run, the same particles in the same order with other images, such as in full size",
      ),
    )
    .addOption(
      fileOption(
        "--places <file>",
        "places of another program: a table (CSV, TSV), .npy, a pickle (.pkl) such as cryoDRGN's, or a .cs file with cryoSPARC's " +
          "components. Rows are in the order of the particles, or name them: a column image, or uid in a .cs file",
      ),
    )
    .addOption(
      new Option("--array <name>", "the array of places in a pickle of several: its keys, such as zs/4"),
    )
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption())
    .addOption(pointOption("a state, one number per dimension; may be repeated"))
    .addOption(
      fileOption("--path <file>", "text file with one state per line, such as centres.txt of e2gmm latent"),
    )
    .addOption(
      numberOption("--clusters <k>", "states at the centres of k clusters (k-means)", {
        integer: true,
        least: 1,
      }),
    )
    .addOption(
      numberOption(
        "--grid <n>",
        "n states along each dimension, from the 5 % to the 95 % quantile of the places",
        {
          integer: true,
          least: 2,
        },
      ),
    )
    .addOption(
      numberOption("--nearest <n>", "particles of each state (default: a tenth of all, at least 100)", {
        integer: true,
        least: 1,
      }),
    );
  addBoxSize(command, "voxels", "box size of the maps; smaller is coarser (default: that of the images)", {
    least: 4,
  });
  command
    .addOption(symmetryOption("every image is used in all equivalent orientations"))
    .addOption(
      lengthOption("--mask-diameter <Å>", "sphere outside which maps are flat (default: the box length)"),
    )
    .addOption(new Option("--keep-outliers", "also use images that are unlike the others"))
    .addOption(
      new Option(
        "--local",
        "also write the local resolution of each state (state_01_local_resolution.mrc, in Å) and its map filtered to it (state_01_local_filtered.mrc)",
      ),
    )
    .addOption(fileOption("--mask <file>", "where --local looks (default: the sphere of --mask-diameter)"))
    .addOption(threadsOption("the reconstruction; maps do not depend on it"))
    .addOption(
      numberOption(
        "--memory <GiB>",
        "memory for the sums of states; with less than all need, the images are read more than once (default: half of the memory)",
        { above: 0 },
      ),
    )
    .addOption(seedOption())
    .addOption(
      new Option(
        "--resume",
        "go on with a folder that a stopped command, or the parts, left: in a pass over the images where it stopped",
      ),
    )
    .addOption(partOption("its images are read, and sums kept in --out; --resume then makes the states"))
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm states run --path motions/pc1.txt --out pc1",
    "e2gmm states --particles particles.star --places z.24.pkl --clusters 8 --local --mask mask.mrc --out states",
  );
  command.action((folder: string | undefined, options: StatesOptions) =>
    run(options, async (session) => {
      try {
        await states(folder, options, session);
      } catch (error) {
        throw error instanceof StoppedError ? await stoppedIn(options, error) : error;
      }
    }),
  );
}

/** What a command that was stopped has left in its folder, and how it goes on; the error as it is if there is nothing. */
async function stoppedIn({ out, part }: StatesOptions, error: StoppedError): Promise<StoppedError> {
  const names = await readdir(out).catch((): string[] => []);
  if (!names.includes(stateRecordName)) return error;
  const maps = names.filter((name) => /^state_\d+\.mrc$/.test(name)).length;
  const finished = maps === 0 ? "no state is finished" : `${maps} states are finished`;
  const sums = names.some((name) => /^pass_\w+\.json$/.test(name)) ? ", sums of images are kept" : "";
  const next = part ? "the same command goes on" : "the same command goes on with --resume";
  return new StoppedError(`stopped; ${finished}${sums}; ${next} (from ${out})`);
}

/** Images, and the places of their particles. */
interface Given {
  source: ImageSource;
  /** The particles that the images are of. */
  set: ParticleSet;
  placed: PlacedParticles;
}

async function states(folder: string | undefined, options: StatesOptions, session: Session): Promise<void> {
  const { out, nearest, boxSize, maskDiameter, symmetry, keepOutliers, threads, memory, resume } = options;
  if (options.mask !== undefined && !options.local)
    throw new InputError("--mask", "--local, which it is for", "none");
  if (options.part && resume) throw new InputError("--part", "no --resume, which it does", "both");
  if (!resume && !options.part) await session.fills(out);
  const { source, set, placed } = await openGiven(folder, options, session);
  await set.checkStacks(session);
  for (const warning of set.warnings) session.note(warning);
  const points = await statesOf(placed, options, session);
  const local = options.local ? await localOptions(source, options, session) : undefined;
  const found = await inTermsOf(
    { boxSize: "--box-size", particles: "--nearest" },
    writeStates(source, placed, points, out, {
      signal: session.signal,
      onProgress: session.onProgress,
      label: path.basename(set.file),
      symmetry,
      threads,
      ...(nearest !== undefined && { particles: nearest }),
      ...(boxSize !== undefined && { boxSize }),
      ...(maskDiameter !== undefined && { maskDiameter }),
      ...(keepOutliers && { keepOutliers: true }),
      ...(memory !== undefined && { memory: memory * 2 ** 30 }),
      ...(local && { local }),
      ...(resume && { resume: true }),
      part: options.part,
    }),
  );
  if (found.leftOut.length > 0) {
    const sentence = describeLeftOut(found.leftOut, set.tilts().count, (index) => set.rows[index]!);
    session.note(`${set.file}: ${sentence}; --keep-outliers uses them`);
  }
  if (options.part) {
    const { number, of } = options.part;
    session.print(
      `${out}: sums of part ${number} of ${of}, ${session.elapsed()}; the same command with --resume instead of --part makes the states`,
    );
    return;
  }
  for (const state of found.states) session.print(sentenceOf(out, state));
  const before = found.resumed > 0 ? `, ${found.resumed} states of before` : "";
  session.print(
    `${path.join(out, "states.csv")}: images read ${timesText(found.passes)}${before}, ${session.elapsed()}`,
  );
}

const timesText = (n: number) => (n === 1 ? "once" : `${n} times`);

function sentenceOf(out: string, { file, place, particles, effective, resolution }: WrittenState): string {
  const z = place.map((x) => Number(x.toPrecision(4))).join(",");
  const gold =
    resolution.gold === null ? "no agreement of halves" : `FSC 0.143 at ${resolution.gold.toFixed(2)} Å`;
  return `${path.join(out, file)}: state ${z} from ${particles} particles (${effective.toFixed(0)} of equal weight), ${gold}`;
}

async function openGiven(
  folder: string | undefined,
  options: StatesOptions,
  session: Session,
): Promise<Given> {
  const { particles, places, array, dataFolder, apix, invertContrast, bytes } = options;
  const open = async (file: string) =>
    session.closing(
      await openParticles(file, { signal: session.signal, dataFolder, apix, invertContrast, bytes }),
    );
  if (folder === undefined) {
    if (!particles || !places)
      throw new InputError("input", "a run, or --particles with --places", "neither");
    const set = await open(particles);
    const read = await readPlaces(places, { array });
    return { source: set, set, placed: { latent: read.latent, places: matchPlaces(read, set, places) } };
  }
  if (places !== undefined) throw new InputError("--places", "no run beside it", folder);
  const trained = await openRun(folder);
  session.closing({ close: async () => trained.close() });
  const { latent, refined } = await trained.latents();
  const own = session.closing(await openRunParticles(trained.record.inputs, { signal: session.signal }));
  const placed = { latent, places: refined };
  if (particles === undefined) return { source: own, set: own, placed };
  const images = await open(particles);
  return { source: posedSource(images, own), set: images, placed };
}

/** @throws InputError unless exactly one way of choosing states is given, and for points of other dimensions */
async function statesOf(
  { latent, places }: PlacedParticles,
  options: StatesOptions,
  session: Session,
): Promise<number[][]> {
  const { clusters, grid, seed } = options;
  const points = await givenPoints(options);
  const ways = [points.length > 0, clusters !== undefined, grid !== undefined].filter(Boolean).length;
  if (ways !== 1)
    throw new InputError("states", "--z or --path, --clusters, or --grid", ways === 0 ? "none" : "several");
  for (const { z, where } of points)
    if (z.length !== latent)
      throw new InputError(where, `${latent} numbers, one per dimension`, `${z.length}`);
  if (points.length > 0) return points.map(({ z }) => z);
  if (grid !== undefined) return gridStates({ latent, places }, grid);
  const all = Float32Array.from(places);
  const task = { signal: session.signal, onProgress: session.onProgress };
  const { centres } = await inTermsOf(
    { k: "--clusters" },
    kMeansAsync(all, latent, clusters!, { seed, ...task }),
  );
  return Array.from({ length: clusters! }, (_, k) => [...centres.subarray(k * latent, (k + 1) * latent)]);
}

/** Most states of a grid. */
const mostStates = 1000;

function gridStates({ latent, places }: PlacedParticles, n: number): number[][] {
  if (n ** latent > mostStates)
    throw new InputError(
      "--grid",
      `at most ${mostStates} states`,
      `${n} to the power of ${latent} dimensions`,
    );
  const count = places.length / latent;
  const axes = Array.from({ length: latent }, (_, d) => {
    const sorted = Float64Array.from({ length: count }, (_, i) => places[i * latent + d]!).sort();
    const [from, to] = [0.05, 0.95].map((q) => sorted[Math.round(q * (count - 1))]!) as [number, number];
    return Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
  });
  return axes.reduce<number[][]>((all, axis) => all.flatMap((one) => axis.map((x) => [...one, x])), [[]]);
}

async function localOptions(source: ImageSource, { mask, boxSize }: StatesOptions, session: Session) {
  if (mask === undefined) return {};
  const size = boxSize ?? source.boxSize;
  const grid = {
    data: new Float32Array(0),
    size: [size, size, size] as [number, number, number],
    apix: (source.boxSize * source.apix) / size,
  };
  return { mask: await readMask(mask, grid, { ...session.reading, sameVoxels: true }) };
}
