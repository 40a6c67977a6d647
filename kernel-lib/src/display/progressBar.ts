import { randomUUID } from "node:crypto";
import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle } from "tslab-widgets/display";
import type { Progress } from "../progress";
import { inNotebook, show } from "./show";
import { palette } from "./theme";

/** Least time in milliseconds between two updates in a notebook, and between two lines elsewhere. */
const notebookInterval = 200;
const lineInterval = 5000;

/** The progress of a task, as a bar or a line of text. */
class Bar implements Displayable {
  constructor(
    private readonly title: string,
    private readonly progress: Progress,
    private readonly seconds: number,
  ) {}

  private get part(): number {
    const { done, total } = this.progress;
    return total > 0 && Number.isFinite(done) ? Math.min(1, Math.max(0, done / total)) : 0;
  }

  private get text(): string {
    const { task, note } = this.progress;
    const percent = `${Math.floor(100 * this.part)} %`;
    return [
      `${this.title ? `${this.title}: ` : ""}${task}`,
      percent,
      ...(note ? [note] : []),
      `${this.seconds.toFixed(this.seconds < 10 ? 1 : 0)} s`,
    ].join(" · ");
  }

  toString(): string {
    return this.text;
  }

  [displaySymbol](): MimeBundle {
    const percent = (100 * this.part).toFixed(1);
    const html =
      `<div role="progressbar" aria-valuenow="${percent}" aria-valuemin="0" aria-valuemax="100" ` +
      `style="display:flex;align-items:center;gap:10px">` +
      `<div style="width:220px;height:8px;border-radius:4px;background:rgba(128,128,128,.3);overflow:hidden">` +
      `<div style="width:${percent}%;height:100%;background:${palette.blue}"></div></div>` +
      `<span>${escapeMarkup(this.text)}</span></div>`;
    return { "text/html": html, "text/plain": this.text };
  }
}

/**
 * Returns an `onProgress` callback for long-running functions: a bar in the notebook that is updated in place. Outside a
 * notebook it writes a line to standard error when a task begins, every five seconds, and when it ends.
 *
 * @param title in front of the name of the task. Default none
 *
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const { map } = await e2.reconstruct(particles, { onProgress: e2.progressBar("Consensus") });
 * await particles.close();
 * ```
 */
export function progressBar(title = ""): (progress: Progress) => void {
  const id = `progress-${randomUUID()}`;
  const began = performance.now();
  const notebook = inNotebook();
  const interval = notebook ? notebookInterval : lineInterval;
  let shown: { at: number; progress: Progress } | undefined;
  let sending = Promise.resolve();
  return (progress) => {
    const now = performance.now();
    const sameTask = shown?.progress.task === progress.task;
    if (shown && sameTask) {
      const ended = shown.progress.done >= shown.progress.total;
      const ends = progress.done >= progress.total;
      if (ends ? ended : now - shown.at < interval) return;
    }
    const update = shown !== undefined;
    shown = { at: now, progress: { ...progress } };
    const bar = new Bar(title, progress, (now - began) / 1000);
    if (notebook) sending = sending.then(() => show(bar, { id, update })).catch(() => {});
    else process.stderr.write(`${bar}\n`);
  };
}
