import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { noMicroscope, type OpticsRow, relionStarHead, starNumber, starWord } from "../formats/relionStar";
import { refuseSameFile, type StarColumn } from "../formats/starWriter";
import { eulerFromRotation } from "../optics/pose";
import { beginTask, type TaskOptions } from "../progress";
import { writeBeside } from "../writeBeside";
import type { ParticleMetadata } from "./metadata/metadata";
import type { ParticleSet } from "./particleSet";

export interface WriteSelectionOptions extends TaskOptions {
  /**
   * Columns to add, by their label without underscore, one value for every particle of the set (not of the rows that
   * are written only). A column that the file has already gets the new values. RELION keeps labels that it does not know, with
   * a warning; one that it knows, such as `rlnClassNumber`, can be chosen by in its Select jobs. See {@link latentColumns}.
   */
  columns?: Readonly<Record<string, ArrayLike<number> | readonly string[]>>;
  /**
   * Names stacks by where they are, as seen from this folder, instead of as the source has them: for a source whose names are
   * not those of the RELION project that the file goes to. All of them have to be there.
   */
  projectFolder?: string;
}

/**
 * Writes some particles as a STAR file to go on with in RELION.
 *
 * From a STAR file: its rows with every column, and all other tables (optics groups), as they are. From a file of
 * another program: a file of RELION 3.1 made from poses, CTF, half sets and image names.
 *
 * RELION takes the names of image stacks from its project folder, in which it is started, not from where the STAR
 * file lies. So they stay as they are unless `projectFolder` is given, and the new file can lie anywhere in the project.
 *
 * @param rows   particles of the set by their index from 0, in the order in which they are written
 * @param target ends in `.star`, by which RELION knows such a file
 * @returns what RELION would have to be told, in sentences: stacks that it cannot read, images that are to be inverted
 * @throws InputError for no rows, rows beyond the set, the source as target, columns of another length or without value
 */
export async function writeSelection(
  particles: ParticleSet,
  rows: ArrayLike<number>,
  target: string,
  given: WriteSelectionOptions = {},
): Promise<string[]> {
  const options = beginTask(given);
  if (!/\.star$/i.test(target)) throw new InputError(target, "a name that ends in .star");
  const chosen = particles.select(rows);
  await refuseSameFile(particles.file, target);
  const columns = addedColumns(particles, rows, options.columns ?? {});
  const imageName = await imageNames(chosen, options.projectFolder);
  const { metadata } = chosen;
  if (metadata.writeStar) {
    if (imageName) columns.push({ name: "rlnImageName", text: imageName });
    await metadata.writeStar(target, chosen.rows, { ...options, columns: distinct(columns) });
    return contrastNotices(chosen, metadata);
  }
  const own = relionColumns(chosen, imageName ?? ((i) => starWord(relionImage(chosen.image(i)))));
  await writeRelion(chosen, distinct([...own, ...columns]), target, options);
  return notices(chosen, metadata);
}

/** Labels and columns of latent coordinates [n · dimensions], for {@link WriteSelectionOptions.columns}. */
export function latentColumns(
  points: ArrayLike<number>,
  dimensions: number,
  label = "e2gmmLatent",
): Record<string, Float32Array> {
  return Object.fromEntries(
    Array.from({ length: dimensions }, (_, d) => [
      `${label}${d + 1}`,
      Float32Array.from({ length: points.length / dimensions }, (_, i) => points[i * dimensions + d]!),
    ]),
  );
}

function addedColumns(
  particles: ParticleSet,
  rows: ArrayLike<number>,
  columns: NonNullable<WriteSelectionOptions["columns"]>,
): StarColumn[] {
  return Object.entries(columns).map(([name, values]) => {
    if (!/^[A-Za-z]\w*$/.test(name))
      throw new InputError("column", "a label of letters and digits", JSON.stringify(name));
    if (values.length !== particles.count) {
      throw new InputError(
        `column ${name}`,
        `${particles.count} values, one for each particle`,
        String(values.length),
      );
    }
    const text = (i: number) => {
      const value = values[rows[i]!]!;
      if (typeof value === "string") return starWord(value);
      if (Number.isFinite(value)) return starNumber(value);
      throw new InputError(`column ${name}: particle ${rows[i]}`, "a finite number", String(value));
    };
    return { name, text };
  });
}

