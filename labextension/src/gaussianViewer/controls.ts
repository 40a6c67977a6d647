import { element } from "../dom.js";

export function button(text: string, label: string, onClick: () => void): HTMLButtonElement {
  return element(
    "button",
    { type: "button", class: "e2gmm-button", title: label, "aria-label": label, onclick: onClick },
    text,
  );
}

export function checkbox(text: string, onChange: (checked: boolean) => void) {
  const input = element("input");
  input.type = "checkbox";
  input.addEventListener("change", () => onChange(input.checked));
  return { node: element("label", { class: "e2gmm-check" }, input, text), input };
}

export interface SliderRange {
  min: number;
  max: number;
  step: number | "any";
}

/** A slider with its value beside it. */
export function slider(
  text: string,
  range: SliderRange,
  say: (value: number) => string,
  onInput: (value: number) => void,
) {
  const input = element("input");
  input.type = "range";
  const value = element("output", { class: "e2gmm-value" });
  const show = (number: number) => {
    input.value = String(number);
    value.textContent = say(number);
    input.setAttribute("aria-valuetext", say(number));
  };
  const setRange = ({ min, max, step }: SliderRange) => {
    input.min = String(min);
    input.max = String(max);
    input.step = String(step);
  };
  setRange(range);
  input.addEventListener("input", () => {
    value.textContent = say(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  const node = element("label", { class: "e2gmm-slider" }, element("span", {}, text), input, value);
  return { node, input, show, setRange };
}

/** A number that takes effect when it is done and finite and not below `min`. */
export function numberField(
  label: string,
  onChange: (value: number) => void,
  min = Number.NEGATIVE_INFINITY,
) {
  const input = element("input", { class: "e2gmm-number" });
  input.type = "number";
  input.step = "any";
  input.setAttribute("aria-label", label);
  input.title = label;
  let shown = Number.NaN;
  const show = (value: number) => {
    shown = value;
    if (document.activeElement !== input) input.value = shortNumber(value);
  };
  input.addEventListener("change", () => {
    const value = input.valueAsNumber;
    if (Number.isFinite(value) && value >= min) onChange(value);
    else input.value = shortNumber(shown);
  });
  return { input, show };
}

export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  onChange: (value: string) => void,
) {
  const input = element("select", { class: "e2gmm-select" });
  input.setAttribute("aria-label", label);
  const setOptions = (list: typeof options) => {
    const { value } = input;
    input.replaceChildren(...list.map(([value, text]) => element("option", { value }, text)));
    // What is no longer there gives way to the first
    if (list.some(([known]) => known === value)) input.value = value;
  };
  setOptions(options);
  input.addEventListener("change", () => onChange(input.value));
  return { input, setOptions };
}

/** Four digits that count. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
