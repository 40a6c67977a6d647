import { html, type TemplateResult } from "lit/html.js";

/** Name and look of a menu. */
export interface MenuOptions {
  /** Name of its button for screen readers, and its tooltip. */
  label: string;
  /** Class of the element; its content is the second child. */
  className: string;
}

/**
 * A button that opens controls below it. They stay open while they are used, and close with Escape or a press elsewhere.
 * @param sign what is on the button
 * @param content the controls
 */
export function menu(sign: unknown, content: unknown, { label, className }: MenuOptions): TemplateResult {
  return html`<details class=${className} @toggle=${toggled} @keydown=${closeByKey}>
    <summary role="button" title=${label} aria-label=${label} aria-expanded="false">${sign}</summary>
    <div role="group" aria-label=${label}>${content}</div>
  </details>`;
}

const listeners = new WeakMap<Element, AbortController>();

function toggled({ currentTarget }: Event): void {
  const details = currentTarget as HTMLDetailsElement;
  listeners.get(details)?.abort();
  details.querySelector("summary")!.setAttribute("aria-expanded", String(details.open));
  if (!details.open) return;
  const until = new AbortController();
  listeners.set(details, until);
  const press = ({ target }: Event) => {
    if (!details.isConnected || !details.contains(target as Node)) details.open = false;
    if (!details.open) until.abort();
  };
  document.addEventListener("pointerdown", press, { capture: true, signal: until.signal });
}

function closeByKey(event: KeyboardEvent): void {
  const details = event.currentTarget as HTMLDetailsElement;
  if (event.key !== "Escape" || !details.open) return;
  event.stopPropagation();
  details.open = false;
  details.querySelector<HTMLElement>("summary")!.focus();
}
