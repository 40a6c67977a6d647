type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes and children. Text becomes text nodes, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** A control with its label around it. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return element("label", { class: "e2gmm-fileViewer-label" }, element("span", {}, text), control);
}

export function button(text: string, title: string, act: () => void): HTMLButtonElement {
  const made = element(
    "button",
    { type: "button", class: "jp-Button jp-mod-styled jp-mod-minimal", title },
    text,
  );
  made.addEventListener("click", act);
  return made;
}

/** Calls `changed` when JupyterLab takes another theme, until the signal is set. */
export function onThemeChange(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"],
  });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}
