import type * as NglTypes from "ngl";

/** Pixels of a coarse frame for each one of a sharp frame, along an edge. */
const fraction = 0.5;
/** Milliseconds without a movement after which the picture is drawn sharp. */
const restMilliseconds = 600;

/**
 * Draws with a quarter of the pixels while something moves, and all of them once it rests. For views without a graphics card, where
 * the processor computes every pixel and a sharp frame of thousands of spheres takes longer than a hand waits.
 */
export class CoarseFrames {
  /** Number of the last movement while frames are coarse. */
  private movement: number | undefined;
  private movements = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly viewer: NglTypes.Viewer) {}

  /** Whether frames are coarse now. */
  get active(): boolean {
    return this.movement !== undefined;
  }

  /** Something moves. */
  moved(): void {
    if (!this.active) this.draw(fraction);
    clearTimeout(this.timer);
    const movement = ++this.movements;
    this.movement = movement;
    // Rest begins once this frame is drawn: a slow renderer delays the next animation frame, and the next event, too
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (this.movement === movement) this.timer = setTimeout(() => this.end(), restMilliseconds);
      }),
    );
  }

  /** Draws sharp again at once. */
  end(): void {
    if (!this.active) return;
    this.cancel();
    this.draw(1);
  }

  /** Forgets what is to be drawn, as the view is closed or has another size. */
  cancel(): void {
    clearTimeout(this.timer);
    this.movement = undefined;
  }

  private draw(part: number): void {
    this.viewer.renderer.setPixelRatio(part * devicePixelRatio);
    // The canvas is empty now; waiting for the next frame would show that
    this.viewer.render();
  }
}
