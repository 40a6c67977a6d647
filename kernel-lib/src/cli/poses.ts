import path from "node:path";
import { InputError } from "../errors";
import { openParticles } from "../particles/particleSet";
import { rotationFromEuler } from "../particles/pose";
import { readStar } from "../particles/star";
import type { StarTable } from "../particles/starTable";
import type { Views } from "./projectImages";

/** Poses to project in, and what their file says of the images that belong to them. */
export interface Poses extends Views {
  /** Edge in pixels and Å per pixel of the images, where the file says. */
  box: { boxSize: number; apix: number } | undefined;
  /** Image files that the poses belong to, as far as they are there. */
  stacks: string[];
}

const angles = ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"] as const;
const origins = ["_rlnOriginXAngst", "_rlnOriginYAngst"] as const;

/**
 * Reads the poses of a particle file, or of a STAR file that has nothing but poses, as one writes for a projection.
 * @param withCtf whether the CTFs are wanted
 * @throws InputError where angles are missing, or CTFs that are wanted
 */
export async function openPoses(file: string, withCtf: boolean, signal: AbortSignal): Promise<Poses> {
  const table = path.extname(file).toLowerCase() === ".star" ? await tableOfPoses(file) : undefined;
  if (table) {
    if (withCtf)
      throw new InputError(file, "a particle file with CTF columns, for --ctf", "nothing but poses");
    return posesOnly(table, file);
  }
  const set = await openParticles(file, { signal });
  try {
    if (withCtf && !set.hasCtf) throw new InputError(file, "CTF columns, for --ctf", "none");
    return {
      count: set.count,
      rotations: set.rotations(),
      shifts: set.shifts(),
      box: { boxSize: set.boxSize, apix: set.apix },
      stacks: await set.stackFiles(),
      ...(withCtf && { ctf: (i: number) => set.ctf(i) }),
    };
  } finally {
    await set.close();
  }
}

/** The table of a STAR file with angles and without images; undefined where images are named. */
async function tableOfPoses(file: string): Promise<StarTable | undefined> {
  const { tables } = await readStar(file);
  if (tables.some((table) => table.has("_rlnImageName"))) return undefined;
  return tables.find((table) => table.has(angles[0]));
}

function posesOnly(table: StarTable, file: string): Poses {
  const { count } = table;
  if (count === 0) throw new InputError(`${file}: data_${table.block}`, "at least one pose", "none");
  if (table.has("_rlnOriginX") && !table.has(origins[0])) {
    const found = "_rlnOriginX, in pixels of images that are not named";
    throw new InputError(`${file}: data_${table.block}`, `origins in Å (${origins.join(", ")})`, found);
  }
  const [rot, tilt, psi] = table.numbers(angles) as [Float64Array, Float64Array, Float64Array];
  const rotations = new Float32Array(9 * count);
  for (let i = 0; i < count; i++) rotationFromEuler(rot[i]!, tilt[i]!, psi[i]!, rotations, 9 * i);
  const shifts = new Float32Array(2 * count);
  for (const [axis, name] of origins.entries()) {
    if (!table.has(name)) continue;
    const [origin] = table.numbers([name]);
    for (let i = 0; i < count; i++) shifts[2 * i + axis] = -origin![i]!;
  }
  return { count, rotations, shifts, box: undefined, stacks: [] };
}
