import { drawn, setAttributes } from "../dom.js";
import {
  clampToArea,
  type Frame,
  keyStep,
  type Place,
  type Reach,
  reachOutline,
  shortNumber,
  thinned,
  toNumbers,
  toPixels,
} from "./geometry.js";

/** What the pointer does in the plot area. */
export type Tool = "probe" | "pan" | "lasso" | "box" | "radius" | "nearest" | "path";
export type Mode = "replace" | "add" | "subtract";

/** What was asked for in the plot area, in the numbers of its axes. */
export interface OverlayEvents {
  probe(place: Place): void;
  probeReleased(): void;
  origin(): void;
  lasso(polygon: number[], mode: Mode): void;
  box(low: Place, high: Place, mode: Mode): void;
  /** `rim`: a place on the border; null for a click. */
  radius(centre: Place, rim: Place | null, mode: Mode): void;
  nearest(centre: Place, mode: Mode): void;
  anchor(place: Place): void;
}

export interface OverlayState {
  frame: Frame;
  tool: Tool;
  /** What a radius looks like over the two axes. */
  reach: Reach;
  /** Mode of a selection without keys held. */
  mode: Mode;
  names: readonly [string, string];
  /** Which axes only spread the particles: the probe keeps its place along them. */
  spreads: readonly [boolean, boolean];
  /** Where the probe is. */
  probe: Place;
  anchors: ArrayLike<number>;
  stations: ArrayLike<number>;
  line: ArrayLike<number>;
}

/** Less than this, in pixels, is a click. */
const CLICK = 4;

/** Over plotly's plot area: the probe, the path, and what is drawn by hand to select. */
export class Overlay {
  readonly node: SVGSVGElement;
  private readonly handle: SVGElement;
  private readonly line: SVGElement;
  private readonly stations: SVGElement;
  private readonly anchors: SVGElement;
  private readonly shape: SVGElement;
  private state: OverlayState | undefined;
  /** Ends what the pointer is doing without doing it. */
  private cancel: (() => void) | undefined;
  /** Where a dragged probe is, while the kernel is on its way there. */
  private wish: Place | null = null;
  private forgetWish: ReturnType<typeof setTimeout> | undefined;
  private dragging = false;

