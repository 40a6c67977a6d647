type Attributes = Record<string, string | number | boolean | undefined | EventListener>;

/** An element with attributes, listeners (`onclick` and the like) and children. Text becomes text nodes, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return furnished(document.createElement(tag), attributes, children);
}

/** The same for an element of an SVG picture. */
export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return furnished(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnished<E extends Element>(made: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Sets attributes where they differ. */
export function setAttributes(of: Element, values: Record<string, string | number>): void {
  for (const [key, value] of Object.entries(values)) {
    if (of.getAttribute(key) !== String(value)) of.setAttribute(key, String(value));
  }
}

/** A control with its label around it. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return element("label", { class: "e2gmm-fileViewer-label" }, element("span", {}, text), control);
}

export function button(text: string, title: string, act: () => void): HTMLButtonElement {
  return element(
    "button",
    { type: "button", class: "jp-Button jp-mod-styled jp-mod-minimal", title, onclick: act },
    text,
  );
}

/** Calls `changed` when JupyterLab switches its theme, until the signal is aborted. */
export function onThemeChange(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"],
  });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

/**
 * Saves a file as a download of the browser.
 * @param content the file, or a URL of it
 * @param name of the file; characters that file systems do not allow are replaced
 */
export function download(content: Blob | string, name: string): void {
  const href = typeof content === "string" ? content : URL.createObjectURL(content);
  element("a", { href, download: name.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_") }).click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
