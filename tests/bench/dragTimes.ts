import type { Page } from "playwright-core";

/** Times of a dragged ring, measured in a page whose explorer decodes by itself. */
export interface DragTimes {
  /** Moves of the pointer that were drawn. */
  moves: number;
  /** From the start of the event's handlers to Gaussians handed to the renderer, ms. */
  own: number[];
  /** From the event to the same moment, ms: with the wait for the renderer, which in software takes most of both cores. */
  whole: number[];
  /** Processor time of scripts in the page's main thread for each move, ms. It does not depend on what else the machine does. */
  script: number;
}

interface View {
  drawing: { frame(gaussians: Float32Array | undefined): void };
}
type Kept = Pick<DragTimes, "own" | "whole">;

const drags = 4;
const steps = 50;

/** Drags the ring of the explorer's scatter in small circles, at 60 moves a second. The molecule must be drawn already. */
export async function dragRing(page: Page): Promise<DragTimes> {
  await page.evaluate(() => {
    const times: Kept = { own: [], whole: [] };
    const known = "e2gmmDragTimes" in window;
    Object.assign(window, { e2gmmDragTimes: times });
    // Handlers of an earlier drag write into the new lists
    if (known) return;
    const kept = () => (window as unknown as { e2gmmDragTimes: Kept }).e2gmmDragTimes;
    const { drawing } = (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView: View }).e2gmmView;
    let event: { begun: number; stamp: number } | undefined;
    addEventListener(
      "pointermove",
      ({ timeStamp, buttons }) => {
        if (buttons) event = { begun: performance.now(), stamp: timeStamp };
      },
      true,
    );
    const frame = drawing.frame.bind(drawing);
    drawing.frame = (gaussians) => {
      frame(gaussians);
      if (!event) return;
      kept().own.push(performance.now() - event.begun);
      kept().whole.push(performance.now() - event.stamp);
      event = undefined;
    };
  });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const script = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ScriptDuration")!.value;
  };
  const before = await script();
  const ring = (await page.locator(".e2gmm-scatter-probe-ring").first().boundingBox())!;
  const [x, y] = [ring.x + ring.width / 2, ring.y + ring.height / 2];
  for (let drag = 0; drag < drags; drag++) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let step = 1; step <= steps; step++) {
      await page.mouse.move(x + 60 * Math.sin(step / 8), y + 40 * Math.sin(step / 11));
      await new Promise((resolve) => setTimeout(resolve, 16));
    }
    // Back to the start, or repeated drags would leave the plot
    await page.mouse.move(x, y);
    await page.mouse.up();
  }
  const seconds = (await script()) - before;
  await session.detach();
  const { own, whole } = await page.evaluate(
    () => (window as unknown as { e2gmmDragTimes: Kept }).e2gmmDragTimes,
  );
  return { moves: own.length, own, whole, script: (1000 * seconds) / own.length };
}

/** The times as a sentence. */
export function described({ moves, own, whole, script }: DragTimes): string {
  return (
    `${moves} moves; own ${quantiles(own)}; from the event ${quantiles(whole)}; ` +
    `processor time of scripts ${script.toFixed(1)} ms a move`
  );
}

function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * sorted.length)]?.toFixed(1) ?? "–";
  return `p50 ${at(0.5)}, p95 ${at(0.95)} ms`;
}
