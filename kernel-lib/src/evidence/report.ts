import type { Evidence, EvidenceGain } from "../training/evidence/evidence";

/**
 * The evidence of a run as lines of text: the verdict, then gains by axis, kind of parameter, region and pose, the size of the
 * decoded motion, and what was done.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * console.log(e2.evidence.report(await run.evidence()).join("\n"));
 * ```
 */
export function report(evidence: Evidence): string[] {
  const {
    sentence,
    axes,
    fixed = 0,
    kinds,
    region,
    table,
    poses,
    motion,
    particles,
    prior,
    block,
  } = evidence;
  const over = fixed > 0 ? "the models on the fixed axes" : "one model for all";
  const lines = [sentence, `gain in nats per particle held out, over ${over}:`];
  for (const [d, axis] of axes.entries()) {
    const state = axis.real ? "real" : "not real";
    const halves = `places of the two halves of an image agree to r = ${axis.agreement.toFixed(2)}`;
    lines.push(
      `  axis ${fixed + d + 1}${d > 0 ? ", beyond those before it" : ""}: ${text(axis)}, ${state}; ${halves}`,
    );
  }
  for (const [kind, gain] of Object.entries(kinds)) lines.push(`  ${kind} alone: ${text(gain)}`);
  if (region) lines.push(`  Gaussians of the region alone: ${text(region)}`);
  lines.push(
    `  motion, poses as they are: ${text(table.motion)}; ${fixed > 0 ? "without it" : "one model"}, poses refined: ${text(table.poses)}; both: ${text(table.both)}`,
    `  poses refined beside the motion: ${text(poses)}`,
    `decoded motion: ${motion.rms.toFixed(2)} Å RMS, ${motion.large.toFixed(2)} Å for the particle at 95 %, without a rigid motion of ` +
      `the whole of ${motion.rigid.shift.toFixed(2)} Å and ${motion.rigid.angle.toFixed(2)}°; masses change by ${(100 * motion.mass).toFixed(0)} %`,
    `measured on ${particles} particles, with errors of poses of ${prior.rotation.toFixed(1)}° and ${prior.shift.toFixed(1)} Å` +
      (block > 1 ? `, and halves in blocks of ${block} samples since the images are masked` : ""),
  );
  return lines;
}

function text({ gain, standardError }: EvidenceGain): string {
  return `${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(2)} ± ${standardError.toFixed(2)}`;
}
