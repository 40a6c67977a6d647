import type { LatentAxis } from "../training/axes/latentAxis";
import type { Evidence } from "../training/evidence/evidence";
import { gainText } from "../training/evidence/verdict";

/**
 * The evidence of a run as lines of text: the verdict, then gains by axis, kind of parameter, region and pose, the size of the
 * decoded motion, and what was done.
 * @param axes what the axes change and how much of them the particles' views tell. Default: only their gains
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * console.log(e2.evidence.report(await run.evidence(), await run.axes()).join("\n"));
 * ```
 */
export function report(evidence: Evidence, axes: readonly LatentAxis[] = []): string[] {
  const {
    sentence,
    fixed = 0,
    kinds,
    region,
    table,
    poses,
    motion,
    reduced,
    particles,
    prior,
    block,
  } = evidence;
  const over = fixed > 0 ? "the models on the fixed axes" : "one model for all";
  const lines = [sentence, `gain in nats per particle held out, over ${over}, the poses of both refined:`];
  for (const [d, axis] of evidence.axes.entries()) {
    const state = axis.real ? "real" : "not real";
    const halves = `places of the two halves of an image agree to r = ${axis.agreement.toFixed(2)}`;
    lines.push(
      `  axis ${fixed + d + 1}${d > 0 ? ", beyond those before it" : ""}: ${gainText(axis)}, ${state}; ${halves}`,
    );
  }
  lines.push(...axes.map(({ summary }) => `  ${summary}`));
  lines.push(
    `gain over ${over} in the poses that the training used:`,
    `  motion alone: ${gainText(table.motion)}; refined poses alone: ${gainText(table.poses)}; both: ${gainText(table.both)}`,
    `  refined poses, beside the motion: ${gainText(poses)}`,
  );
  for (const [kind, gain] of Object.entries(kinds)) lines.push(`  ${kind} alone: ${gainText(gain)}`);
  if (region) lines.push(`  Gaussians of the region alone: ${gainText(region)}`);
  lines.push(
    `decoded motion, from ${over} to those at the particles' places: ${motion.rms.toFixed(2)} Å RMS, ${motion.large.toFixed(2)} Å for ` +
      `the particle at 95 %, without a rigid motion of the whole of ${motion.rigid.shift.toFixed(2)} Å and ` +
      `${motion.rigid.angle.toFixed(2)}°; ${(100 * motion.mass).toFixed(0)} % of the density comes or goes`,
    ...(reduced ? [reducedLine(reduced, fixed)] : []),
    `measured on ${particles} particles; where poses are refined, they may move by ${prior.rotation.toFixed(1)}° and ` +
      `${prior.shift.toFixed(1)} Å (standard deviations)` +
      (block > 1 ? `; halves in blocks of ${block} samples, since the images are masked` : ""),
  );
  return lines;
}

/** What was taken from the motion that was trained. */
function reducedLine({ factors, from }: NonNullable<Evidence["reduced"]>, fixed: number): string {
  const parts = [...factors.entries()]
    .filter(([, factor]) => factor < 1)
    .map(([k, factor]) => `${(100 * factor).toFixed(0)} % along axis ${fixed + k + 1}`);
  return (
    `trained: ${from.rms.toFixed(2)} Å RMS, ${(100 * from.mass).toFixed(0)} % of the density; decoded of it is what held-out ` +
    `particles support: ${parts.join(", ")}; places are as trained`
  );
}
