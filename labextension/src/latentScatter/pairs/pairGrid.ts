import { ref } from "lit/directives/ref.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, choices, keepKey, select } from "../../controls.js";
import { painted } from "../../painted.js";
import { iconButton } from "../iconButton.js";
import type { ScatterViewModel } from "../scatterViewModel.js";
import type { PairAxis, Snapshot } from "../snapshot.js";
import { neighbour, type Pair } from "./pairGridModel.js";
import { drawPair } from "./pairPicture.js";

const opener = "e2gmm-scatter-pairsButton";
const kinds = [
  ["latent", "latent axes"],
  ["component", "principal components"],
] as const;

/** Opens the grid of pairs, where there are pairs to choose among. */
export function pairsButton(model: ScatterViewModel): TemplateResult | typeof nothing {
  const { pairs } = model;
  if (!pairs.isOffered) return nothing;
  return html`<span class=${opener}>${iconButton(
    "pairs",
    "Show all pairs of axes, to choose one",
    () => pairs.show(model.state.pairs === "" ? "latent" : ""),
    { words: "pairs", pressed: pairs.isOpen },
  )}</span>`;
}

/** All pairs of axes as small plots above the picture; a click makes a pair its axes. */
export function pairGrid(model: ScatterViewModel): TemplateResult | typeof nothing {
  const { pairs } = model;
  if (!pairs.isOpen) return nothing;
  const { axes } = pairs;
  const size = { "--e2gmm-pairs": String(axes.length - 1) };
  return html`<div
    class="e2gmm-scatter-pairs"
    role="group"
    aria-label="Pairs of axes"
    style=${styleMap(size)}
    @pointermove=${keepKey}
    @wheel=${keepKey}
    @keydown=${(event: KeyboardEvent) => press(model, event)}
    ${ref(focusFirst)}
  >
    <div class="e2gmm-scatter-pairsHead">
      ${select(choices(kinds, model.state.pairs), (kind) => pairs.show(kind as Snapshot["pairs"]), {
        label: "Axes whose pairs are shown",
        className: "e2gmm-scatter-select",
      })}${iconButton("clear", "Close the pairs of axes", (event) =>
        close(model, event.currentTarget as Element),
      )}
    </div>
    ${pairs.rows.map((row) => html`${name(axes[row[0]!.up]!, "up")}${row.map((pair) => cell(model, pair))}${fill(axes.length - 1 - row.length)}`)}
    <span></span>${axes.slice(0, -1).map((axis) => name(axis, "across"))}
  </div>`;
}

/** Empty places of the grid. */
function fill(count: number): TemplateResult[] {
  return Array.from({ length: count }, () => html`<span></span>`);
}

function name({ name, title }: PairAxis, along: "up" | "across"): TemplateResult {
  return html`<span class="e2gmm-scatter-pairName" data-along=${along} title=${title}>${name}</span>`;
}

function cell(model: ScatterViewModel, pair: Pair): TemplateResult {
  const { pairs, state } = model;
  const [x, y] = [pairs.axes[pair.across]!, pairs.axes[pair.up]!];
  const dark = document.body.dataset["jpThemeLight"] === "false";
  const { pairPoints, selected, probe, colouring, colourNumbers, colourCodes, hidden, colourRange } = state;
  return button(
    html`<canvas
      data-pair="${pair.across} ${pair.up}"
      ${painted(
        (canvas) => drawPair(canvas as HTMLCanvasElement, state, pair, dark),
        [pairPoints, selected, probe, colouring, colourNumbers, colourCodes, hidden, colourRange, dark],
      )}
    ></canvas>`,
    `${x.title} across, ${y.title} up: show this pair`,
    (event) => {
      openerOf(event.currentTarget as Element)?.focus({ preventScroll: true });
      pairs.choose(pair);
    },
    {
      className: "e2gmm-scatter-pair",
      label: `${x.name} across, ${y.name} up`,
      pressed: pairs.isShown(pair),
    },
  );
}

/** Puts the focus on the pair that is shown, or the first one, where the grid was opened from this view. */
function focusFirst(grid: Element | undefined): void {
  if (!grid) return;
  // It is not yet in the page
  queueMicrotask(() => {
    if (document.activeElement !== openerOf(grid)) return;
    const shown = grid.querySelector<HTMLElement>('.e2gmm-scatter-pair[aria-pressed="true"]');
    (shown ?? grid.querySelector<HTMLElement>(".e2gmm-scatter-pair"))?.focus({ preventScroll: true });
  });
}

/** The button that opens the grid around or beside an element. */
function openerOf(element: Element): HTMLElement | null | undefined {
  return element.closest(".e2gmm-scatter")?.querySelector<HTMLElement>(`.${opener} button`);
}

function close(model: ScatterViewModel, from: Element): void {
  openerOf(from)?.focus({ preventScroll: true });
  model.pairs.show("");
}

/** Escape closes the grid; arrow keys go from pair to pair. */
function press(model: ScatterViewModel, event: KeyboardEvent): void {
  event.stopPropagation();
  if (event.key === "Escape") {
    event.preventDefault();
    close(model, event.currentTarget as Element);
    return;
  }
  const at = (event.target as Element).querySelector<HTMLElement>("canvas[data-pair]")?.dataset["pair"];
  if (at === undefined) return;
  const [across, up] = at.split(" ").map(Number) as [number, number];
  const next = neighbour({ across, up }, event.key, model.pairs.axes.length);
  if (!next) return;
  event.preventDefault();
  (event.currentTarget as Element)
    .querySelector(`canvas[data-pair="${next.across} ${next.up}"]`)
    ?.closest("button")
    ?.focus();
}
