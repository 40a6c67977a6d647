import { rename } from "node:fs/promises";
import path from "node:path";
import { withoutMark } from "../../../particles/images/stackReader";
import { openParticles, type ParticleSet } from "../../../particles/particleSet";
import { writeSelection } from "../../../particles/writeSelection";
import type { TaskOptions } from "../../../progress";

/**
 * Writes a STAR file of refined poses again with the full paths of its image stacks, which lie in several folders, so that it can be
 * read anywhere.
 * @param set the particles with the poses before, whose stacks are found
 */
export async function withAbsoluteStacks(file: string, set: ParticleSet, task: TaskOptions): Promise<void> {
  const { boxSize, apix, givenApix } = set;
  const posed = await openParticles(file, {
    ...(givenApix !== undefined && { apix: givenApix }),
    withoutStacks: { boxSize, apix },
  });
  const written = path.join(path.dirname(file), "absolute.star");
  try {
    const rlnImageName: string[] = [];
    for (let i = 0; i < set.count; i++) {
      const { stack, section } = set.image(i);
      const found = path.resolve(await set.findStack(stack));
      const mark = stack === withoutMark(stack) ? "" : ":mrcs";
      rlnImageName.push(`${String(section + 1).padStart(6, "0")}@${found}${mark}`);
    }
    await writeSelection(written, posed.selectRows(set.rows), { ...task, columns: { rlnImageName } });
  } finally {
    await posed.close();
  }
  await rename(written, file);
}
