import { guard } from "lit/directives/guard.js";
import { ref } from "lit/directives/ref.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, type TemplateResult } from "lit/html.js";
import { button, labelled } from "../controls.js";
import { numberField } from "../numberField.js";
import { mount, type View } from "../view.js";
import { drawPixels } from "./drawPixels.js";
import type { DrawnImage, MontageModel } from "./montageModel.js";
import { rangeField } from "./rangeField.js";

/** The images of a stack; passes the available size to the model. */
export class MontagePane {
  private readonly view: View;
  private readonly resizing: ResizeObserver;

  constructor(host: HTMLElement, model: MontageModel) {
    this.view = mount(host, model, montageTemplate);
    const page = host.querySelector<HTMLElement>(".e2gmm-mapViewer-images")!;
    this.resizing = new ResizeObserver(() => {
      const { width, height } = page.getBoundingClientRect();
      model.setRoom(width, height);
    });
    this.resizing.observe(page);
  }

  /** Stops following the model. */
  dispose(): void {
    this.resizing.disconnect();
    this.view.dispose();
  }
}

function montageTemplate(model: MontageModel): TemplateResult {
  return html`${toolbar(model)}
    <div
      class="e2gmm-mapViewer-images"
      tabindex="0"
      style=${styleMap({ "--e2gmm-edge": `${model.edge}px` })}
    >
      ${guard([model.images], () => model.images.map(figure))}
    </div>`;
}

function toolbar(model: MontageModel): TemplateResult {
  const first = {
    label: "First image",
    step: 1,
    min: 1,
    max: model.count,
  };
  const show = (number: number) => {
    model.first = number;
  };
  const resize = (edge: number) => {
    model.edge = edge;
  };
  const size = { label: "Size of an image", min: 48, max: 1024, step: 8 };
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Images">
    ${button("‹", "Earlier images", () => model.previous())}
    ${labelled("First image", rangeField({ ...first, value: model.first, onInput: show }))}
    ${numberField({ ...first, text: String(model.first), onChange: show })}
    ${button("›", "Later images", () => model.next())}
    ${labelled("Size", rangeField({ ...size, value: model.edge, onInput: resize }))}
    <span class="e2gmm-mapViewer-caption" role="status">${model.caption}</span>
  </div>`;
}

function figure({ number, plane, pixels }: DrawnImage): TemplateResult {
  const draw = (canvas: Element | undefined) => {
    if (canvas) drawPixels(canvas as HTMLCanvasElement, pixels, plane);
  };
  return html`<figure>
    <canvas role="img" aria-label="Image ${number}" ${ref(draw)}></canvas>
    <figcaption>${number}</figcaption>
  </figure>`;
}
