import { StoppedError } from "../errors";
import type { TaskOptions } from "../progress";
import { train } from "../training/background";
import { Run } from "../training/runs/run";
import type { TrainingSettings } from "../training/settings";
import type { EpochReport } from "../training/trainer";
import type { ExplorerParts } from "./explorerParts";
import { epochState } from "./publishedState";
import { knowledgeOf } from "./runKnowledge";
import { shownPlaces } from "./shownPlaces";
import type { ShownVerdict } from "./shownVerdict";

/**
 * Follows a training: the explorer shows the reports and latent coordinates of each epoch, then its checkpoint. Owns the
 * training started by the explorer, if any.
 */
export class TrainingFollower {
  private reopening: Promise<void> = Promise.resolve();
  private controller: AbortController | undefined;

  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored">,
    private readonly verdict: ShownVerdict,
  ) {}

  /** Shows the results of one epoch. */
  follow(report: EpochReport, latents: Float32Array): void {
    const { page, explored } = this.parts;
    this.verdict.begin();
    page.set({ history: [...page.get("history"), epochState(report)] });
    explored.setLatents(latents);
    this.openCheckpoint();
  }

  /** Opens checkpoints one after the other, so that an older one never replaces a newer one. */
  private openCheckpoint(): void {
    const { page, explored } = this.parts;
    this.reopening = this.reopening
      .then(async () => explored.setRun(await Run.open(explored.folder), { owned: true }))
      .catch((error: Error) => page.set({ status: error.message }));
  }

  /**
   * Starts a training in the background and follows it.
   * @param which latent coordinates to show of the finished run
   * @returns the finished run; failures also become the status
   */
  begin(settings: TrainingSettings, which: "refined" | "encoder", task: TaskOptions): Promise<Run> {
    const { page } = this.parts;
    const controller = new AbortController();
    this.controller = controller;
    const stop = () => controller.abort(task.signal?.reason);
    task.signal?.addEventListener("abort", stop, { once: true });
    page.set({ training: { task: "starting", done: 0, total: 1 } });
    this.verdict.begin();
    const training = this.train(settings, { ...task, signal: controller.signal })
      .then((run) => this.finish(run, which))
      .finally(() => {
        task.signal?.removeEventListener("abort", stop);
        this.controller = undefined;
        page.set({ training: null });
      });
    training.catch((error: Error) => {
      const stopped = "Training was stopped; its last epoch is shown";
      page.set({ status: error instanceof StoppedError ? stopped : error.message });
    });
    return training;
  }

  private train(settings: TrainingSettings, task: TaskOptions): Promise<Run> {
    const onEpoch: TrainingSettings["onEpoch"] = (report, latents) => {
      this.follow(report, latents);
      settings.onEpoch?.(report, latents);
    };
    const onProgress: TaskOptions["onProgress"] = (progress) => {
      const { task: name, done, total } = progress;
      this.parts.page.set({ training: { task: name, done, total } });
      task.onProgress?.(progress);
    };
    return train({ ...settings, ...task, onEpoch, onProgress });
  }

  private async finish(run: Run, which: "refined" | "encoder"): Promise<Run> {
    const { explored } = this.parts;
    await this.reopening;
    explored.setRun(run, { owned: false });
    const knowledge = await knowledgeOf(run);
    const { latents, deviations } = shownPlaces(knowledge.latents ?? (await run.latents()), which);
    explored.setLatents(latents, deviations);
    this.verdict.show(knowledge);
    return run;
  }

  /** Stops the training that {@link begin} has started; no effect without one. */
  stop(reason: string): void {
    this.controller?.abort(new Error(reason));
  }
}
