import { InputError } from "../errors";
import type { NamedArray } from "../network/parameters";
import type { TaskOptions } from "../progress";
import { annealingOf, type Course, hasFallen, lastEpoch, nextCourse, type Pace, paceOf } from "./course";
import { type Checkpoint, latentsArray, loadFrom } from "./runs/checkpoint";
import type { RunFolder, StoredCheckpoint } from "./runs/runFolder";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import type { RunRecord } from "./runs/runRecord";
import { rateOfEpoch } from "./schedule";
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
 * Trains all remaining epochs: as many as requested, or until held-out particles are described no better. If they are described
 * worse after the last epoch than after an earlier one, the weights of that one are used. With several starts each is trained for the coarse epochs, and the one with the best
 * validation score continues: a cut or folded latent space shows there.
 *
 * Every checkpoint is one file with everything that is needed to continue, so the training may die at any time. The score
 * of a start, the choice among them, the end and the choice of the epoch follow from the checkpoints, and are repeated if necessary.
 * @returns the state at the end
 */
export async function runEpochs(options: EpochOptions): Promise<Checkpoint> {
  const loop = new EpochLoop(options);
  await loop.begin();
  while (await loop.next());
  await loop.chooseEpoch();
  return loop.state;
}

class EpochLoop {
  state: Checkpoint & { history: EpochReport[] } = { epoch: 0, start: 0, scores: [], history: [] };
  /** Epoch at which starts are compared. */
  private readonly coarseEnd: number;
  private readonly pace: Pace;
  /** Scores of the held-out particles after the best epoch. */
  private bestScores: Float32Array | undefined;
  /** Seconds of earlier trainings of the run. */
  private secondsBefore = 0;

  constructor(private readonly options: EpochOptions) {
    const { trainer } = options;
    const { coarseEpochs, epochs } = trainer.options;
    this.coarseEnd = epochs === "auto" ? coarseEpochs : Math.min(coarseEpochs, epochs);
    this.pace = paceOf(trainer, trainer.options);
  }

  /** Initializes the networks, from the checkpoint if there is one. */
  async begin(): Promise<void> {
    const { trainer, folder, checkpoint } = this.options;
    if (checkpoint) this.state = { ...checkpoint.at, history: await folder.readHistory(checkpoint.at) };
    this.secondsBefore = this.state.history.at(-1)?.seconds ?? 0;
    await trainer.initialize(this.state.start);
    if (checkpoint) loadFrom(folder.file("weights"), () => this.load(checkpoint.arrays));
  }

  /** Continues from the arrays of a checkpoint. */
  private load(arrays: readonly NamedArray[]): void {
    this.options.trainer.load(arrays);
    this.bestScores = bestScoresOf(arrays);
  }

  /** Trains an epoch or compares starts. @returns false after the last epoch */
  async next(): Promise<boolean> {
    const { options } = this.options.trainer;
    const { scores, epoch, course } = this.state;
    if (options.starts > 1 && scores.length < options.starts && epoch === this.coarseEnd)
      await this.endStart();
    else if (epoch < (lastEpoch(options, this.pace, course) ?? this.pace.most)) await this.trainEpoch();
    else return false;
    return true;
  }

  /** Returns to the best epoch if held-out particles are described worse since. */
  async chooseEpoch(): Promise<void> {
    const { trainer, folder, record } = this.options;
    const { course, epoch } = this.state;
    if (!course) return;
    const kept = hasFallen(course) ? course.best : epoch;
    if (kept < epoch) {
      const best = await folder.readCheckpoint("bestEpoch", record);
      loadFrom(folder.file("bestEpoch"), () => trainer.load(best.arrays));
    }
    this.state = { ...this.state, course: { ...course, kept } };
  }