  constructor(private readonly events: OverlayEvents) {
    this.line = drawn("path", { class: "e2gmm-scatter-path" });
    this.stations = drawn("g", { class: "e2gmm-scatter-stations" });
    this.anchors = drawn("g", { class: "e2gmm-scatter-anchors" });
    this.shape = drawn("path", { class: "e2gmm-scatter-shape" });
    this.handle = drawn(
      "g",
      {
        class: "e2gmm-scatter-probe",
        tabindex: "0",
        role: "slider",
        "aria-roledescription": "two-dimensional slider",
        "aria-label": "Probe: arrow keys move it, with shift in larger steps; Home takes it to the origin",
      },
      drawn("circle", { r: "16", class: "e2gmm-scatter-probe-reach" }),
      drawn("circle", { r: "8", class: "e2gmm-scatter-probe-ring" }),
      drawn("circle", { r: "2", class: "e2gmm-scatter-probe-centre" }),
    );
    this.node = drawn(
      "svg",
      { class: "e2gmm-scatter-overlay" },
      this.line,
      this.stations,
      this.anchors,
      this.shape,
      this.handle,
    ) as SVGSVGElement;
    this.node.addEventListener("pointerdown", (event) => this.pressed(event, false));
    this.handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.pressed(event as PointerEvent, true);
    });
    this.handle.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
  }

  /** The pointer is held down on something. */
  get busy(): boolean {
    return this.cancel !== undefined;
  }

  /** @param answered the kernel has just said where the probe is */
  update(state: OverlayState, answered = false): void {
    this.state = state;
    if (answered && !this.dragging) this.wish = null;
    this.draw();
  }

  private draw(): void {
    const { state } = this;
    if (!state) return;
    const { frame, tool } = state;
    this.node.dataset["tool"] = tool;
    setAttributes(this.node, { viewBox: `0 0 ${frame.width} ${frame.height}` });
    const place = this.wish ?? state.probe;
    const exact = toPixels(frame, place);
    const [px, py] = clampToArea(frame, exact);
    const [u, v] = state.names;
    setAttributes(this.handle, {
      transform: `translate(${px} ${py})`,
      "aria-valuemin": frame.x[0],
      "aria-valuemax": frame.x[1],
      "aria-valuenow": place[0],
      "aria-valuetext": [u, v]
        .map((name, d) => `${name} ${shortNumber(place[d]!)}`)
        .filter((_, d) => !state.spreads[d])
        .join(", "),
    });
    this.handle.classList.toggle("e2gmm-scatter-outside", px !== exact[0] || py !== exact[1]);
    const pixels = (places: ArrayLike<number>): Place[] =>
      Array.from({ length: places.length / 2 }, (_, i) =>
        toPixels(frame, [places[2 * i]!, places[2 * i + 1]!]),
      );
    setAttributes(this.line, { d: polyline(pixels(state.line)) });
    dots(this.stations, pixels(state.stations), 3.5);
    dots(this.anchors, pixels(state.anchors), 6);
  }

  private place(event: PointerEvent): [number, number] {
    const box = this.node.getBoundingClientRect();
    const { frame } = this.state!;
    // The page may be magnified.
    return [
      ((event.clientX - box.left) / (box.width || 1)) * frame.width,
      ((event.clientY - box.top) / (box.height || 1)) * frame.height,
    ];
  }

  private pressed(event: PointerEvent, onHandle: boolean): void {
    const { state } = this;
    if (!state || event.button !== 0 || this.cancel) return;
    const tool = onHandle ? "probe" : state.tool;
    if (tool === "pan") return;
    event.preventDefault();
    const mode = event.shiftKey ? "add" : event.altKey ? "subtract" : state.mode;
    const from = this.place(event);
    const act = this.action(tool, from, mode);
    if (tool === "probe") (this.handle as SVGGElement).focus({ preventScroll: true });
    const { pointerId } = event;
    this.node.setPointerCapture(pointerId);
    const move = (next: PointerEvent) => {
      if (next.pointerId === pointerId) act.move(this.place(next));
    };
    const end = () => {
      this.node.removeEventListener("pointermove", move);
      this.node.removeEventListener("pointerup", up);
      this.node.removeEventListener("pointercancel", away);
      document.removeEventListener("keydown", escaped, true);
      this.cancel = undefined;
      setAttributes(this.shape, { d: "" });
    };
    const up = (last: PointerEvent) => {
      if (last.pointerId !== pointerId) return;
      end();
      act.end(this.place(last));
    };
    const away = () => {
      end();
      act.stop?.();
    };
    const escaped = (pressed: KeyboardEvent) => {
      if (pressed.key !== "Escape") return;
      pressed.stopPropagation();
      away();
    };
    this.cancel = away;
    this.node.addEventListener("pointermove", move);
    this.node.addEventListener("pointerup", up);
    this.node.addEventListener("pointercancel", away);
    document.addEventListener("keydown", escaped, true);
    act.move(from);
  }

  private action(
    tool: Exclude<Tool, "pan">,
    from: Place,
    mode: Mode,
  ): { move(to: Place): void; end(to: Place): void; stop?(): void } {
    const numbers = (place: Place) => toNumbers(this.state!.frame, place);
    const clicked = (to: Place) => Math.hypot(to[0] - from[0], to[1] - from[1]) < CLICK;
    switch (tool) {
      case "probe":
        this.dragging = true;
        return {
          move: (to) => this.reach(numbers(clampToArea(this.state!.frame, to))),
          end: () => this.released(),
          stop: () => this.released(),
        };
      case "lasso": {
        const points: Place[] = [];
        return {
          move: (to) => {
            points.push(clampToArea(this.state!.frame, to));
            setAttributes(this.shape, { d: `${polyline(points)}Z` });
          },
          end: () => {
            const corners = thinned(points, 2);
            if (corners.length > 2) this.events.lasso(corners.flatMap(numbers), mode);
          },
        };
      }
      case "box":
        return {
          move: (to) => {
            const [x, y] = clampToArea(this.state!.frame, to);
            setAttributes(this.shape, { d: `M${from[0]} ${from[1]}H${x}V${y}H${from[0]}Z` });
          },
          end: (to) => {
            if (clicked(to)) return;
            const [a, b] = [numbers(from), numbers(clampToArea(this.state!.frame, to))];
            this.events.box(
              [Math.min(a[0], b[0]), Math.min(a[1], b[1])],
              [Math.max(a[0], b[0]), Math.max(a[1], b[1])],
              mode,
            );
          },
        };
      case "radius": {
        return {
          move: (to) => {
            if (clicked(to)) return;
            const { frame, reach } = this.state!;
            setAttributes(this.shape, { d: reachOutline(frame, reach, numbers(from), numbers(to)) });
          },
          end: (to) => this.events.radius(numbers(from), clicked(to) ? null : numbers(to), mode),
        };
      }
      case "nearest":
        return { move: () => {}, end: () => this.events.nearest(numbers(from), mode) };
      case "path":
        return { move: () => {}, end: () => this.events.anchor(numbers(from)) };
    }
  }

  private reach([x, y]: Place): void {
    const { spreads, probe } = this.state!;
    this.wish = [spreads[0] ? probe[0] : x, spreads[1] ? probe[1] : y];
    clearTimeout(this.forgetWish);
    this.draw();
    this.events.probe(this.wish);
  }

  private released(): void {
    this.dragging = false;
    // Where the kernel has nothing more to say, as when it was there already, its last word holds.
    this.forgetWish = setTimeout(() => {
      this.wish = null;
      this.draw();
    }, 1000);
    this.events.probeReleased();
  }

  private key(event: KeyboardEvent): void {
    const { state } = this;
    if (!state) return;
    if (event.key === "Home") {
      event.preventDefault();
      event.stopPropagation();
      this.wish = null;
      this.events.origin();
      return;
    }
    const step = keyStep(state.frame, event.key, event.shiftKey);
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    // JupyterLab would go to another cell.
    event.stopPropagation();
    const from = this.wish ?? state.probe;
    this.reach([from[0] + step[0], from[1] + step[1]]);
    this.released();
  }

  end(): void {
    this.cancel?.();
    clearTimeout(this.forgetWish);
  }
}

function polyline(points: readonly Place[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function dots(group: SVGElement, places: readonly Place[], radius: number): void {
  while (group.childElementCount > places.length) group.lastElementChild!.remove();
  while (group.childElementCount < places.length) group.append(drawn("circle", { r: String(radius) }));
  places.forEach(([cx, cy], i) => {
    setAttributes(group.children[i]!, { cx: cx.toFixed(1), cy: cy.toFixed(1) });
  });
}
