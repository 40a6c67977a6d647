import type { VerdictState } from "e2gmm/messages/explorer";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import type { ExplorerViewModel } from "./explorerViewModel.js";

/** Signs beside the headline, so that verdicts differ not only by colour. */
const signs: Record<VerdictState["kind"], string> = { found: "✓", weak: "!", none: "✕", unmeasured: "?" };

/** What it means that a run has found nothing. */
const noneMeans =
  "Particles that were held out of training are described no better with what this training found than without it.";

/**
 * What the run knows about its own heterogeneity, above the picture; in place of it, if there is nothing to be seen. The element
 * is always there, so that screen readers announce a verdict when it comes.
 */
export function verdictBanner(model: ExplorerViewModel): TemplateResult {
  const { verdict } = model;
  const kind = verdict ? ` e2gmm-mod-${verdict.kind}` : "";
  const alone = model.concealed ? " e2gmm-mod-alone" : "";
  return html`<section
    class="e2gmm-explorer-verdict${kind}${alone}"
    role="status"
    aria-live="polite"
    aria-label="Verdict"
    ?hidden=${!verdict}
  >${verdict ? content(model, verdict) : nothing}</section>`;
}

function content(model: ExplorerViewModel, verdict: VerdictState): TemplateResult {
  return html`${verdictText(verdict, model.concealed ? noneMeans : "")}
    ${
      verdict.isEmpty
        ? button(
            model.concealed ? "Show anyway" : "Hide the picture",
            model.concealed
              ? "Show the latent space and the decoded model, although this training found nothing real to be seen in them"
              : "Leave only the verdict",
            () => model.showAnyway(model.concealed),
          )
        : nothing
    }`;
}

/** A verdict with its sign. @param means what it means, in a sentence; empty for none */
export function verdictText(
  { kind, headline, facts, advice, axes }: VerdictState,
  means: string,
): TemplateResult {
  return html`<span class="e2gmm-explorer-verdictSign" aria-hidden="true">${signs[kind]}</span>
    <div class="e2gmm-explorer-verdictText">
      <strong>${headline.slice(0, 1).toUpperCase()}${headline.slice(1)}</strong>
      ${means === "" ? nothing : html`<span>${means}</span>`}
      <span>${kind === "unmeasured" ? html`<code>${facts}</code>` : facts}</span>
      ${advice === "" ? nothing : html`<span class="e2gmm-explorer-advice">${advice}</span>`}
      ${axisList(axes)}
    </div>`;
}

function axisList(axes: readonly string[]): unknown {
  if (axes.length === 0) return nothing;
  return html`<details class="e2gmm-explorer-verdictAxes">
    <summary>Axes of the latent space</summary>
    <ul>
      ${axes.map((axis) => html`<li>${axis}</li>`)}
    </ul>
  </details>`;
}
