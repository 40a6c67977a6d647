import type { Command } from "commander";
import { Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { type ClassAgreement, classAgreement, isClassColumn } from "../evidence/score/classAgreement";
import {
  type ChanceLevel,
  informationImbalance,
  neighbourhoodSimilarity,
} from "../evidence/score/neighbourhoods";
import {
  decodedVolume,
  drawnParticles,
  nearbyReconstruction,
  type PlacedStates,
  perConformation,
  perImage,
  type VolumeOfPlace,
} from "../evidence/score/runVolumes";
import {
  type ScoredVolume,
  scoreVolumes,
  type VolumeScores,
  type VolumeTruth,
} from "../evidence/score/scoreVolumes";
import { columnsOf, type NumberTable, readNumberTable } from "../formats/numberTable";
import { readPlaces } from "../latent/placesFile";
import { readMap } from "../maps/mapFile";
import type { Volume } from "../maps/volume";
import { openRun } from "../training/runs/openRun";
import { openRunParticles } from "../training/runs/runParticles";
import { matchingFiles, numberInName } from "./filePattern";
import {
  examples,
  fileOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface ScoreOptions extends QuietOption {
  truth: string;
  state: string;
  coordinates?: string[];
  volumes?: string[];
  mask?: string;
  perImage: number;
  reconstruct?: number;
  places?: string;
  array?: string;
  scored?: string[];
  assignment?: string;
  apix?: number;
  seed: number;
  out?: string;
}

/** Adds the command `score`. */
export function addScore(program: Command, run: RunCommand): void {
  const command = program
    .command("score")
    .summary("score places and volumes against known truth")
    .description(
      "Scores a run, or places and volumes of another program, where the truth is known, by CryoBench's measures: neighbourhood " +
        "similarity and information imbalance of the places, and the area under the Fourier shell correlation with the true volumes, " +
        "per image and per conformation, without and with a mask. Volumes are compared as they are, without alignment. An area of " +
        "1/2 − 1/n is perfect for maps of n voxels along an edge.",
    )
    .argument("[run]", "run folder of e2gmm train")
    .addOption(
      required(
        fileOption(
          "--truth <file>",
          "table (CSV) of the true state and coordinates of every particle, such as truth.csv",
        ),
      ),
    )
    .addOption(new Option("--state <column>", "column of the true state").default("state"))
    .addOption(
      new Option(
        "--coordinates <columns...>",
        "columns of the true coordinates (default: all but index, and but few whole numbers of a column such as state or class, which are " +
          "compared as classes)",
      ),
    )
    .addOption(
      new Option(
        "--volumes <files...>",
        "true volumes (MRC), names or a pattern such as 'truth/*.mrc'; the last number in a name is the state",
      ),
    )
    .addOption(fileOption("--mask <file>", "mask for masked scores, multiplied to both volumes"))
    .addOption(
      numberOption("--per-image <n>", "images whose volumes are scored", {
        integer: true,
        least: 1,
        default: 100,
      }),
    )
    .addOption(
      numberOption(
        "--reconstruct <k>",
        "score reconstructions of the k particles that are nearest to a place, instead of decoded Gaussians",
        { integer: true, least: 1 },
      ),
    )
    .addOption(
      fileOption(
        "--places <file>",
        "places of another program, of all particles: a table with or without header (CSV, or text with blanks), an array (.npy), or a " +
          "pickle (.pkl), such as cryoDRGN's",
      ),
    )
    .addOption(
      new Option("--array <name>", "the array of places in a pickle of several: its keys, such as zs/4"),
    )
    .addOption(
      new Option(
        "--scored <files...>",
        "volumes of another program, names, a pattern or a folder, one for each scored image",
      ),
    )
    .addOption(
      fileOption(
        "--assignment <file>",
        "table (CSV) with the columns index and volume: particle, and number in the name of its volume (default: every " +
          "⌊N/n⌋th particle, for n volumes)",
      ),
    )
    .addOption(lengthOption("--apix <Å>", "voxel size of --scored, if its headers lack it or have it wrong"))
    .addOption(seedOption())
    .addOption(fileOption("--out <file>", "output file of all numbers (JSON)"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm score run --truth truth.csv --volumes 'truth/*.mrc' --mask mask.mrc --out score.json",
    "e2gmm score --truth truth.csv --places z.24.pkl --volumes 'truth/*.mrc' --scored 'volumes/vol_*.mrc'",
  );
  command.action((folder: string | undefined, options: ScoreOptions) =>
    run(options, (session) => score(folder, options, session)),
  );
}

/** What is scored. */
interface Scored {
  /** Places of all particles; undefined if only volumes are given. */
  placed: PlacedStates | undefined;
  /** Makes the volume of a place; undefined for places of another program. */
  make: VolumeOfPlace | undefined;
}

async function score(folder: string | undefined, options: ScoreOptions, session: Session): Promise<void> {
  const { out, truth: truthFile, mask, places, assignment } = options;
  checkOptions(folder, options);
  const outputs = await session.writes(out ? [out] : [], [truthFile, mask, places, assignment]);
  const table = await readNumberTable(truthFile);
  const states = columnsOf(table, [options.state], truthFile);
  const { placed, make } = await openScored(folder, states, options, session);
  if (placed && placed.states.length !== placed.places.length / placed.latent) {
    const found = `${placed.places.length / placed.latent}`;
    throw new InputError(folder ?? places!, `${states.length} particles, as in ${truthFile}`, found);
  }
  // Before anything is printed: a wrong name is told first.
  const truth = options.volumes && (await readTruth(options, session));
  const result: Record<string, unknown> = {};
  if (placed) Object.assign(result, await scorePlaces(table, placed, options, session));
  if (truth) Object.assign(result, await scoreAllVolumes({ placed, make, states, truth }, options, session));
  if (out) await writeAtomic(outputs.place(out), `${JSON.stringify(result, null, 2)}\n`);
  await outputs.keep(session.signal);
}

/** @throws InputError for options that contradict each other, or leave nothing to do */
function checkOptions(folder: string | undefined, options: ScoreOptions): void {
  const { places, scored, volumes, reconstruct, assignment, mask, apix } = options;
  if (folder === undefined && !places && !scored) {
    throw new InputError("input", "a run, --places or --scored", "none of them");
  }
  if (folder !== undefined && places) throw new InputError("--places", "no run beside it", folder);
  if (scored && !volumes) throw new InputError("--scored", "--volumes, the truth, beside it", "none");
  if (reconstruct !== undefined && folder === undefined) {
    throw new InputError("--reconstruct", "a run, whose particles are read", "none");
  }
  if (apix !== undefined && !scored)
    throw new InputError("--apix", "--scored, the volumes, beside it", "none");
  if (assignment && !scored) throw new InputError("--assignment", "--scored, the volumes, beside it", "none");
  if (mask && !volumes) throw new InputError("--mask", "--volumes beside it", "none");
}

async function openScored(
  folder: string | undefined,
  states: Float64Array,
  options: ScoreOptions,
  session: Session,
): Promise<Scored> {
  const { places, array, reconstruct: near } = options;
  if (folder === undefined) {
    const placed = places === undefined ? undefined : { ...(await readPlaces(places, { array })), states };
    return { placed, make: undefined };
  }
  const trained = await openRun(folder);
  session.closing({ close: async () => trained.close() });
  const { latent, refined } = await trained.latents();
  const placed = { latent, places: refined, states };
  if (near === undefined) return { placed, make: decodedVolume((z) => trained.decode(z)) };
  const set = session.closing(await openRunParticles(trained.record.inputs, { signal: session.signal }));
  return { placed, make: nearbyReconstruction(set, placed, near, session) };
}

async function scorePlaces(
  table: NumberTable,
  { places, latent }: PlacedStates,
  { truth: file, coordinates, seed }: ScoreOptions,
  session: Session,
): Promise<object> {
  const asked = coordinates ?? table.columns.filter((name) => name !== "index");
  const classes = asked.filter(
    (name) => coordinates === undefined && isClassColumn(name, columnsOf(table, [name], file)),
  );
  const names = asked.filter((name) => !classes.includes(name));
  const agreement: Record<string, ClassAgreement> = {};
  for (const name of classes) {
    const own = columnsOf(table, [name], file);
    if (own.every((one) => one === own[0])) continue;
    const found = await classAgreement(
      { classes: own, places: Float32Array.from(places), latent },
      {
        ...{ signal: session.signal, onProgress: session.onProgress, seed },
      },
    );
    agreement[name] = found;
    session.print(classText(name, found));
  }
  if (names.length === 0) return { classes: agreement };
  const spaces = { truth: columnsOf(table, names, file), truthDimensions: names.length, places, latent };
  const task = { signal: session.signal, onProgress: session.onProgress, seed };
  const neighbourhoods = await neighbourhoodSimilarity(spaces, task);
  const imbalance = await informationImbalance(spaces, task);
  const level = ({ mean, deviation }: ChanceLevel, scale: number, digits: number) =>
    `${(scale * mean).toFixed(digits)} ± ${(scale * deviation).toFixed(digits)}`;
  for (const { k, fraction, chance } of neighbourhoods) {
    const text = `${(100 * fraction).toFixed(1)} % of ${k} neighbours`;
    session.print(`neighbourhood similarity: ${text} (by chance ${level(chance, 100, 1)} %)`);
  }
  for (const { k, truthToPlaces, placesToTruth, chance } of imbalance) {
    const numbers =
      `truth to places ${truthToPlaces.toFixed(3)} (by chance ${level(chance.truthToPlaces, 1, 3)}), ` +
      `places to truth ${placesToTruth.toFixed(3)} (${level(chance.placesToTruth, 1, 3)})`;
    session.print(`information imbalance, ${k === 1 ? "nearest neighbour" : `${k} neighbours`}: ${numbers}`);
  }
  return { ...(Object.keys(agreement).length > 0 && { classes: agreement }), neighbourhoods, imbalance };
}

/** How places agree with a column of classes. */
function classText(name: string, { classes, nearest, chance, randIndex }: ClassAgreement): string {
  return (
    `${name}: ${classes} classes, whose numbers are no coordinates (unless --coordinates names them); the nearest particle by place is ` +
    `of the same in ${(100 * nearest).toFixed(1)} % (by chance ${(100 * chance).toFixed(1)} %), adjusted Rand index of k-means into ` +
    `as many sets ${randIndex.toFixed(3)}`
  );
}

async function scoreAllVolumes(
  { placed, make, states, truth }: Scored & { states: Float64Array; truth: VolumeTruth },
  options: ScoreOptions,
  session: Session,
): Promise<object> {
  const known = Int32Array.from(states, (_, i) => i).filter((i) => truth.truth.has(states[i]!));
  if (known.length < states.length) {
    session.note(
      `${known.length} of ${states.length} particles are in one of the ${truth.truth.size} states with a true volume`,
    );
  }
  if (known.length === 0) throw new InputError("--volumes", "volumes of the states in the truth", "others");
  const result: Record<string, VolumeScores> = {};
  const add = async (name: string, title: string, volumes: ScoredVolume[]) => {
    const found = await scoreVolumes(volumes, truth, session);
    result[name] = found;
    session.print(`${title}: ${scoreText(found)}`);
    for (const line of shellLines(found)) session.print(line);
  };
  if (options.scored) {
    await add("perImage", "per image", await givenVolumes(states, options, session));
  } else if (placed && make) {
    await add("perImage", "per image", perImage(placed, drawnParticles(known, options.perImage), make));
    await add("perConformation", "per conformation", perConformation(placed, known, make));
  }
  return result;
}

async function readTruth({ volumes, mask }: ScoreOptions, session: Session): Promise<VolumeTruth> {
  const truth = new Map<number, Volume>();
  for (const file of await matchingFiles(volumes!, "--volumes")) {
    const state = numberInName(file);
    if (truth.has(state)) throw new InputError(file, "another number in each name", `${state} again`);
    truth.set(state, await readMap(file, session.reading));
  }
  return { truth, ...(mask !== undefined && { mask: await readMap(mask, session.reading) }) };
}

/** Volumes of another program. */
async function givenVolumes(
  states: Float64Array,
  { scored, assignment, apix }: ScoreOptions,
  session: Session,
): Promise<ScoredVolume[]> {
  const files = await matchingFiles(scored!, "--scored");
  const all = Int32Array.from(states, (_, i) => i);
  let pairs = Array.from(
    drawnParticles(all, files.length).slice(0, files.length),
    (particle, i) => [particle, files[i]!] as const,
  );
  if (assignment !== undefined) {
    const byNumber = new Map(files.map((file) => [numberInName(file), file]));
    const table = columnsOf(
      await readNumberTable(assignment, { ordered: false }),
      ["index", "volume"],
      assignment,
    );
    pairs = Array.from({ length: table.length / 2 }, (_, i) => {
      const file = byNumber.get(table[2 * i + 1]!);
      if (!file) throw new InputError(assignment, "a volume of --scored", `number ${table[2 * i + 1]}`);
      return [table[2 * i]!, file] as const;
    });
  }
  return pairs.map(([particle, file]) => ({
    particle,
    name: file,
    state: states[particle]!,
    volume: async () => {
      const map = await readMap(file, session.reading);
      return apix === undefined ? map : { ...map, apix };
    },
  }));
}

function scoreText({ volumes, perfect, unmasked, masked }: VolumeScores): string {
  const area = ({ mean, deviation }: VolumeScores["unmasked"]) =>
    `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
  const inMask = masked ? `, masked ${area(masked)}` : "";
  return `area under the FSC ${area(unmasked)}${inMask} over ${volumes} volumes (perfect: ${perfect.toFixed(3)})`;
}

/** Shells of a line of output. */
const shellsOfLine = 10;

/** The mean FSC of each shell, ten in a line. */
function shellLines({ unmasked, masked, resolutions }: VolumeScores): string[] {
  const lines: string[] = [];
  for (let from = 1; from < resolutions.length; from += shellsOfLine) {
    const to = Math.min(from + shellsOfLine, resolutions.length);
    const values = (fsc: readonly number[]) =>
      fsc
        .slice(from, to)
        .map((value) => value.toFixed(3))
        .join(" ");
    const range = `${resolutions[from]!.toFixed(1)} to ${resolutions[to - 1]!.toFixed(1)} Å`;
    lines.push(`  FSC of shells ${from} to ${to - 1}, ${range}: ${values(unmasked.fsc)}`);
    if (masked) lines.push(`    masked: ${values(masked.fsc)}`);
  }
  return lines;
}
