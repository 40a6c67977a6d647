import { element } from "../dom.js";

const LEAST = 0.2;
const STEP = 0.02;

/**
 * The bar between two panes, moved by pointer or arrow keys.
 * @param moving called with the part of the first pane while it moves
 * @param moved  called when it has come to rest
 */
export function splitter(
  panes: HTMLElement,
  moving: (part: number) => void,
  moved: (part: number) => void,
): { node: HTMLElement; show(part: number): void } {
  const node = element("div", {
    class: "e2gmm-explorer-splitter",
    role: "separator",
    tabindex: 0,
    "aria-orientation": "vertical",
    "aria-label": "Width of the plot",
    "aria-valuemin": LEAST * 100,
    "aria-valuemax": (1 - LEAST) * 100,
  });
  let part = 0.5;
  const show = (next: number) => {
    part = Math.min(1 - LEAST, Math.max(LEAST, next));
    node.setAttribute("aria-valuenow", String(Math.round(100 * part)));
    moving(part);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const { left, width } = panes.getBoundingClientRect();
    if (width > 0) show((event.clientX - left) / width);
  });
  node.addEventListener("lostpointercapture", () => moved(part));
  node.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    show(part + direction * STEP);
    moved(part);
  });
  return { node, show };
}
