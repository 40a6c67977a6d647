import { html, type TemplateResult } from "lit/html.js";

/** Options of {@link section}. */
export interface SectionOptions {
  /** Whether it is open until the user closes it. */
  open: boolean;
  /** Default false. */
  hidden?: boolean;
}

/** A part of the panel that the user opens and closes. */
export function section(
  title: string,
  { open, hidden = false }: SectionOptions,
  content: unknown,
): TemplateResult {
  return html`<details class="e2gmm-section" ?open=${open} ?hidden=${hidden}>
    <summary>${title}</summary>
    ${content}
  </details>`;
}
