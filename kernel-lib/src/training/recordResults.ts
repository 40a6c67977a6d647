import { GpuEngine } from "../projection/gpu/gpuEngine";
import type { OpenedTraining } from "./openedTraining";
import { errorsOfPoses } from "./poses/lineage";
import { saveRule } from "./posterior/placeRule";
import { type Checkpoint, latentsArray } from "./runs/checkpoint";
import { writeEvidence } from "./runs/evidenceFile";
import { finishRun } from "./runs/finishRun";
import { recordLeaks } from "./runs/leaksFile";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import type { RunRecord } from "./runs/runRecord";
import { recordUnexplained } from "./runs/unexplainedFile";
import { TrainedPlaces } from "./trainedPlaces";

/** How far a training has come. */
interface Trained {
  record: RunRecord;
  at: Checkpoint;
  lock: RunLockToken;
}

/** After the last epoch: places of all particles, and what they show; completes the run. */
export async function recordResults(
  { trainer, folder, inputs, task, engine }: OpenedTraining,
  { record, at, lock }: Trained,
): Promise<void> {
  const places = await TrainedPlaces.find(await trainer.ended(), task);
  const { axes, targets } = trainer;
  const ofParticles = (values: Float32Array) => trainer.ofParticles(values, axes);
  const encoder = ofParticles(trainer.onAllAxes(await trainer.encodeAll(), "encoder"));
  const evidence = await places.evidence({ ...task, misfit: record.fit?.misfit });
  if (evidence) places.reduce(evidence);
  await verifyLock(lock);
  await folder.writePlacedFrc(places.frc);
  const { set } = inputs;
  const copies = inputs.units.count;
  const rule = places.ruleWith(evidence, await errorsOfPoses(record));
  const calibrated = await places.by(rule, task);
  const whole = {
    mean: ofParticles(trainer.onAllAxes(calibrated.mean, "refined")),
    standardDeviation: ofParticles(trainer.onAllAxes(calibrated.standardDeviation, "standardDeviation")),
  };
  const latents = await folder.writeLatents({ latent: axes, encoder, posterior: whole, copies });
  if (evidence) await writeEvidence(folder, evidence);
  const placed = { set, latents: { latent: axes, refined: whole.mean, ...whole }, copies };
  await recordLeaks(folder, record, placed, task);
  if (!targets.particleOf) await recordUnexplained(folder, places.explaining(calibrated), task);
  const final = { ...at, refined: true as const, latents };
  const arrays = [...trainer.save(true), latentsArray(encoder, axes), ...saveRule(rule)];
  await folder.writeCheckpoint("weights", arrays, final);
  const gpu = engine.engine instanceof GpuEngine ? await engine.engine.usage() : undefined;
  const { sampled } = places.posterior;
  const intervals = sampled === undefined ? undefined : { sampled, learned: record.particles };
  const program = gpu ? { ...record.program, gpu } : record.program;
  await finishRun(folder, { ...record, program, ...(intervals && { intervals }) }, final);
}
