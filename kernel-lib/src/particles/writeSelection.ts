import path from "node:path";
import { finalName, writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { noMicroscope, type OpticsRow, relionStarHead, starNumber, starWord } from "../formats/relionStar";
import { refuseSameFile, type StarColumn } from "../formats/starWriter";
import { eulerFromRotation } from "../optics/pose";
import { beginTask, type TaskOptions } from "../progress";
import { copiedAngles } from "./copies";
import type { ParticleSet } from "./particleSet";
import { requireSingleImages } from "./singleImages";

/** Rows written at a time. */
const chunkRows = 4096;

/** Options of {@link writeSelection}. */
export interface WriteSelectionOptions extends TaskOptions {
  /** Indices of particles in the set, from 0, in the order in which they are written. Default: all particles. */
  rows?: ArrayLike<number>;
  /**
   * Columns to add or replace, by label without underscore, with one value for every particle of the set (not only of the
   * written rows). RELION keeps unknown labels, with a warning; its Select jobs can use known ones such as `rlnClassNumber`.
   * See {@link latentColumns}. Default: none.
   */
  columns?: Readonly<Record<string, ArrayLike<number> | readonly string[]>>;
  /**
   * Rewrites stack names relative to this folder, for a source whose names do not match the RELION project that the file is
   * written for. All stacks must exist. Default: names are copied.
   */
  projectFolder?: string;
}

/**
 * Writes particles as a STAR file for RELION.
 *
 * A STAR file is copied with every column of the rows and all other tables. From a file of another program, a RELION 3.1 file
 * is made from poses, CTF, half sets and image names. Symmetry copies (see `ParticleSet`) have a row each, with the angles in
 * which they are seen, as `relion_particle_symmetry_expand` writes them.
 *
 * Of tilt series of an optimisation set of RELION 5, one of the written particles is written beside `target`, with the same tomograms:
 * `chosen_optimisation_set.star` for `chosen.star`. Names in it are relative to the same project.
 *
 * Particles of EMAN2 can be written as a list (.lst), too, with the columns as further keys, those of cryoSPARC as a `.cs` file
 * with its result group (.csg), with the columns as fields `e2gmm/…`.
 *
 * RELION resolves stack names against its project folder, not against the folder of the STAR file. They are therefore
 * copied unless `projectFolder` is given, and the new file may be anywhere in the project.
 *
 * @param target path ending in `.star`, which RELION requires; for particles of EMAN2 also in `.lst`, of cryoSPARC in `.cs`
 * @returns warnings: stacks that RELION cannot read, images that need to be inverted
 * @throws InputError for no rows, rows outside the set, the source as target, columns of the wrong length or without a value
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const latents = Float32Array.from({ length: 2 * particles.count }, Math.random);
 * const columns = e2.particles.latentColumns(latents, 2);
 * await e2.particles.writeSelection("chosen.star", particles, { rows: [0, 5, 7], columns });
 * ```
 */
export async function writeSelection(
  target: string,
  particles: ParticleSet,
  given: WriteSelectionOptions = {},
): Promise<string[]> {
  const options = beginTask(given);
  const { rows = Int32Array.from(particles.rows.keys()) } = options;
  const chosen = particles.select(rows);
  const { extension } = chosen.metadata;
  const isList = extension !== ".star" && finalName(target).toLowerCase().endsWith(extension);
  if (isList) return writeListOf(target, particles, rows, options.columns ?? {});
  if (!/\.star$/i.test(finalName(target))) {
    throw new InputError(
      target,
      `a name that ends in .star${extension === ".star" ? "" : ` or ${extension}`}`,
    );
  }
  await refuseSameFile(particles.file, target);
  const columns = addedColumns(particles, rows, options.columns ?? {});
  if (options.projectFolder !== undefined)
    requireSingleImages(
      chosen,
      "new paths of stacks (projectFolder); a selection of tilt series keeps its own",
    );
  const imageName = await imageNames(chosen, options.projectFolder);
  const { metadata } = chosen;
  if (metadata.writeStar) {
    if (imageName) columns.push({ name: "rlnImageName", text: imageName });
    const all = distinct([...copiedAngles(chosen), ...columns]);
    await metadata.writeStar(target, chosen.rows, { ...options, columns: all });
    return contrastWarnings(chosen);
  }
  const own = relionColumns(chosen, imageName ?? ((i) => starWord(relionImage(chosen.image(i)))));
  await writeRelion(target, chosen, distinct([...own, ...columns]), options);
  return [...contrastWarnings(chosen), ...stackWarnings(chosen)];
}

/**
 * Latent coordinates as columns for {@link WriteSelectionOptions.columns}: `e2gmmLatent1`, `e2gmmLatent2`, …
 * @param points     [n · dimensions]
 * @param dimensions numbers of each particle
 * @param label      prefix of the labels. Default `e2gmmLatent`
 * @example
 * ```ts
 * const columns = e2.particles.latentColumns(Float32Array.of(1, 2, 3, 4), 2);
 * console.log(columns.e2gmmLatent1); // 1, 3
 * ```
 */
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

type AddedColumns = NonNullable<WriteSelectionOptions["columns"]>;

/** Writes particles in the format of EMAN2 or cryoSPARC; symmetry copies get the transforms in which they are seen. */
async function writeListOf(
  target: string,
  particles: ParticleSet,
  rows: ArrayLike<number>,
  columns: AddedColumns,
): Promise<string[]> {
  const chosen = particles.select(rows);
  if (chosen.operators) {
    throw new InputError(target, "particles without symmetry copies, or a name that ends in .star");
  }
  const added = addedValues(particles, columns).map(({ name, value }) => ({
    name,
    value: (i: number) => {
      const own = value(rows[i]!);
      return typeof own === "string" ? own : Number(own.toPrecision(9));
    },
  }));
  await chosen.metadata.writeList!(target, chosen.rows, added);
  return [];
}

/** The columns with a value for each particle. @throws InputError for wrong labels and lengths; `value` for a value that is not finite */
function addedValues(
  particles: ParticleSet,
  columns: AddedColumns,
): { name: string; value: (particle: number) => number | string }[] {
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
    const value = (particle: number) => {
      const own = values[particle]!;
      if (typeof own === "string" || Number.isFinite(own)) return own;
      throw new InputError(`column ${name}: particle ${particle}`, "a finite number", String(own));
    };
    return { name, value };
  });
}

