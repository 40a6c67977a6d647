import type { ParticleSet } from "../../particles/particleSet";
import type { TaskOptions } from "../../progress";
import { minParticles, tooFewParticles } from "../preparation";
import { stackStates } from "../runs/inputFiles";
import type { Findings } from "./findings";

/** Looks at a particle file: its stacks, box and pixel size, CTF, poses, half sets, and the warnings of its reader. */
export async function particleFindings(
  set: ParticleSet,
  findings: Findings,
  task: TaskOptions,
): Promise<void> {
  const { count, boxSize, apix, file } = set;
  if (count < minParticles) findings.add("particles", "error", tooFewParticles(file, count).message);
  else findings.add("particles", "ok", `${count.toLocaleString("en")} particles in ${file}`);
  const stacks = await findings.attempt("image stacks", () => stackStates(set, task));
  if (stacks) findings.add("image stacks", "ok", `${stacks.length} of ${stacks.length} found`);
  findings.add(
    "images",
    "ok",
    `${boxSize} × ${boxSize} pixels of ${apix.toFixed(3)} Å, ${(boxSize * apix).toFixed(1)} Å wide`,
  );
  ctfFinding(set, findings);
  await poseFinding(set, findings);
  const halves = set.randomSubset;
  findings.add("half sets", "ok", halves ? "those of the file" : "none in the file: every second particle");
  for (const text of set.warnings)
    findings.add("particles", set.facts.includes(text) ? "ok" : "warning", text);
}

function ctfFinding(set: ParticleSet, findings: Findings): void {
  if (!set.hasCtf) {
    const why =
      "no CTF in the file: right only for images that are corrected for it; else use the file of the refinement";
    findings.add("CTF", "warning", why);
    return;
  }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < set.count; i++) {
    const ctf = set.ctf(i);
    if (!ctf) continue;
    const mean = (ctf.defocusU + ctf.defocusV) / 2;
    [low, high] = [Math.min(low, mean), Math.max(high, mean)];
  }
  const { voltage } = set.ctf(0) ?? {};
  const range = `defocus ${(low / 1e4).toFixed(2)} to ${(high / 1e4).toFixed(2)} µm`;
  findings.add("CTF", "ok", voltage === undefined ? range : `${range}, ${voltage} kV`);
}

async function poseFinding(set: ParticleSet, findings: Findings): Promise<void> {
  if (!set.hasPoses) {
    const why =
      "no orientations in the file: use the particles of a 3-D refinement (in RELION run_data.star)";
    findings.add("poses", "error", why);
    return;
  }
  const found = await findings.attempt("poses", async () => ({
    rotations: set.rotations(),
    shifts: set.shifts(),
  }));
  if (!found) return;
  const { rotations, shifts } = found;
  const first = rotations.subarray(0, 9);
  let isAlike = true;
  for (let i = 9; i < rotations.length && isAlike; i++) isAlike = rotations[i] === first[i % 9];
  if (isAlike) {
    const why =
      "all particles have the same orientation: use the particles of a 3-D refinement, not of the extraction";
    findings.add("poses", "error", why);
    return;
  }
  const rms = Math.sqrt(shifts.reduce((sum, t) => sum + t * t, 0) / set.count);
  if (rms === 0) {
    findings.add(
      "poses",
      "ok",
      "orientations differ; all shifts are 0, as of images that were extracted around their centres",
    );
  } else findings.add("poses", "ok", `orientations differ; shifts of ${rms.toFixed(1)} Å root mean square`);
}
