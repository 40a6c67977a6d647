import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { writeMap } from "../maps/mapFile";
import { finalName } from "../partialName";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { beginTask } from "../progress";
import { checked, parsedJson } from "../schema";
import { packageVersion } from "../version";
import { sourceHash } from "./backproject";
import { formatFsc, resolutionAt } from "./fsc";
import type { ImageSource } from "./imageSource";
import type { Part } from "./keptSums";
import { checkPlaces, type PlacedParticles } from "./kernelWeights";
import { mapSeries } from "./mapSeries";
import { checkBoxSize } from "./reconstruct";
import { reconstructKept, type StateMap, type StateMapsOptions, statesPerPass } from "./stateMaps";

/** Options of {@link writeStates}. */
export interface WriteStatesOptions extends Omit<StateMapsOptions, "onState" | "keepMaps"> {
  /**
   * Go on with a folder of the same particles, images, places, states and options: states that it has are left as they are, a pass over the images
   * that was stopped goes on where it stopped, and the sums of parts are added. Default false.
   */
  resume?: boolean;
  /**
   * Read only one of several parts of the images and keep the sums in the folder, such as in one of several jobs; the states are then made
   * by a call that resumes. Default: all.
   */
  part?: Part | undefined;
  /** What to write into the maps as their origin, such as the particle file. */
  label?: string;
}

/** A state that was written. */
export interface WrittenState {
  /** Its map. Beside it are `…_half1_unfil.mrc`, `…_half2_unfil.mrc`, `…_fsc.txt`, and `…_local_resolution.mrc`, `…_local_filtered.mrc`. */
  file: string;
  /** Its place in the latent space. */
  place: number[];
  /** Particles with a weight, outlier images included. */
  particles: number;
  /** (Σ w)² / Σ w² of their weights. */
  effective: number;
  /** Distance in the latent space from which on particles have no weight. */
  radius: number;
  /** Å where the FSC of the half maps falls below 0.5 and 0.143; null without half maps, or where it begins below. */
  resolution: { half: number | null; gold: number | null };
}

/** The result of {@link writeStates}. */
export interface WrittenStates {
  /** All states, also those of a former call; none with `part`. */
  states: WrittenState[];
  /** States that a former call had written. */
  resumed: number;
  /** How often the images were read. */
  passes: number;
  /** Outlier images that were not used, of the states of this call. */
  leftOut: LeftOutImage[];
}

const writtenSchema = v.object({
  file: v.string(),
  place: v.array(v.number()),
  particles: v.number(),
  effective: v.number(),
  radius: v.number(),
  resolution: v.object({ half: v.nullable(v.number()), gold: v.nullable(v.number()) }),
});
const recordSchema = v.object({
  settings: v.string(),
  /** States whose sums are made together. */
  each: v.number(),
  states: v.array(v.nullable(writtenSchema)),
});
type FolderRecord = v.InferOutput<typeof recordSchema>;

/** Name of the record of the states that are written, in their folder. */
export const stateRecordName = "states.json";
const recordName = stateRecordName;

/**
 * As `reconstruction.states` into a folder: for each state its map, half maps named as RELION does, FSC and local resolution; `states.csv`
 * with place, particles and resolution of each; and `series.cxc`, which shows the maps as a movie in ChimeraX. A state is written when it is complete,
 * so that a stopped call can be resumed.
 * @param folder new or empty, unless the call is resumed
 * @throws InputError as `reconstructStates`, for a folder that is not empty, and to resume, for one of other particles, places or options
 * @throws StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const run = await e2.openRun("RUN");
 * const { refined: places, latent } = await run.latents();
 * const placed = { latent, places };
 * const { states } = await e2.reconstruction.writeStates(particles, placed, [[-1, 0], [1, 0]], "states", { particles: 60 });
 * console.log(states.map(({ file }) => file));
 * await particles.close();
 * run.close();
 * ```
 */
