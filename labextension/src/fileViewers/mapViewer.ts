import { html, nothing, type TemplateResult } from "lit/html.js";
import { mount } from "../view.js";
import type { ViewerInput } from "./fileModel.js";
import { FileViewer } from "./fileViewer.js";
import { headerRows, statisticsRows } from "./headerText.js";
import { island } from "./island.js";
import { MapModel, type Pictures, type ShownHeader } from "./mapModel.js";
import { MontagePane } from "./montagePane.js";
import { sliceTemplate } from "./sliceTemplate.js";
import { SurfacePane } from "./surfacePane.js";

/** A map as a surface and in slices, or a stack as images, beside the header of the file. */
export class MapViewer extends FileViewer<MapModel> {
  constructor(input: ViewerInput) {
    super(new MapModel(input));
    this.addClass("e2gmm-mapViewer");
  }

  protected override content(): TemplateResult {
    const { model } = this;
    return html`
      <div class="e2gmm-mapViewer-pictures">${model.pictures ? picturesTemplate(model.pictures) : nothing}</div>
      <aside class="e2gmm-mapViewer-side" aria-label="Header" tabindex="0">
        ${model.header ? headerTemplate(model, model.header) : nothing}
      </aside>
    `;
  }
}

function picturesTemplate(pictures: Pictures): TemplateResult {
  if (pictures.kind === "images") {
    const open = island(pictures.montage, (host, montage) => new MontagePane(host, montage));
    return html`<section class="e2gmm-mapViewer-montage" aria-label="Images" ${open}></section>`;
  }
  const surface = island(pictures.surface, (host, model) => new SurfacePane(host, model));
  const slice = island(pictures.slice, (host, model) => mount(host, model, sliceTemplate));
  return html`<div class="e2gmm-mapViewer-volume">
    <section class="e2gmm-mapViewer-surface" aria-label="Surface" ${surface}></section>
    <section class="e2gmm-mapViewer-slice" aria-label="Slice" ${slice}></section>
  </div>`;
}

function headerTemplate(model: MapModel, shown: ShownHeader): TemplateResult {
  const { header, layout, fileBytes, warnings, statistics } = shown;
  const { labels } = header;
  return html`
    ${layout && header.ns > 1 ? modeButtons(model) : nothing}
    <h3>Header</h3>
    ${table(headerRows(header, layout, fileBytes))}
    <h3>${labels.length > 0 ? "Labels" : "No labels"}</h3>
    <ol class="e2gmm-mapViewer-labels">${labels.map((label) => html`<li>${label}</li>`)}</ol>
    ${warnings.map((text) => html`<p>${text}</p>`)}
    ${statistics ? html`<h3>Values as read</h3> ${table(statisticsRows(statistics))}` : nothing}
  `;
}

function modeButtons(model: MapModel): TemplateResult {
  const choice = (text: string, images: boolean) =>
    html`<button
      type="button"
      class="jp-Button jp-mod-styled jp-mod-minimal"
      aria-pressed=${model.showsImages === images}
      @click=${() => {
        model.showsImages = images;
      }}
    >${text}</button>`;
  return html`<div class="e2gmm-mapViewer-modes" role="group" aria-label="Show as">
    ${choice("Map", false)} ${choice("Images", true)}
  </div>`;
}

function table(rows: readonly (readonly [name: string, text: string])[]): TemplateResult {
  return html`<table>
    <tbody>
      ${rows.map(([name, text]) => html`<tr><th scope="row">${name}</th><td>${text}</td></tr>`)}
    </tbody>
  </table>`;
}
