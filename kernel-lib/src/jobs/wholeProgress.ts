import type { Progress } from "../progress";

/** How far a command is that a job runs. */
export interface JobProgress extends Progress {
  /** When it was so far, ISO 8601. */
  at: string;
  /** Done of the whole command, 0 to 1; an estimate. Missing where the command's course is not known. */
  whole?: number;
  /** Seconds that are left of the whole command; an estimate, at most for a training that decides itself on its epochs. */
  secondsLeft?: number;
  /** Seconds that are left of this task, where the command's course is not known. */
  stepSecondsLeft?: number;
}

/** A part of a training's course, and its usual share of the time. */
interface Stage {
  /** How the names of its tasks begin. */
  name: RegExp;
  /** Time that it usually takes, relative to the others; an epoch takes 1. */
  share: number;
}

/** Epochs that a training takes at most which decides itself, except for few particles. */
const mostEpochs = 40;
/** What precedes the tasks of a training that is a part of a study. */
const partName = /^(half\d|seed_\w+|options_[\w.-]+): /;
const epochName = /^epoch (\d+)(?: of (\d+))?/;

/**
 * The course of a training, in order. The shares were measured on the set `adk` (3,000 particles, default options); those of other sets
 * differ by perhaps a half, so that what is left is an estimate that becomes better as the training goes on.
 */
const course: readonly Stage[] = [
  { name: /^(reading particles|comparing particles with the neutral model|encoder input)/, share: 11 },
  { name: /^poses/, share: 16 },
  { name: /^survey of the latent space, epoch/, share: 8 },
  { name: /^survey of the latent space/, share: 28 },
  { name: epochName, share: mostEpochs },
  { name: /^refining latents/, share: 11 },
  { name: /^widths of the latents/, share: 2 },
  { name: /^teaching the encoder/, share: 12 },
  { name: /^evidence/, share: 16 },
  { name: /^leaks/, share: 9 },
  { name: /^comparing particles with the models/, share: 9 },
];
const epochStage = course.findIndex(({ name }) => name === epochName);

/**
 * What a training takes beside its epochs, each of which counts as 1.
 * @param survey whether it decides on its number of axes itself
 */
export const otherShares = ({ survey }: { survey: boolean }): number =>
  course
    .filter(({ name }) => name !== epochName && (survey || !name.source.includes("survey")))
    .reduce((sum, { share }) => sum + share, 0);

/**
 * Follows the tasks of a training and estimates how far it is as a whole: every task counts with its usual share of the time, and what
 * is left takes as long, for its share, as what has been done.
 */
export class WholeProgress {
  private stage = -1;
  /** Stages that there were: a training with a given number of axes, for one, has no survey. */
  private readonly seen = new Set<number>();
  /** Epochs in all, as far as known. */
  private epochs = mostEpochs;
  private began: number | undefined;
  /** Share of what was done before this process took over. */
  private before = 0;

  /** @param now in ms */
  constructor(private readonly now: () => number = Date.now) {}

  /** Progress of the whole, after a task has reported its own. */
  follow(progress: Progress): JobProgress {
    const now = this.now();
    const report: JobProgress = { ...progress, at: new Date(now).toISOString() };
    const task = progress.task.replace(partName, "");
    const found = course.findIndex(({ name }) => name.test(task));
    // Tasks inside others have names that occur elsewhere: the course only goes forward.
    if (found > this.stage) this.stage = found;
    if (this.stage < 0) return report;
    this.seen.add(this.stage);
    const [, epoch, of] = epochName.exec(task) ?? [];
    if (of !== undefined) this.epochs = Number(of);
    const part = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    const epochsDone = epoch === undefined ? 0 : Number(epoch) - 1 + part;
    this.epochs = Math.max(this.epochs, Math.ceil(epochsDone));
    const shares = course.map(({ share }, s) => {
      if (s < this.stage && !this.seen.has(s)) return 0;
      return s === epochStage ? this.epochs : share;
    });
    const all = shares.reduce((sum, share) => sum + share, 0);
    const within =
      found !== this.stage ? 0 : this.stage === epochStage ? epochsDone : part * shares[this.stage]!;
    const done = shares.slice(0, this.stage).reduce((sum, share) => sum + share, 0) + within;
    if (this.began === undefined) {
      this.began = now;
      this.before = done;
    }
    const own = done - this.before;
    const seconds = (now - this.began) / 1000;
    return {
      ...report,
      whole: Math.min(1, done / all),
      // A few seconds say nothing about the rest.
      ...(own > 0 && seconds >= 3 && { secondsLeft: (seconds * Math.max(0, all - done)) / own }),
    };
  }
}
