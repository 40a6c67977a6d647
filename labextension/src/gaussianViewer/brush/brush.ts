import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, render } from "lit/html.js";
import type { RegionModel } from "../panel/regionModel.js";
import { type BrushView, frontGaussian, gaussiansAround } from "./brushHit.js";

/** CSS pixels that an arrow key moves the brush by, and with Shift. */
const keyStep = 4;
const largeStep = 20;

/** The picture that is painted on. */
export interface BrushPicture extends BrushView {
  /** Element of the picture, which receives the pointer. */
  readonly element: HTMLElement;
  /** Å per CSS pixel. */
  readonly scale: number;
  /** Centres [3N] in Å and radii [N] in Å of the Gaussians as they are shown. */
  gaussians(): { places: Float32Array; radii: Float32Array };
}

/**
 * A brush over the picture: while it is in use, a drag that begins on the molecule paints the Gaussians within its radius; one that begins
 * beside it turns the molecule as always. With the keyboard the brush is a button that arrow keys move and Space paints with.
 */
export class Brush {
  /** Its middle, in CSS pixels from the upper left corner of the picture. */
  private at: { x: number; y: number } | undefined;
  private painting = false;
  private drawn = false;

  /**
   * @param host element that lies over the picture
   * @param say  tells the user what a stroke did
   */
  constructor(
    private readonly host: HTMLElement,
    private readonly picture: BrushPicture,
    private readonly region: RegionModel,
    private readonly say: (text: string) => void,
    signal: AbortSignal,
  ) {
    const { element } = picture;
    // Before the picture turns: a cancelled pointerdown has no mousedown
    const options = { signal, capture: true };
    element.addEventListener("pointerdown", (event) => this.begin(event), options);
    element.addEventListener("pointermove", (event) => this.follow(event), options);
    for (const end of ["pointerup", "pointercancel"])
      element.addEventListener(end, (event) => this.end(event as PointerEvent), options);
    region.stateChanged.connect(this.draw, this);
  }

  dispose(): void {
    this.region.stateChanged.disconnect(this.draw, this);
    render(nothing, this.host);
  }

  /** Draws the brush; to be called after the picture has been drawn too. */
  draw(): void {
    const { isPainting, size, mode } = this.region;
    if (!isPainting && !this.drawn) return;
    this.drawn = isPainting;
    render(isPainting ? this.circle(size, mode) : nothing, this.host);
  }

  private circle(radius: number, mode: string): unknown {
    const { element, scale } = this.picture;
    this.at ??= { x: element.clientWidth / 2, y: element.clientHeight / 2 };
    const edge = (2 * radius) / scale;
    const style = {
      left: `${(this.at.x - edge / 2).toFixed(1)}px`,
      top: `${(this.at.y - edge / 2).toFixed(1)}px`,
      width: `${edge.toFixed(1)}px`,
      height: `${edge.toFixed(1)}px`,
    };
    return html`<button
      type="button"
      class="e2gmm-brush"
      data-mode=${mode}
      aria-label="Brush"
      aria-description="Arrow keys move it, with Shift faster; Space paints; plus and minus change its radius"
      style=${styleMap(style)}
      @keydown=${(event: KeyboardEvent) => this.key(event)}
    ></button>`;
  }

  private begin(event: PointerEvent): void {
    if (!this.region.isPainting || event.button !== 0) return;
    // Shapes are still moved by their handles
    if ((event.target as Element).closest(".e2gmm-handle")) return;
    this.move(event);
    if (this.stroke() === 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.painting = true;
    this.picture.element.setPointerCapture(event.pointerId);
  }

  private follow(event: PointerEvent): void {
    if (!this.region.isPainting) return;
    this.move(event);
    if (!this.painting) return;
    event.stopPropagation();
    this.stroke();
  }

  private end(event: PointerEvent): void {
    if (!this.painting) return;
    this.painting = false;
    event.stopPropagation();
  }

  private move({ clientX, clientY }: PointerEvent): void {
    const { left, top } = this.picture.element.getBoundingClientRect();
    this.at = { x: clientX - left, y: clientY - top };
    this.draw();
  }

  /** Paints where the brush is. @returns how many Gaussians are under it */
  private stroke(): number {
    const { places, radii } = this.picture.gaussians();
    const reach = radii.map((radius) => radius / this.picture.scale);
    const front = frontGaussian(places, reach, this.picture, this.at!);
    if (front === undefined) return 0;
    const painted = gaussiansAround(places, front, this.region.size);
    this.region.paint(painted);
    return painted.length;
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? largeStep : keyStep;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, -by],
      ArrowDown: [0, by],
    };
    const grows: Record<string, number> = { "+": 1, "=": 1, "-": -1 };
    const { key } = event;
    if (Object.hasOwn(moves, key)) this.step(moves[key]!);
    else if (Object.hasOwn(grows, key)) this.region.resize(this.region.size + grows[key]!);
    else if (key === " " || key === "Enter") {
      this.say(strokeText(this.stroke(), this.region.mode));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private step([dx, dy]: readonly [number, number]): void {
    const { element } = this.picture;
    const inside = (value: number, end: number) => Math.min(end, Math.max(0, value));
    this.at = {
      x: inside(this.at!.x + dx, element.clientWidth),
      y: inside(this.at!.y + dy, element.clientHeight),
    };
    this.draw();
  }
}

function strokeText(count: number, mode: RegionModel["mode"]): string {
  if (count === 0) return "There is no Gaussian under the brush.";
  const what = count === 1 ? "1 Gaussian" : `${count} Gaussians`;
  return mode === "add" ? `Painted ${what}.` : `Took out ${what}.`;
}
