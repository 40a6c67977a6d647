import path from "node:path";
import { InputError } from "../errors";
import { readStar } from "../formats/star";
import type { StarTable } from "../formats/starTable";
import { rotationFromEuler } from "../optics/pose";
import type { StackFacts } from "../particles/metadata/metadata";
import { checkMetadata } from "../particles/metadata/metadataChecks";
import { quantities } from "../particles/metadata/quantities";
import { openParticles } from "../particles/particleSet";
import type { Views } from "./projectImages";

/** Poses to project in, and properties of the images that belong to them. */
export interface Poses extends Views {
  /** Box size in pixels and pixel size in Å of the images, if the file contains them. */
  box: { boxSize: number; apix: number } | undefined;
  /** Existing image files that the poses belong to. */
  stacks: string[];
  /** Sentences about what was assumed or ignored. */
  warnings: readonly string[];
}

/** Options of {@link openPoses}. */
export interface PosesOptions {
  /** Whether CTFs are required. */
  withCtf: boolean;
  /** Properties of the images, if neither the file nor its stacks, which may be missing, have them. */
  images?: StackFacts | undefined;
}

const angles = quantities.angle.relion;
const origins = quantities.origin.relion;
const pixelOrigins = quantities.pixelOrigin.relion;

/**
 * Reads the poses of a particle file, or of a STAR file that contains only poses.
 * @throws InputError if angles, or required CTFs, are missing
 */
export async function openPoses(file: string, options: PosesOptions, signal: AbortSignal): Promise<Poses> {
  const { withCtf, images } = options;
  const table = path.extname(file).toLowerCase() === ".star" ? await tableOfPoses(file) : undefined;
  if (table) {
    if (withCtf) throw new InputError(file, "a particle file with CTF columns, for --ctf", "only poses");
    return posesOnly(table, file);
  }
  const set = await openParticles(file, { signal, ...(images && { withoutStacks: images }) });
  try {
    if (withCtf && !set.hasCtf) throw new InputError(file, "CTF columns, for --ctf", "none");
    return {
      count: set.count,
      rotations: set.rotations(),
      shifts: set.shifts(),
      box: { boxSize: set.boxSize, apix: set.apix },
      stacks: await set.stackFiles(),
      warnings: set.warnings,
      ...(withCtf && { ctf: (i: number) => set.ctf(i) }),
    };
  } finally {
    await set.close();
  }
}

/** The table of poses in a STAR file without images; undefined if the file names images. */
async function tableOfPoses(file: string): Promise<StarTable | undefined> {
  const { tables, pairTables } = await readStar(file);
  const all = [...tables, ...pairTables];
  if (all.some((table) => table.has("_rlnImageName"))) return undefined;
  const found = all.filter((table) => table.has(angles[0]));
  if (found.length > 1) throw new InputError(file, `one table with ${angles[0]}`, String(found.length));
  return found[0];
}

function posesOnly(table: StarTable, file: string): Poses {
  const { count } = table;
  const block = `${file}: data_${table.block}`;
  if (count === 0) throw new InputError(block, "at least one pose", "none");
  const there = [...origins, ...pixelOrigins].filter((name) => table.has(name));
  if (there.length > 0 && !origins.every((name) => there.includes(name))) {
    const found = there.some((name) => pixelOrigins.includes(name))
      ? `${there.join(", ")}, in pixels of images that are not named`
      : there.join(", ");
    throw new InputError(block, `origins in Å (${origins.join(", ")})`, found);
  }
  const names = [...angles, ...(there.length > 0 ? origins : [])];
  const columns = table.numbers(names);
  checkMetadata(
    names.map((name, j) => ({
      quantity: j < angles.length ? "angle" : "origin",
      values: columns[j]!,
      where: (row) => `${table.where(row)}, column ${name}`,
    })),
  );
  const [rot, tilt, psi, x, y] = columns as [Float64Array, Float64Array, Float64Array, ...Float64Array[]];
  const rotations = new Float32Array(9 * count);
  for (let i = 0; i < count; i++) rotationFromEuler([rot[i]!, tilt[i]!, psi[i]!], rotations, 9 * i);
  const shifts = new Float32Array(2 * count);
  for (const [axis, origin] of [x, y].entries()) {
    if (origin) for (let i = 0; i < count; i++) shifts[2 * i + axis] = -origin[i]!;
  }
  const warnings = there.length > 0 ? [] : ["no origins: shifts are taken as 0"];
  return { count, rotations, shifts, box: undefined, stacks: [], warnings };
}
