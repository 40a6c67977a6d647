import { html, type TemplateResult } from "lit/html.js";

/** Controls that belong together, with their name in front. */
export function group(label: string, content: unknown): TemplateResult {
  return html`<div class="e2gmm-explorer-group" role="group" aria-label=${label}>
    <span>${label}</span>${content}
  </div>`;
}