export async function writeStates(
  source: ImageSource,
  placed: PlacedParticles,
  states: readonly ArrayLike<number>[],
  folder: string,
  options: WriteStatesOptions = {},
): Promise<WrittenStates> {
  const { resume = false, label, part, ...task } = beginTask(options);
  checkPlaces(source.count, placed, states);
  const settings = await digest(source, placed, states, task);
  const each = statesPerPass(checkBoxSize(source, task.boxSize), task.memory);
  const made = { settings, each, states: states.map(() => null) };
  const record = await openFolder(folder, made, { resume, isPart: part !== undefined });
  const names = namesOf(states.length);
  for (let s = 0; s < states.length; s++)
    if (!(await exists(path.join(folder, names[s]!)))) record.states[s] = null;
  const resumed = record.states.filter((state) => state !== null).length;
  const save = () => writeAtomic(path.join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
  await save();
  const labels = [`states of ${label ?? "particles"}`];
  const onState = async (state: StateMap, s: number) => {
    record.states[s] = await writeState(folder, names[s]!, state, {
      labels: [...labels, `state ${s + 1} at ${state.place.map((x) => x.toPrecision(5)).join(" ")}`],
      ...(task.signal && { signal: task.signal }),
    });
    await save();
  };
  const key = `${settings} ${record.each}`;
  const keep = { folder, key, isDone: (s: number) => record.states[s] !== null, part };
  const given = { ...task, onState, keepMaps: false };
  const { passes, leftOut } = await reconstructKept(source, placed, states, given, keep, record.each);
  if (part) return { states: [], resumed, passes, leftOut };
  const written = record.states as WrittenState[];
  await writeAtomic(path.join(folder, "states.csv"), tableOf(written, placed.latent));
  await writeAtomic(path.join(folder, "series.cxc"), mapSeries(names));
  return { states: written, resumed, passes, leftOut };
}

function namesOf(count: number): string[] {
  const digits = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, s) => `state_${String(s + 1).padStart(digits, "0")}.mrc`);
}

/** A number that differs for other particles, images, places, states or options. */
async function digest(
  source: ImageSource,
  { latent, places }: PlacedParticles,
  states: readonly ArrayLike<number>[],
  { particles, boxSize, maskDiameter, keepOutliers, symmetry, halves, indices, local }: StateMapsOptions,
): Promise<string> {
  const numbers = (values: ArrayLike<number>) => new Uint8Array(Float64Array.from(values).buffer);
  const hash = (await sourceHash(source)).update(`${packageVersion} ${latent}`);
  for (const values of [places, ...states]) hash.update(numbers(values));
  for (const values of [indices, halves, local?.mask?.data])
    hash.update(values === undefined ? "-" : typeof values === "string" ? values : numbers(values));
  const bands = local && { ...local, mask: undefined };
  const rest = [particles, boxSize, maskDiameter, keepOutliers, symmetry, bands];
  return hash.update(JSON.stringify(rest)).digest("hex");
}

async function openFolder(
  folder: string,
  made: FolderRecord,
  { resume, isPart }: { resume: boolean; isPart: boolean },
): Promise<FolderRecord> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, recordName);
  if ((resume || isPart) && (await exists(file))) {
    const record = checked(recordSchema, parsedJson(await readFile(file, "utf8"), file), file);
    if (record.settings !== made.settings || record.states.length !== made.states.length)
      throw new InputError(
        file,
        "the same particles, images, places, states and options to resume",
        "others",
      );
    return record;
  }
  // Other parts may have begun.
  const other = (await readdir(folder)).find((name) => !isPart || !isOfPart(finalName(name)));
  if (other !== undefined)
    throw new InputError(folder, "a new or empty folder, or to resume what it has", other);
  return made;
}

const isOfPart = (name: string) => name === recordName || /^pass_states_\d+_part_.*\.(json|f32)$/.test(name);

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Writes a state, its map last. */
async function writeState(
  folder: string,
  name: string,
  { map, half1, half2, fsc, local, place, particles, effective, radius }: StateMap,
  options: { labels: string[]; signal?: AbortSignal },
): Promise<WrittenState> {
  const beside = (suffix: string) => path.join(folder, name.replace(/\.mrc$/, suffix));
  for (const [suffix, one] of [
    ["_half1_unfil.mrc", half1],
    ["_half2_unfil.mrc", half2],
    ["_local_resolution.mrc", local?.resolution],
    ["_local_filtered.mrc", local?.filtered],
  ] as const)
    if (one) await writeMap(beside(suffix), one, options);
  if (fsc) await writeAtomic(beside("_fsc.txt"), formatFsc(fsc, beside("_fsc.txt")));
  await writeMap(path.join(folder, name), map, options);
  const at = (threshold: number) => {
    const found = fsc ? resolutionAt(fsc, threshold) : Number.NaN;
    return Number.isFinite(found) ? found : null;
  };
  return { file: name, place, particles, effective, radius, resolution: { half: at(0.5), gold: at(0.143) } };
}

function tableOf(states: readonly WrittenState[], latent: number): string {
  const axes = Array.from({ length: latent }, (_, d) => `z${d + 1}`);
  const header = ["state", "file", ...axes, "particles", "effective", "radius"];
  const rows = states.map(({ file, place, particles, effective, radius, resolution }, s) => {
    const text = (x: number | null) => (x === null ? "" : finiteText(x, 4, "states.csv", `state ${s + 1}`));
    const numbers = [effective, radius, resolution.half, resolution.gold].map(text);
    return [s + 1, file, ...place.map(text), particles, ...numbers].join(",");
  });
  return `${[...header, "resolution_05_angstrom", "resolution_0143_angstrom"].join(",")}\n${rows.join("\n")}\n`;
}
