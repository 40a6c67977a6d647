import type { PageData } from "e2gmm/messages/page";
import { type Ref, ref } from "lit/directives/ref.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import { verdictText } from "../explorer/verdictBanner.js";
import { ViewModel } from "../view.js";

/** What the page asks its kernel for. */
export interface PageActions {
  play(): void;
  arrows(shown: boolean): void;
  pin(shown: boolean): void;
  second(shown: boolean): void;
}

/** State of the page around scatter and viewer. */
export class PageModel extends ViewModel {
  /** Message to the user. */
  status = "";
  arrows = false;
  pinned = false;
  /** Whether the same particles are shown over other axes, too. */
  secondShown = false;
  dark: boolean;

  constructor(
    readonly data: PageData,
    private readonly actions: PageActions,
    private readonly setDark: (dark: boolean) => void,
    dark: boolean,
  ) {
    super();
    this.dark = dark;
    setDark(dark);
  }

  /** Shows a message. */
  say(text: string): void {
    this.status = text;
    this.changed();
  }

  /** Plays the motion along the path. */
  play(): void {
    this.say("");
    this.actions.play();
  }

  /** Shows arrows along the path, or removes them. */
  toggleArrows(): void {
    this.arrows = !this.arrows;
    this.actions.arrows(this.arrows);
    this.changed();
  }

  /** Keeps the state at the probe, or lets it go. */
  togglePin(): void {
    this.pinned = !this.pinned;
    this.actions.pin(this.pinned);
    this.changed();
  }

  /** Shows the second plot, or hides it. */
  toggleSecond(): void {
    this.actions.second(!this.secondShown);
  }

  /** The second plot is shown, or hidden. */
  setSecond(shown: boolean): void {
    this.secondShown = shown;
    this.changed();
  }

  /** Changes between light and dark. */
  toggleDark(): void {
    this.dark = !this.dark;
    this.setDark(this.dark);
    this.changed();
  }
}

/** Elements that the two views are attached to. */
export interface PagePanes {
  scatter: Ref<HTMLElement>;
  second: Ref<HTMLElement>;
  viewer: Ref<HTMLElement>;
}

/** The whole page. All text of the data is bound as text. */
export function pageTemplate(model: PageModel, panes: PagePanes): TemplateResult {
  const { data } = model;
  return html`<header class="e2gmm-page-header">
      <h1>${data.title}</h1>
      <p class="e2gmm-page-about">${about(data)}</p>
      <div class="e2gmm-page-tools">
        ${button("Play", "Play the motion along the path; without a path along the widest direction", () => model.play())}
        ${button("Arrows", "Show the motion along the path as arrows", () => model.toggleArrows(), { pressed: model.arrows })}
        ${button("Pin", "Keep the state at the ring, to compare others with", () => model.togglePin(), { pressed: model.pinned })}
        ${button("Second plot", "Show the same particles over other axes", () => model.toggleSecond(), { pressed: model.secondShown })}
        ${button(model.dark ? "Light" : "Dark", "Change the colours of the page", () => model.toggleDark())}
      </div>
    </header>
    ${verdict(data)}
    <div class="e2gmm-explorer-panes${model.secondShown ? " e2gmm-mod-second" : ""}">
      <section class="e2gmm-explorer-pane" aria-label="Latent space" ${ref(panes.scatter)}></section>
      <section
        class="e2gmm-explorer-pane e2gmm-explorer-second"
        aria-label="Second plot"
        ?hidden=${!model.secondShown}
        ${ref(panes.second)}
      ></section>
      <section class="e2gmm-explorer-pane e2gmm-explorer-molecule" aria-label="Molecule" ${ref(panes.viewer)}></section>
    </div>
    <p class="e2gmm-page-status" role="status">
      ${model.status === "" ? "Drag the ring through the latent space: the molecule follows." : model.status}
    </p>
    ${sets(data)}
    <footer class="e2gmm-page-footer">
      <dl>${data.facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <details>
        <summary>About this page</summary>
        <p>
          Made by e2gmm-lab. It works without a network, and loads and sends nothing: places of the particles, weights of the
          decoder and program are in this file. Gaussians are decoded in this browser.
        </p>
        <details>
          <summary>Licences of the programs in it</summary>
          <pre>${data.licences}</pre>
        </details>
      </details>
    </footer>`;
}

function about({ count, latents, latent, decoder }: PageData): string {
  const shown = latents.length / latent;
  const particles = `${count.toLocaleString("en")} particles`;
  return [
    shown < count ? `${particles} (${shown.toLocaleString("en")} shown)` : particles,
    `${decoder.neutral.count.toLocaleString("en")} Gaussians`,
    `${latent} latent ${latent === 1 ? "axis" : "axes"}`,
  ].join(" · ");
}

function verdict({ verdict: found }: PageData): unknown {
  if (!found) return nothing;
  return html`<section class="e2gmm-explorer-verdict e2gmm-mod-${found.kind}" aria-label="Verdict">
    ${verdictText(found, "")}
  </section>`;
}

function sets({ sets: all }: PageData): unknown {
  if (all.length === 0) return nothing;
  return html`<table class="e2gmm-page-sets">
    <caption>Sets of particles</caption>
    <tbody>
      ${all.map(
        ({ name, colour, count }) =>
          html`<tr>
            <td><span class="e2gmm-page-swatch" style="background:${colour}"></span>${name}</td>
            <td>${count.toLocaleString("en")} particles</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