/** Names of images whose stacks are named as seen from a folder; undefined where they stay as they are. */
async function imageNames(
  chosen: ParticleSet,
  projectFolder: string | undefined,
): Promise<((i: number) => string) | undefined> {
  if (projectFolder === undefined) return undefined;
  const names = new Map<string, string>();
  for (let i = 0; i < chosen.count; i++) {
    const { stack } = chosen.image(i);
    if (!names.has(stack)) names.set(stack, path.relative(projectFolder, await chosen.findStack(stack)));
  }
  return (i) => {
    const { stack, section } = chosen.image(i);
    return starWord(relionImage({ stack: names.get(stack)!, section }));
  };
}

function relionImage({ stack, section }: { stack: string; section: number }): string {
  // RELION takes a .mrc file for a map unless told so.
  const name = /\.(mrc|map|st)$/i.test(stack) ? `${stack}:mrcs` : stack;
  return `${String(section + 1).padStart(6, "0")}@${name}`;
}

function contrastNotices(chosen: ParticleSet, { contrast }: ParticleMetadata): string[] {
  const dark = chosen.rows.some((row) => (contrast?.[row] === -1) !== chosen.invertContrast);
  return dark
    ? ["the images show the molecule darker than its surroundings: RELION needs them inverted"]
    : [];
}

function notices(chosen: ParticleSet, metadata: ParticleMetadata): string[] {
  const found = contrastNotices(chosen, metadata);
  const stack = chosen.image(0).stack;
  if (/\.(hdf5?|h5)$/i.test(stack)) {
    found.push("the image stacks are HDF5 files, which RELION does not read: convert them to .mrcs");
  }
  return found;
}

/** What every program's file says, as columns of RELION. */
function relionColumns(chosen: ParticleSet, imageName: (i: number) => string): StarColumn[] {
  const columns: StarColumn[] = [];
  const number = (name: string, value: (i: number) => number) =>
    columns.push({ name, text: (i) => starNumber(value(i)) });
  if (chosen.hasPoses) {
    const rotations = chosen.rotations();
    const shifts = chosen.shifts();
    number("rlnAngleRot", (i) => eulerFromRotation(rotations, 9 * i).rot);
    number("rlnAngleTilt", (i) => eulerFromRotation(rotations, 9 * i).tilt);
    number("rlnAnglePsi", (i) => eulerFromRotation(rotations, 9 * i).psi);
    number("rlnOriginXAngst", (i) => -shifts[2 * i]!);
    number("rlnOriginYAngst", (i) => -shifts[2 * i + 1]!);
  }
  if (chosen.hasCtf) {
    number("rlnDefocusU", (i) => chosen.ctf(i)!.defocusU);
    number("rlnDefocusV", (i) => chosen.ctf(i)!.defocusV);
    number("rlnDefocusAngle", (i) => chosen.ctf(i)!.angle);
    number("rlnPhaseShift", (i) => chosen.ctf(i)!.phaseShift);
    number("rlnCtfBfactor", (i) => chosen.ctf(i)!.bFactor);
    number("rlnCtfScalefactor", (i) => chosen.ctf(i)!.scale);
  }
  const halves = chosen.randomSubset;
  if (halves) number("rlnRandomSubset", (i) => halves[i]!);
  const groupNumber = new Map(chosen.opticsGroups.map((group, g) => [group, g + 1]));
  number("rlnOpticsGroup", (i) => groupNumber.get(chosen.opticsGroup(i))!);
  columns.push({ name: "rlnImageName", text: imageName });
  return columns;
}

async function writeRelion(
  chosen: ParticleSet,
  columns: readonly StarColumn[],
  target: string,
  { signal, onProgress }: TaskOptions,
): Promise<void> {
  const optics: OpticsRow[] = chosen.opticsGroups.map((group) => ({
    ...group,
    ...(Number.isFinite(group.voltage + group.sphericalAberration + group.amplitudeContrast)
      ? {}
      : noMicroscope),
  }));
  await writeBeside(target, async (write) => {
    await write(
      Buffer.from(
        relionStarHead(
          optics,
          columns.map((column) => column.name),
        ),
      ),
    );
    for (let from = 0; from < chosen.count; from += CHUNK) {
      throwIfStopped(signal);
      const to = Math.min(from + CHUNK, chosen.count);
      let text = "";
      for (let i = from; i < to; i++) text += `${columns.map((column) => column.text(i)).join(" ")}\n`;
      await write(Buffer.from(text));
      onProgress?.({ task: "writing particles", done: to, total: chosen.count });
    }
  });
}

/** Columns with each label once: of two that have it, the place of the first and the values of the second. */
function distinct(columns: readonly StarColumn[]): StarColumn[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}

/** Rows that are written at a time. */
const CHUNK = 4096;
