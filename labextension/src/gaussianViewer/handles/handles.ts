import type { SolidShape } from "e2gmm/messages/maskShapes";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, render, type TemplateResult } from "lit/html.js";
import type { RegionModel } from "../panel/regionModel.js";
import {
  dragged,
  type Grip,
  type Handle,
  handlesOf,
  nudged,
  type Project,
  resized,
  ScreenAxes,
} from "./handleGeometry.js";

/** Å that a key moves or resizes a shape by, and with Shift. */
const keyStep = 1;
const largeStep = 5;

/** Keys that move a centre: right, up, away. */
const moves: Record<string, readonly [number, number, number]> = {
  ArrowRight: [1, 0, 0],
  ArrowLeft: [-1, 0, 0],
  ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0],
  PageUp: [0, 0, 1],
  PageDown: [0, 0, -1],
};
const grows: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** A handle that is being dragged. */
interface Drag {
  handle: Handle;
  shape: SolidShape;
  axes: ScreenAxes;
  from: readonly [number, number];
}

/** Buttons over the picture by which spheres and boxes of the region are moved and resized. */
export class RegionHandles {
  private drag: Drag | undefined;
  private drawn = false;

  /**
   * @param host    element that lies over the picture
   * @param project of the picture
   */
  constructor(
    private readonly host: HTMLElement,
    private readonly region: RegionModel,
    private readonly project: Project,
  ) {
    region.stateChanged.connect(this.draw, this);
    this.draw();
  }

  /** Places the handles; to be called after the picture has been drawn. */
  draw(): void {
    const shown = this.region.handlesShown && this.region.shapes.some(({ kind }) => kind !== "gaussians");
    if (!shown && !this.drawn) return;
    this.drawn = shown;
    render(
      shown ? handlesOf(this.region.shapes, this.project).map((one) => this.button(one)) : nothing,
      this.host,
    );
  }

  dispose(): void {
    this.region.stateChanged.disconnect(this.draw, this);
    render(nothing, this.host);
  }

  private button(handle: Handle): TemplateResult {
    const { grip, label, place, shape } = handle;
    const { x, y } = this.project(place);
    const kind = grip === "centre" ? "centre" : "size";
    const keys = kind === "centre" ? "arrow keys, Page Up and Page Down" : "arrow keys";
    return html`<button
      type="button"
      class="e2gmm-handle"
      data-grip=${kind}
      data-mode=${this.region.shapes[shape]!.mode}
      aria-label=${label}
      aria-description=${`Drag, or ${keys} by 1 Å, with Shift by 5 Å`}
      title=${label}
      style=${styleMap({ left: `${x.toFixed(1)}px`, top: `${y.toFixed(1)}px` })}
      @pointerdown=${(event: PointerEvent) => this.begin(event, handle)}
      @pointermove=${(event: PointerEvent) => this.move(event)}
      @pointerup=${() => this.end()}
      @pointercancel=${() => this.end()}
      @keydown=${(event: KeyboardEvent) => this.key(event, handle)}
    ></button>`;
  }

  private begin(event: PointerEvent, handle: Handle): void {
    if (event.button !== 0) return;
    event.preventDefault();
    const target = event.currentTarget as HTMLElement;
    target.focus();
    target.setPointerCapture(event.pointerId);
    const shape = this.region.shapes[handle.shape] as SolidShape;
    const axes = new ScreenAxes(this.project, handle.place);
    this.drag = { handle, shape, axes, from: [event.clientX, event.clientY] };
  }

  private move(event: PointerEvent): void {
    if (!this.drag) return;
    const { handle, shape, axes, from } = this.drag;
    this.change(handle, dragged(shape, handle, axes, [event.clientX - from[0], event.clientY - from[1]]));
  }

  private end(): void {
    this.drag = undefined;
  }

  private key(event: KeyboardEvent, handle: Handle): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? largeStep : keyStep;
    const shape = this.region.shapes[handle.shape] as SolidShape;
    const changed = withKey(shape, handle.grip, event.key, by, new ScreenAxes(this.project, handle.place));
    if (!changed) return;
    event.preventDefault();
    event.stopPropagation();
    this.change(handle, changed);
  }

  /** Lengths in steps of 0.1 Å, as they are typed. */
  private change({ shape: index }: Handle, shape: SolidShape): void {
    const tenth = (value: number) => Math.round(10 * value) / 10;
    const vector = (values: readonly number[]) => values.map(tenth) as [number, number, number];
    this.region.edit(index, {
      centre: vector(shape.centre),
      ...(shape.kind === "sphere" ? { radius: tenth(shape.radius) } : { size: vector(shape.size) }),
    });
  }
}

/** A shape after a key; undefined for a key that does nothing. */
function withKey(
  shape: SolidShape,
  grip: Grip,
  key: string,
  by: number,
  axes: ScreenAxes,
): SolidShape | undefined {
  if (grip === "centre") {
    const move = Object.hasOwn(moves, key) ? moves[key] : undefined;
    return move && nudged(shape, axes, [by * move[0], by * move[1], by * move[2]]);
  }
  const sign = Object.hasOwn(grows, key) ? grows[key] : undefined;
  return sign === undefined ? undefined : resized(shape, grip, by * sign);
}
