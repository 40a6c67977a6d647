import type * as NglTypes from "ngl";
import type { Axis } from "./geometry.js";

/** For users, while a view has lost its WebGL context. */
export const contextLostText =
  "The browser has released the 3-D view; it will be redrawn when the browser restores it.";

/** What the owner of a view hears of it. */
export interface StageListeners {
  /** The WebGL context was lost (`true`), or is back and the picture is drawn again (`false`). */
  onLost?(lost: boolean): void;
  /** The user has turned, moved or zoomed the view and stopped. */
  onMoved?(): void;
  /** The view has taken the size of its container. */
  onResized?(): void;
  /** A frame has been drawn. */
  onDrawn?(): void;
}

/** Replaces NGL's keyboard and click actions by those of this extension, until the signal aborts. */
export function handleInput(stage: NglTypes.Stage, look: (axis: Axis) => void, signal: AbortSignal): void {
  const { mouseControls, keyControls, mouseObserver } = stage;
  const canvas: HTMLCanvasElement = stage.viewer.renderer.domElement;
  keyControls.clear();
  for (const click of ["clickPick-left", "clickPick-middle", "clickPick-right", "clickPick-ctrl-left"]) {
    mouseControls.remove(click);
  }
  // The wheel scrolls the page until the view has been clicked
  mouseObserver.handleScroll = false;
  canvas.addEventListener("focus", () => (mouseObserver.handleScroll = true), { signal });
  canvas.addEventListener("blur", () => (mouseObserver.handleScroll = false), { signal });
  const actions = keyActions(stage, look);
  canvas.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      action();
    },
    { signal },
  );
}

function keyActions(
  { viewerControls }: NglTypes.Stage,
  look: (axis: Axis) => void,
): Record<string, () => void> {
  const step = Math.PI / 24;
  return {
    ArrowLeft: () => viewerControls.spin([0, 1, 0], -step),
    ArrowRight: () => viewerControls.spin([0, 1, 0], step),
    ArrowUp: () => viewerControls.spin([1, 0, 0], step),
    ArrowDown: () => viewerControls.spin([1, 0, 0], -step),
    "+": () => viewerControls.zoom(0.1),
    "=": () => viewerControls.zoom(0.1),
    "-": () => viewerControls.zoom(-0.1),
    x: () => look("x"),
    y: () => look("y"),
    z: () => look("z"),
  };
}

/** Reports loss and return of the WebGL context, until the signal aborts. */
export function watchContext(
  stage: NglTypes.Stage,
  onLost: (lost: boolean) => void,
  signal: AbortSignal,
): void {
  const canvas: HTMLCanvasElement = stage.viewer.renderer.domElement;
  canvas.addEventListener(
    "webglcontextlost",
    (event) => {
      // Without this the browser would not restore the context
      event.preventDefault();
      if (!signal.aborted) onLost(true);
    },
    { signal },
  );
  canvas.addEventListener(
    "webglcontextrestored",
    () => {
      stage.viewer.requestRender();
      onLost(false);
    },
    { signal },
  );
}
