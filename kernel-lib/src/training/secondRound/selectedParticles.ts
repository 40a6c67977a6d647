import path from "node:path";
import { InputError } from "../../errors";
import { readIndices } from "../../particles/indexFile";
import { openParticles, type ParticleSet } from "../../particles/particleSet";

/**
 * The particles of a run that a second round is given, by their numbers, ascending; undefined for all.
 * @param select numbers from 0, a text file of them, or a particle file (.star, .cs) with some of the images
 * @throws InputError for none, a number out of range or repeated, and an image that the run does not have
 */
export async function selectedParticles(
  select: string | ArrayLike<number> | undefined,
  set: ParticleSet,
): Promise<Int32Array | undefined> {
  if (select === undefined) return undefined;
  const chosen =
    typeof select !== "string"
      ? checkedNumbers(select, set.count)
      : /\.(star|cs)$/i.test(select)
        ? await particlesOfFile(select, set)
        : await readIndices(select, set.count);
  return chosen.sort();
}

function checkedNumbers(numbers: ArrayLike<number>, count: number): Int32Array {
  if (numbers.length === 0) throw new InputError("from.select", "at least one particle", "none");
  const seen = new Set<number>();
  for (const number of Array.from(numbers)) {
    if (!(Number.isInteger(number) && number >= 0 && number < count)) {
      throw new InputError("from.select", `particles from 0 to ${count - 1}`, String(number));
    }
    if (seen.has(number)) throw new InputError("from.select", "every particle once", `${number} again`);
    seen.add(number);
  }
  return Int32Array.from(seen);
}

/** A particle by its image: number of the section, and name of the stack. */
type ImageName = { stack: string; section: number };
const nameOf = ({ stack, section }: ImageName) => `${String(section + 1).padStart(6, "0")}@${stack}`;
/** Without folders, which a file that was written for another project names differently. */
const shortNameOf = ({ stack, section }: ImageName) => nameOf({ stack: path.basename(stack), section });

/** Particles with the images of a file; of several with one image as many as the file has, in turn. */
async function particlesOfFile(file: string, set: ParticleSet): Promise<Int32Array> {
  const listed = await openParticles(file, {
    ...(set.givenApix !== undefined && { apix: set.givenApix }),
    withoutStacks: { boxSize: set.boxSize, apix: set.apix },
  });
  try {
    requireSameImages(file, listed, set);
    const [byName, byShortName] = [byImage(set, nameOf), byImage(set, shortNameOf)];
    const stacks = new Set(set.stackNames());
    return Int32Array.from({ length: listed.count }, (_, i) => {
      const image = listed.image(i);
      const found = stacks.has(image.stack)
        ? byName.get(nameOf(image))?.shift()
        : byShortName.get(shortNameOf(image))?.shift();
      if (found !== undefined) return found;
      throw new InputError(`${file}: particle ${i}`, `an image of ${set.file}`, nameOf(image));
    });
  } finally {
    await listed.close();
  }
}

/** Stacks of different data sets may have the same names. @throws InputError for images of another size */
function requireSameImages(file: string, listed: ParticleSet, set: ParticleSet): void {
  const same = listed.boxSize === set.boxSize && Math.abs(listed.apix / set.apix - 1) < 0.01;
  if (same) return;
  const size = ({ boxSize, apix }: ParticleSet) => `${boxSize} pixels of ${Number(apix.toFixed(4))} Å`;
  throw new InputError(file, `images of ${size(set)}, as in ${set.file}`, size(listed));
}

function byImage(set: ParticleSet, name: (image: ImageName) => string): Map<string, number[]> {
  const particles = new Map<string, number[]>();
  for (let i = 0; i < set.count; i++) {
    const key = name(set.image(i));
    const others = particles.get(key);
    if (others) others.push(i);
    else particles.set(key, [i]);
  }
  return particles;
}
