import { randomUUID } from "node:crypto";
import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle } from "tslab-widgets/display";
import type { Progress } from "../progress";
import { inNotebook, show } from "./show";
import { palette } from "./theme";

/** Milliseconds between two updates in a notebook, and between two lines elsewhere. */
const NOTEBOOK_PAUSE = 200;
const LINE_PAUSE = 5000;

/** The state of a task at one moment, as a bar and as a line. */
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

  private get words(): string {
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
    return this.words;
  }

  [displaySymbol](): MimeBundle {
    const percent = (100 * this.part).toFixed(1);
    const html =
      `<div role="progressbar" aria-valuenow="${percent}" aria-valuemin="0" aria-valuemax="100" ` +
      `style="display:flex;align-items:center;gap:10px">` +
      `<div style="width:220px;height:8px;border-radius:4px;background:rgba(128,128,128,.3);overflow:hidden">` +
      `<div style="width:${percent}%;height:100%;background:${palette.blue}"></div></div>` +
      `<span>${escapeMarkup(this.words)}</span></div>`;
    return { "text/html": html, "text/plain": this.words };
  }
}

/**
 * Makes an `onProgress` for any long-running function: one bar in the notebook that moves in place. Outside a notebook
 * it writes a line to standard error when a task begins, when it ends, and every few seconds between.
 *
 * @param title put before the name of the task; default nothing
 */
export function progressBar(title = ""): (progress: Progress) => void {
  const id = `progress-${randomUUID()}`;
  const began = performance.now();
  const notebook = inNotebook();
  const pause = notebook ? NOTEBOOK_PAUSE : LINE_PAUSE;
  let shown: { at: number; progress: Progress } | undefined;
  let sending = Promise.resolve();
  return (progress) => {
    const now = performance.now();
    const news = !shown || shown.progress.task !== progress.task || progress.done >= progress.total;
    if (shown && news && shown.progress.task === progress.task && shown.progress.done >= progress.total)
      return;
    if (!news && now - shown!.at < pause) return;
    const update = shown !== undefined;
    shown = { at: now, progress: { ...progress } };
    const bar = new Bar(title, progress, (now - began) / 1000);
    if (notebook) sending = sending.then(() => show(bar, { id, update })).catch(() => {});
    else process.stderr.write(`${bar}\n`);
  };
}
