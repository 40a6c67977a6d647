import { type Ref, ref } from "lit/directives/ref.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, svg, type TemplateResult } from "lit/html.js";
import { clampToArea, type Place, polyline, shortNumber, toPixels } from "./geometry.js";
import type { OverlayModel, OverlayState } from "./overlayModel.js";
import type { ScatterViewModel } from "./scatterViewModel.js";

/** Pointer and keys on the overlay, for one view. */
export class OverlayInput {
  private pointer: number | undefined;

  /** @param until ends the listeners */
  constructor(
    private readonly model: ScatterViewModel,
    private readonly svg: Ref<SVGSVGElement>,
    private readonly until: AbortSignal,
  ) {}

  readonly press = (event: PointerEvent, onProbe = false): void => {
    const { model } = this;
    const node = this.svg.value;
    const tool = onProbe ? "probe" : model.tool;
    const mode = event.shiftKey ? "add" : event.altKey ? "subtract" : model.mode;
    const at = this.place(event);
    if (event.button !== 0 || !node || !at || !model.overlay.press(tool, at, mode)) return;
    event.preventDefault();
    if (tool === "probe") {
      node.querySelector<SVGElement>(".e2gmm-scatter-probe")?.focus({ preventScroll: true });
    }
    node.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    document.addEventListener("keydown", this.escape, { capture: true, signal: this.until });
  };

  readonly pressProbe = (event: PointerEvent): void => {
    event.stopPropagation();
    this.press(event, true);
  };

  readonly move = (event: PointerEvent): void => {
    const at = this.place(event);
    if (event.pointerId === this.pointer && at) this.model.overlay.move(at);
  };

  readonly release = (event: PointerEvent): void => {
    const at = this.place(event);
    if (event.pointerId !== this.pointer || !at) return;
    this.end();
    this.model.overlay.release(at);
  };

  readonly cancel = (event: PointerEvent): void => {
    if (event.pointerId !== this.pointer) return;
    this.end();
    this.model.overlay.cancel();
  };

  readonly pressKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.model.overlay.pressKey(event.key, event.shiftKey)) return;
    event.preventDefault();
    // JupyterLab would go to another cell
    event.stopPropagation();
  };

  private readonly escape = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.end();
    this.model.overlay.cancel();
  };

  private end(): void {
    this.pointer = undefined;
    document.removeEventListener("keydown", this.escape, true);
  }

  /** Place of an event in the plot area, in its pixels; the page may be zoomed. */
  private place(event: PointerEvent): Place | undefined {
    const { state } = this.model.overlay;
    const box = this.svg.value?.getBoundingClientRect();
    if (!state || !box) return undefined;
    return [
      ((event.clientX - box.left) / (box.width || 1)) * state.frame.width,
      ((event.clientY - box.top) / (box.height || 1)) * state.frame.height,
    ];
  }
}

/** Above plotly's plot area: probe, path, and the outline of a selection that is being drawn. */
export function overlayTemplate(
  model: ScatterViewModel,
  node: Ref<SVGSVGElement>,
  input: OverlayInput,
): TemplateResult {
  const { state, outline } = model.overlay;
  const frame = state?.frame;
  const place = state && {
    left: `${state.offset[0]}px`,
    top: `${state.offset[1]}px`,
    width: `${state.frame.width}px`,
    height: `${state.frame.height}px`,
  };
  return html`<svg
    class="e2gmm-scatter-overlay"
    data-tool=${model.tool}
    viewBox="0 0 ${frame?.width ?? 0} ${frame?.height ?? 0}"
    style=${styleMap(place ?? {})}
    ?hidden=${!state}
    ${ref(node as Ref)}
    @pointerdown=${input.press}
    @pointermove=${input.move}
    @pointerup=${input.release}
    @pointercancel=${input.cancel}
  >
    <path class="e2gmm-scatter-path" d=${state ? polyline(pixels(state, state.path)) : ""} />
    <g class="e2gmm-scatter-stations">${state && dots(state, state.stations, 3.5)}</g>
    <g class="e2gmm-scatter-anchors">${state && dots(state, state.anchors, 6)}</g>
    <path class="e2gmm-scatter-shape" d=${outline} />
    ${probe(model.overlay, input)}
  </svg>`;
}

function pixels({ frame }: OverlayState, places: ArrayLike<number>): Place[] {
  return Array.from({ length: places.length / 2 }, (_, i) =>
    toPixels(frame, [places[2 * i]!, places[2 * i + 1]!]),
  );
}

function dots(state: OverlayState, places: ArrayLike<number>, radius: number): TemplateResult<2>[] {
  return pixels(state, places).map(
    ([x, y]) => svg`<circle r=${radius} cx=${x.toFixed(1)} cy=${y.toFixed(1)} />`,
  );
}

const probeLabel = "Probe: arrow keys move it, Shift moves it faster, Home returns it to the origin";

function probe({ state, probe: place }: OverlayModel, input: OverlayInput): TemplateResult<2> {
  const exact = state ? toPixels(state.frame, place) : place;
  const [x, y] = state ? clampToArea(state.frame, exact) : exact;
  const outside = x !== exact[0] || y !== exact[1];
  return svg`<g
    class=${outside ? "e2gmm-scatter-probe e2gmm-scatter-outside" : "e2gmm-scatter-probe"}
    tabindex="0"
    role="slider"
    aria-roledescription="two-dimensional slider"
    aria-label=${probeLabel}
    aria-valuemin=${state?.frame.x[0] ?? 0}
    aria-valuemax=${state?.frame.x[1] ?? 0}
    aria-valuenow=${place[0]}
    aria-valuetext=${state ? valueText(state, place) : ""}
    transform="translate(${x} ${y})"
    @pointerdown=${input.pressProbe}
    @keydown=${input.pressKey}
  >
    <circle r="16" class="e2gmm-scatter-probe-reach" />
    <circle r="8" class="e2gmm-scatter-probe-ring" />
    <circle r="2" class="e2gmm-scatter-probe-centre" />
  </g>`;
}

function valueText({ names, spreads }: OverlayState, place: Place): string {
  return names
    .map((name, axis) => `${name} ${shortNumber(place[axis]!)}`)
    .filter((_, axis) => !spreads[axis])
    .join(", ");
}
