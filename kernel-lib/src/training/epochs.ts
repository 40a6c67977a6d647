import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { type Checkpoint, latentsArray, loadFrom } from "./runs/checkpoint";
import type { RunFolder, StoredCheckpoint } from "./runs/runFolder";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import type { RunRecord } from "./runs/runRecord";
import type { EpochReport, Trainer } from "./trainer";

/** What {@link runEpochs} works with. */
export interface EpochOptions extends TaskOptions {
  trainer: Trainer;
  folder: RunFolder;
  lock: RunLockToken;
  record: RunRecord;
  /** Checkpoint to continue from. */
  checkpoint?: StoredCheckpoint | undefined;
  /** Time at which this training started, ms since 1970. */
  startedAt: number;
  /** Called after the checkpoint of each epoch with the encoder's latents of all particles. */
  onEpoch?: ((report: EpochReport, latents: Float32Array) => void) | undefined;
}

/**
 * Trains all remaining epochs. With several starts each is trained for the coarse epochs, and the one with the best
 * validation score continues: a cut or folded latent space shows there.
 *
 * Every checkpoint is one file with everything that is needed to continue, so the training may die at any time. The score
 * of a start and the choice among them follow from the checkpoints, and are repeated if necessary.
 * @returns the state after the last epoch
 */
export async function runEpochs(options: EpochOptions): Promise<Checkpoint> {
  const loop = new EpochLoop(options);
  await loop.begin();
  while (await loop.next());
  return loop.state;
}

class EpochLoop {
  state: Checkpoint & { history: EpochReport[] } = { epoch: 0, start: 0, scores: [], history: [] };
  /** Epoch at which starts are compared. */
  private readonly coarseEnd: number;
  /** Seconds of earlier trainings of the run. */
  private secondsBefore = 0;

  constructor(private readonly options: EpochOptions) {
    const { coarseEpochs, epochs } = options.trainer.options;
    this.coarseEnd = Math.min(coarseEpochs, epochs);
  }

  /** Initializes the networks, from the checkpoint if there is one. */
  async begin(): Promise<void> {
    const { trainer, folder, checkpoint } = this.options;
    if (checkpoint) this.state = { ...checkpoint.at, history: await folder.readHistory(checkpoint.at) };
    this.secondsBefore = this.state.history.at(-1)?.seconds ?? 0;
    await trainer.initialize(this.state.start);
    if (checkpoint) loadFrom(folder.file("weights"), () => trainer.load(checkpoint.arrays));
  }

  /** Trains an epoch or compares starts. @returns false after the last epoch */
  async next(): Promise<boolean> {
    const { starts, epochs } = this.options.trainer.options;
    const { scores, epoch } = this.state;
    if (starts > 1 && scores.length < starts && epoch === this.coarseEnd) await this.endStart();
    else if (epoch < epochs) await this.trainEpoch();
    else return false;
    return true;
  }

  /** Scores the current start, then begins the next one or continues with the best. */
  private async endStart(): Promise<void> {
    const { trainer, folder, record } = this.options;
    const latents = trainer.encodeAll();
    const { score } = await trainer.evaluate(trainer.validationSet, latents, this.options);
    const best = this.state.scores.every((other) => score > other);
    this.state = { ...this.state, scores: [...this.state.scores, score] };
    if (best) await this.write("bestStart", latents);
    if (this.state.scores.length < trainer.options.starts) {
      this.state = { ...this.state, epoch: 0, start: this.state.start + 1 };
      await trainer.initialize(this.state.start);
    } else {
      const chosen = await folder.readCheckpoint("bestStart", record);
      this.state = { ...this.state, epoch: this.coarseEnd, start: chosen.at.start };
      loadFrom(folder.file("bestStart"), () => trainer.load(chosen.arrays));
      await this.write("weights", trainer.encodeAll());
    }
  }

  private async trainEpoch(): Promise<void> {
    const { trainer, startedAt } = this.options;
    const { start } = this.state;
    const epoch = this.state.epoch + 1;
    await trainer.trainEpoch(epoch, start, this.options);
    const latents = trainer.encodeAll();
    const { trainingSet, validationSet } = trainer;
    const validation = await trainer.evaluate(validationSet, latents, this.options);
    const sample = trainingSet.subarray(0, validationSet.length);
    const training = await trainer.evaluate(sample, latents, this.options);
    const report: EpochReport = {
      start,
      epoch,
      rings: trainer.ringsOfEpoch(epoch),
      trainFrc: training.frc,
      validationFrc: validation.frc,
      validationScore: validation.score,
      seconds: this.secondsBefore + (Date.now() - startedAt) / 1000,
    };
    this.requireFinite(report, latents);
    this.state = { ...this.state, epoch, history: [...this.state.history, report] };
    await this.write("weights", latents);
    this.options.onEpoch?.(report, trainer.onAllAxes(latents, "encoder"));
  }

  /** @throws InputError if latents or score are not finite, before their weights are written */
  private requireFinite({ epoch, validationScore }: EpochReport, latents: Float32Array): void {
    const { record, trainer } = this.options;
    const { latent, learningRate } = trainer.options;
    const broken = [...latents.keys()].filter((i) => !Number.isFinite(latents[i]!));
    if (broken.length > 0 && broken.length < latents.length) {
      const particle = Math.floor(broken[0]! / latent);
      throw new InputError(
        `${record.inputs.particles}: particle ${particle} (row ${particle + 1})`,
        `finite latent coordinates in epoch ${epoch}, whose weights are not written`,
        `${latents[broken[0]!]}, as for ${broken.length} of ${latents.length} coordinates; its image, pose and CTF have to be finite`,
      );
    }
    if (broken.length > 0 || !Number.isFinite(validationScore)) {
      throw new InputError(
        "options: learningRate",
        `a rate with which training stays finite; it did not in epoch ${epoch}, whose weights are not written`,
        String(learningRate),
      );
    }
  }

  private async write(name: "weights" | "bestStart", latents: Float32Array): Promise<void> {
    const { trainer, folder, lock } = this.options;
    await verifyLock(lock);
    const places = latentsArray(trainer.onAllAxes(latents, "encoder"), trainer.axes);
    const arrays = [...trainer.save(), places];
    await folder.writeCheckpoint(name, arrays, this.state);
    if (name === "weights") await folder.writeHistory(this.state.history);
  }
}