function addedColumns(particles: ParticleSet, rows: ArrayLike<number>, columns: AddedColumns): StarColumn[] {
  return addedValues(particles, columns).map(({ name, value }) => ({
    name,
    text: (i) => {
      const own = value(rows[i]!);
      return typeof own === "string" ? starWord(own) : starNumber(own);
    },
  }));
}

/** Image names with stacks relative to a folder; undefined if they are copied. */
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
  // RELION treats a .mrc file as a map unless it is marked as a stack.
  const name = /\.(mrc|map|st)$/i.test(stack) ? `${stack}:mrcs` : stack;
  return `${String(section + 1).padStart(6, "0")}@${name}`;
}

function contrastWarnings(chosen: ParticleSet): string[] {
  const { contrast } = chosen.metadata;
  const dark = chosen.rows.some((row) => (contrast?.[row] === -1) !== chosen.invertContrast);
  return dark
    ? ["the images show the molecule darker than its surroundings: RELION needs them inverted"]
    : [];
}

function stackWarnings(chosen: ParticleSet): string[] {
  return /\.(hdf5?|h5)$/i.test(chosen.image(0).stack)
    ? ["the image stacks are HDF5 files, which RELION does not read: convert them to .mrcs"]
    : [];
}

/** Poses, CTF, half sets and optics groups as columns of RELION. */
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
  target: string,
  chosen: ParticleSet,
  columns: readonly StarColumn[],
  { signal, onProgress }: TaskOptions,
): Promise<void> {
  const optics: OpticsRow[] = chosen.opticsGroups.map((group) => ({
    ...group,
    ...(Number.isFinite(group.voltage + group.sphericalAberration + group.amplitudeContrast)
      ? {}
      : noMicroscope),
  }));
  await writeAtomic(target, async (write) => {
    const names = columns.map((column) => column.name);
    await write(Buffer.from(relionStarHead(optics, names)));
    for (let from = 0; from < chosen.count; from += chunkRows) {
      throwIfStopped(signal);
      const to = Math.min(from + chunkRows, chosen.count);
      let text = "";
      for (let i = from; i < to; i++) text += `${columns.map((column) => column.text(i)).join(" ")}\n`;
      await write(Buffer.from(text));
      onProgress?.({ task: "writing particles", done: to, total: chosen.count });
    }
  });
}

/** Removes duplicate labels: the first keeps its place, the last provides the values. */
function distinct(columns: readonly StarColumn[]): StarColumn[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}
