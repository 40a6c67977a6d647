import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { type Checkpoint, loading, placesArray } from "./runs/checkpoint";
import type { RunFolder } from "./runs/runFolder";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import type { RunRecord } from "./runs/runRecord";
import type { EpochReport, Trainer } from "./trainer";

export interface EpochsOfRun {
  trainer: Trainer;
  folder: RunFolder;
  lock: RunLockToken;
  record: RunRecord;
  /** What the run goes on from. */
  checkpoint: Awaited<ReturnType<RunFolder["readCheckpoint"]>> | undefined;
  /** When the present training began, in ms. */
  began: number;
  /** Called after each epoch, its checkpoint written, with the encoder's latents of all particles. */
  onEpoch?: ((report: EpochReport, latents: Float32Array) => void) | undefined;
}

/**
 * All epochs that are still to do. With several starts each is trained through the coarse epochs, and the one with the
 * best score on held-out particles goes on: a latent space that was cut or folded shows there.
 *
 * Each checkpoint is one file with all that is needed to go on, so the training may die at any time. What follows from a
 * checkpoint alone, the score of a start and the choice among them, is worked out again.
 * @returns where the run stands after its last epoch
 */
export async function runEpochs(run: EpochsOfRun, task: TaskOptions): Promise<Checkpoint> {
  const { trainer, folder, record, checkpoint } = run;
  const { options } = trainer;
  const coarseEnd = Math.min(options.coarseEpochs, options.epochs);
  let at: Checkpoint & { history: EpochReport[] } = { epoch: 0, start: 0, scores: [], history: [] };
  if (checkpoint) at = { ...checkpoint.at, history: await folder.readHistory(checkpoint.at) };
  const before = at.history.at(-1)?.seconds ?? 0;
  const keep = async (name: "weights" | "bestStart", places: Float32Array) => {
    await verifyLock(run.lock);
    await folder.writeCheckpoint(name, [...trainer.save(), placesArray(places, options.latent)], at);
    if (name === "weights") await folder.writeHistory(at.history);
  };
  await trainer.begin(at.start);
  if (checkpoint) loading(folder.file("weights"), () => trainer.load(checkpoint.arrays));
  while (true) {
    if (options.starts > 1 && at.scores.length < options.starts && at.epoch === coarseEnd) {
      const places = trainer.encodeAll();
      const { score } = await trainer.judge(trainer.heldOut, places, task);
      const best = at.scores.every((other) => score > other);
      at = { ...at, scores: [...at.scores, score] };
      if (best) await keep("bestStart", places);
      if (at.scores.length < options.starts) {
        at = { ...at, epoch: 0, start: at.start + 1 };
        await trainer.begin(at.start);
      } else {
        const chosen = await folder.readCheckpoint("bestStart", record);
        at = { ...at, epoch: coarseEnd, start: chosen.at.start };
        loading(folder.file("bestStart"), () => trainer.load(chosen.arrays));
        await keep("weights", trainer.encodeAll());
      }
      continue;
    }
    if (at.epoch >= options.epochs) return at;
    const epoch = at.epoch + 1;
    await trainer.epoch(epoch, at.start, task);
    const places = trainer.encodeAll();
    const heldOut = await trainer.judge(trainer.heldOut, places, task);
    const trained = await trainer.judge(trainer.trained.subarray(0, trainer.heldOut.length), places, task);
    const report: EpochReport = {
      start: at.start,
      epoch,
      rings: trainer.ringsOfEpoch(epoch),
      trainFrc: trained.frc,
      heldOutFrc: heldOut.frc,
      heldOutScore: heldOut.score,
      seconds: before + (Date.now() - run.began) / 1000,
    };
    const lost = [...places.keys()].filter((i) => !Number.isFinite(places[i]!));
    if (lost.length > 0 && lost.length < places.length) {
      const particle = Math.floor(lost[0]! / options.latent);
      throw new InputError(
        `${record.inputs.particles}: particle ${particle} (row ${particle + 1})`,
        `a finite place in the latent space in epoch ${epoch}, whose weights are not kept`,
        `${places[lost[0]!]}, as for ${lost.length} of ${places.length} coordinates; its image, pose and CTF have to be finite`,
      );
    }
    if (lost.length > 0 || !Number.isFinite(report.heldOutScore)) {
      throw new InputError(
        "options: learningRate",
        `one with which training stays finite; it did not in epoch ${epoch}, whose weights are not kept`,
        String(options.learningRate),
      );
    }
    at = { ...at, epoch, history: [...at.history, report] };
    await keep("weights", places);
    run.onEpoch?.(report, places);
  }
}
