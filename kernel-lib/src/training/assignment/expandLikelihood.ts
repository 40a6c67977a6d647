import { throwIfStopped } from "../../errors";
import { inParallel } from "../../parallel";
import type { TaskOptions } from "../../progress";
import type { LatentLikelihood } from "../posterior/posterior";
import type { Expansions } from "./placeMixture";

/** Which particle each row of {@link Expansions} belongs to. */
export interface ExpandedParticles {
  /** Numbers of the particles for the likelihood, in the order of the rows. */
  particles: Int32Array;
  /** Particles per call of the likelihood. */
  batchSize: number;
  /** Factor on the log-likelihood: below 1 where it is known to say too much. */
  scale: number;
}

/**
 * Computes the expansions of some rows around their places `at`, in place.
 * @param wanted whether to compute a row again. Default: all
 */
export async function expand(
  likelihood: Pick<LatentLikelihood, "local">,
  expansions: Expansions,
  { particles, batchSize, scale }: ExpandedParticles,
  options: TaskOptions & { wanted?: (row: number) => boolean } = {},
): Promise<void> {
  const { latent: n, first, component, at, value, gradient, curvature } = expansions;
  const { wanted = () => true } = options;
  const starts = Array.from({ length: Math.ceil(particles.length / batchSize) }, (_, i) => i * batchSize);
  let done = 0;
  // Two batches at a time: one is decoded while the other is projected.
  await inParallel(starts, 2, async (from) => {
    const end = Math.min(from + batchSize, particles.length);
    // Rows of the same component have different particles.
    const byComponent = new Map<number, { row: number; particle: number }[]>();
    for (let i = from; i < end; i++) {
      for (let row = first[i]!; row < first[i + 1]!; row++) {
        if (!wanted(row)) continue;
        const rows = byComponent.get(component[row]!) ?? [];
        rows.push({ row, particle: particles[i]! });
        byComponent.set(component[row]!, rows);
      }
    }
    // The most first, whose images the others share.
    const groups = [...byComponent.values()].sort((a, b) => b.length - a.length);
    for (const rows of groups) {
      throwIfStopped(options.signal);
      const points = new Float32Array(rows.length * n);
      rows.forEach(({ row }, i) => {
        points.set(at.subarray(row * n, (row + 1) * n), i * n);
      });
      const local = await likelihood.local(
        Int32Array.from(rows, ({ particle }) => particle),
        points,
      );
      rows.forEach(({ row }, i) => {
        const own = [
          local.value.subarray(i, i + 1),
          local.gradient.subarray(i * n, (i + 1) * n),
          local.curvature.subarray(i * n * n, (i + 1) * n * n),
        ] as const;
        // An image without a finite likelihood tells nothing.
        const factor = own.every((values) => values.every(Number.isFinite)) ? scale : 0;
        const [v, g, h] = own.map((values) => values.map((x) => (factor === 0 ? 0 : factor * x)));
        value[row] = v![0]!;
        gradient.set(g!, row * n);
        curvature.set(h!, row * n * n);
      });
    }
    done += end - from;
    options.onProgress?.({ task: "images at the groups", done, total: particles.length });
  });
}
