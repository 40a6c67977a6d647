import { CtfEvaluator } from "../optics/ctf";
import type { ImageSource } from "../reconstruction/imageSource";
import { padding } from "../reconstruction/sampleSums";

/** Particles whose CTFs are averaged, and directions of each. */
const sample = 500;
const directions = 4;
/** Least mean CTF², as a fraction of the largest: zeros that all share are not divided by. */
const least = 0.05;

/**
 * About how densely the padded shells of a map are sampled, up to a factor, [S + 1]: the mean CTF² of the particles by the radius,
 * since planes through the origin meet a shell in proportion to its radius and it has samples in proportion to its square.
 * Sums that are divided by it are on the scale of the density, so that moving parts of it mixes no frequencies of other weight.
 */
export function expectedSampling(
  source: ImageSource,
  indices: Int32Array,
  { boxSize, boxLength }: { boxSize: number; boxLength: number },
): Float64Array {
  const count = Math.min(sample, indices.length);
  const mean = new Float64Array((padding * boxSize) / 2 + 1);
  for (let n = 0; n < count; n++) {
    const ctf = source.ctf(indices[Math.floor((n * indices.length) / count)]!);
    const evaluator = ctf && new CtfEvaluator(ctf);
    for (let shell = 0; shell < mean.length; shell++) {
      const s = shell / (padding * boxLength);
      for (let d = 0; d < directions; d++) {
        const angle = (Math.PI * d) / directions;
        const value = evaluator ? evaluator.at(s * Math.cos(angle), s * Math.sin(angle)) : 1;
        mean[shell]! += (value * value) / (count * directions);
      }
    }
  }
  const most = mean.reduce((a, b) => Math.max(a, b), 0);
  return mean.map((value, shell) => Math.max(value, least * most) / Math.max(shell, 1));
}
