import { guard } from "lit/directives/guard.js";
import { live } from "lit/directives/live.js";
import { ref } from "lit/directives/ref.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, type TemplateResult } from "lit/html.js";
import { button, labelled } from "../controls.js";
import { numberField } from "../numberField.js";
import { mount, type View } from "../view.js";
import { drawPixels } from "./drawPixels.js";
import type { DrawnImage, MontageModel } from "./montageModel.js";

/** The images of a stack: the view of their model, which is told how much room there is. */
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

  dispose(): void {
    this.resizing.disconnect();
    this.view.dispose();
  }
}

function montageTemplate(model: MontageModel): TemplateResult {
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Images">
      ${button("‹", "Earlier images", () => model.previous())}
      ${labelled(
        "First image",
        html`<input
          type="range"
          aria-label="First image"
          min="1"
          max=${model.count}
          step="1"
          .value=${live(String(model.first))}
          @input=${({ target }: Event) => {
            model.first = (target as HTMLInputElement).valueAsNumber;
          }}
        />`,
      )}
      ${numberField({
        label: "First image",
        text: String(model.first),
        step: 1,
        min: 1,
        max: model.count,
        onChange: (first) => {
          model.first = first;
        },
      })}
      ${button("›", "Later images", () => model.next())}
      ${labelled(
        "Size",
        html`<input
          type="range"
          aria-label="Size of an image"
          min="48"
          max="1024"
          step="8"
          .value=${live(String(model.edge))}
          @input=${({ target }: Event) => {
            model.edge = (target as HTMLInputElement).valueAsNumber;
          }}
        />`,
      )}
      <span class="e2gmm-mapViewer-caption" role="status">${model.caption}</span>
    </div>
    <div
      class="e2gmm-mapViewer-images"
      tabindex="0"
      style=${styleMap({ "--e2gmm-edge": `${model.edge}px` })}
    >
      ${guard([model.images], () => model.images.map(figure))}
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
