import { element } from "../dom.js";
import { shortNumber } from "./geometry.js";
import type { Colouring, ProbeSlider } from "./snapshot.js";

/** Beside the picture: what the colours mean. A click on a category hides its particles or shows them again. */
export class Legend {
  readonly node = element("div", { class: "e2gmm-scatter-legend" });
  private shown = "";

  constructor(private readonly toggle: (name: string, only: boolean) => void) {}

  update(colouring: Colouring, hidden: readonly string[]): void {
    const key = JSON.stringify([colouring, hidden]);
    if (key === this.shown) return;
    this.shown = key;
    this.node.hidden = colouring.kind === "none";
    if (colouring.kind === "none") this.node.replaceChildren();
    else if (colouring.kind === "number") this.node.replaceChildren(...colourBar(colouring));
    else this.categories(colouring, hidden);
  }

  private categories(
    { name, categories }: Extract<Colouring, { categories: unknown }>,
    hidden: readonly string[],
  ): void {
    const focused = [...this.node.querySelectorAll("button")].indexOf(
      document.activeElement as HTMLButtonElement,
    );
    this.node.replaceChildren(
      element("div", { class: "e2gmm-scatter-legend-title" }, name),
      ...categories.map((category) => {
        const swatch = element("span", { class: "e2gmm-scatter-swatch" });
        swatch.dataset["marker"] = category.marker;
        swatch.style.backgroundColor = category.colour;
        const off = hidden.includes(category.name);
        return element(
          "button",
          {
            type: "button",
            class: "e2gmm-scatter-category",
            "aria-pressed": String(!off),
            title: `${off ? "Show" : "Hide"} ${category.name} (alt: only this one)`,
            onclick: (event) => this.toggle(category.name, (event as MouseEvent).altKey),
          },
          swatch,
          element("span", { class: "e2gmm-scatter-category-name" }, category.name),
          element("span", { class: "e2gmm-scatter-category-count" }, category.count.toLocaleString("en")),
        );
      }),
    );
    this.node.querySelectorAll("button")[focused]?.focus();
  }
}

function colourBar({ title, low, high }: Extract<Colouring, { kind: "number" }>): HTMLElement[] {
  const numbers = [high, (low + high) / 2, low].map((value) => element("span", {}, shortNumber(value)));
  return [
    element("div", { class: "e2gmm-scatter-legend-title" }, title),
    element(
      "div",
      { class: "e2gmm-scatter-bar" },
      element("div", { class: "e2gmm-scatter-ramp" }),
      element("div", { class: "e2gmm-scatter-bar-numbers" }, ...numbers),
    ),
  ];
}

/** Below the picture: the probe along what the axes do not show. */
export class Sliders {
  readonly node = element("div", {
    class: "e2gmm-scatter-sliders",
    role: "group",
    "aria-label": "Probe along other dimensions",
  });
  private shown = "";
  private held: HTMLInputElement | null = null;

  constructor(private readonly moved: (name: string, value: number) => void) {}

  update(sliders: readonly ProbeSlider[], values: readonly number[]): void {
    const key = JSON.stringify(sliders);
    if (key !== this.shown) {
      this.shown = key;
      this.node.hidden = sliders.length === 0;
      this.node.replaceChildren(...sliders.map((slider) => this.slider(slider)));
    }
    this.node.querySelectorAll("input").forEach((input, i) => {
      const value = values[i];
      if (value === undefined) return;
      if (input !== this.held) input.value = String(value);
      input.nextElementSibling!.textContent = shortNumber(value);
    });
  }

  private slider({ name, low, high }: ProbeSlider): HTMLElement {
    const input = element("input", {
      type: "range",
      min: String(low),
      max: String(high),
      step: String((high - low) / 200),
      "aria-label": `Probe along ${name}`,
      oninput: () => this.moved(name, Number(input.value)),
      onpointerdown: () => {
        this.held = input;
      },
      onpointerup: () => {
        this.held = null;
      },
      onpointercancel: () => {
        this.held = null;
      },
      // JupyterLab would go to another cell.
      onkeydown: (event) => event.stopPropagation(),
    });
    return element(
      "label",
      { class: "e2gmm-scatter-slider" },
      element("span", {}, name),
      input,
      element("span", { class: "e2gmm-scatter-slider-value" }),
    );
  }
}