  /** Scores the current start, then begins the next one or continues with the best. */
  private async endStart(): Promise<void> {
    const { trainer, folder, record } = this.options;
    const latents = await trainer.encodeAll();
    const { score } = await trainer.evaluate(trainer.validationSet, latents, this.options);
    const best = this.state.scores.every((other) => score > other);
    this.state = { ...this.state, scores: [...this.state.scores, score] };
    if (best) await this.write("bestStart", latents);
    if (this.state.scores.length < trainer.options.starts) {
      const { course: _, ...rest } = this.state;
      this.state = { ...rest, epoch: 0, start: this.state.start + 1 };
      await trainer.initialize(this.state.start);
    } else {
      const chosen = await folder.readCheckpoint("bestStart", record);
      const { start, course } = chosen.at;
      this.state = { ...this.state, epoch: this.coarseEnd, start, ...(course && { course }) };
      loadFrom(folder.file("bestStart"), () => this.load(chosen.arrays));
      await this.write("weights", await trainer.encodeAll());
    }
  }

  private async trainEpoch(): Promise<void> {
    const { trainer, startedAt } = this.options;
    const { start, course: before } = this.state;
    const epoch = this.state.epoch + 1;
    const known = lastEpoch(trainer.options, this.pace, before);
    const rate = rateOfEpoch(epoch, annealingOf(trainer.options, this.pace, before));
    await trainer.trainEpoch(epoch, start, { ...this.options, rate, epochs: known });
    const latents = await trainer.encodeAll();
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
      ...(known !== undefined && { epochs: known }),
      seconds: this.secondsBefore + (Date.now() - startedAt) / 1000,
    };
    this.requireFinite(report, latents);
    const history = [...this.state.history, report];
    const course = this.nextCourse(history, validation.scores);
    // Before its weights are replaced.
    if (before?.best === epoch - 1 && course.best < epoch) await this.options.folder.keepBestEpoch();
    if (course.best === epoch) this.bestScores = Float32Array.from(validation.scores);
    this.state = { ...this.state, epoch, history, course };
    await this.write("weights", latents);
    this.options.onEpoch?.(report, this.encoderLatents(latents));
  }

  /** The course after an epoch, the last one of the history. */
  private nextCourse(history: readonly EpochReport[], scores: Float64Array): Course {
    const { pace, bestScores, state } = this;
    const { epoch, start } = history.at(-1)!;
    const first = history.find((report) => report.start === start)!.validationScore;
    const before = state.course && bestScores && { course: state.course, scores: bestScores };
    return nextCourse({ epoch, scores, first }, { options: this.options.trainer.options, pace, before });
  }

  /** @throws InputError if latents or score are not finite, before their weights are written */
  private requireFinite({ epoch, validationScore }: EpochReport, latents: Float32Array): void {
    const { record, trainer } = this.options;
    const { learningRate } = trainer.options;
    const broken = [...latents.keys()].filter((i) => !Number.isFinite(latents[i]!));
    if (broken.length > 0 && broken.length < latents.length) {
      const particle = Math.floor(broken[0]! / trainer.trainedAxes);
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

  /** The encoder's latents on all axes as the run has them: a row for each particle. */
  private encoderLatents(latents: Float32Array): Float32Array {
    const { trainer } = this.options;
    return trainer.ofParticles(trainer.onAllAxes(latents, "encoder"), trainer.axes);
  }

  private async write(name: "weights" | "bestStart", latents: Float32Array): Promise<void> {
    const { trainer, folder, lock } = this.options;
    await verifyLock(lock);
    const arrays = [
      ...trainer.save(),
      ...(this.bestScores ? [bestScoresArray(this.bestScores)] : []),
      latentsArray(this.encoderLatents(latents), trainer.axes),
    ];
    await folder.writeCheckpoint(name, arrays, this.state);
    if (name === "weights") await folder.writeHistory(this.state.history);
  }
}

/** Name of the scores of the held-out particles after the best epoch, in a checkpoint. */
const bestScoresName = "bestScores";

function bestScoresArray(scores: Float32Array): NamedArray {
  return { name: bestScoresName, shape: [scores.length], data: scores };
}

/** The scores in a checkpoint; undefined in one of an earlier version. */
function bestScoresOf(arrays: readonly NamedArray[]): Float32Array | undefined {
  return arrays.find(({ name }) => name === bestScoresName)?.data;
}
